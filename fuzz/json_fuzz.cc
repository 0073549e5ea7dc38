// uses: base
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/encoding.h"
#include "base/json.h"

// Whatever parse_json accepts is valid UTF-8, and to_json writes it in a form that reads back the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto value = sluice::parse_json(text);
  if (!value) {
    SLUICE_CHECK(!value.error().message.empty(), "a refusal without a reason");
    SLUICE_CHECK(sluice::printable(value.error().message, 10'000) == value.error().message, "an unprintable reason");
    return 0;
  }
  SLUICE_CHECK(sluice::is_valid_utf8(text), "accepted invalid UTF-8");
  const std::string written = sluice::to_json(*value);
  const auto again = sluice::parse_json(written, {.bytes_max = 8 << 20});
  SLUICE_CHECK(again.has_value(), "to_json wrote what parse_json refuses");
  SLUICE_CHECK(sluice::to_json(*again) == written, "a second round trip differs");
  return 0;
}
