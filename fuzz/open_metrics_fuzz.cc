// uses: wire
// Whole or in pieces, the text reads the same, and what it yields is canonical.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "wire/open_metrics.h"

namespace {

using namespace sluice;

std::string read(std::string_view text, size_t piece) {
  wire::OpenMetricsReader reader([text, piece](std::string& buffer) mutable -> Result<bool> {
    buffer += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    return !text.empty();
  });
  std::string out;
  for (;;) {
    const auto sample = reader.next();
    if (!sample) {
      SLUICE_CHECK(!sample.error().message.empty(), "an error says what it is");
      return out + sample.error().message;
    }
    if (!*sample) return out;
    const auto& labels = (*sample)->labels;
    SLUICE_CHECK(!labels.metric_name().empty() && model::is_packed(labels.packed()), "labels are canonical");
    out += labels.packed();
    out += std::to_string((*sample)->timestamp_ms.value_or(0));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  SLUICE_CHECK(read(text, size + 1) == read(text, 3), "pieces make no difference");
  return 0;
}
