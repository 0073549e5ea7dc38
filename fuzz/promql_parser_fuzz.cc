// uses: promql
// Any text: parsed or refused with a reason; what parses prints to a text that parses to the same print.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "promql/parser.h"
#include "promql/printer.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::promql;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_selector(text);
  if (const auto duration = parse_duration(text))
    if (parse_duration(format_duration(*duration)).value_or(-1) != *duration) std::abort();
  const auto expr = parse_expr(text, ParserOptions::everything());
  if (!expr) {
    if (expr.error().message.empty()) std::abort();
    return 0;
  }
  const std::string printed = to_string(**expr);
  const auto again = parse_expr(printed, ParserOptions::everything());
  // A print may be longer than its source and pass the bounds on texts.
  if (!again && again.error().code == sluice::ErrorCode::kTooLarge) return 0;
  if (!again || to_string(**again) != printed) std::abort();
  return 0;
}
