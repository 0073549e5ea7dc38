// uses: wire
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "wire/prometheus_json.h"
#include "wire/text_exposition.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto families = sluice::wire::parse_text_exposition(text);
  if (!families) {
    if (families.error().message.empty()) std::abort();
    return 0;
  }
  for (const auto& family : *families) {
    if (family.name.empty()) std::abort();
    for (const auto& sample : family.samples) {
      if (sample.labels.metric_name().empty() || !sluice::model::is_packed(sample.labels.packed())) std::abort();
      (void)sluice::wire::format_sample_value(sample.value);
    }
  }
  return 0;
}
