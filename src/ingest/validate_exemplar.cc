#include "ingest/validate_exemplar.h"

#include <algorithm>
#include <vector>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::ingest {
namespace {

// Characters of valid UTF-8: bytes that do not continue one.
size_t count_runes(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
}

}  // namespace

std::expected<model::Labels, ExemplarRefusal> prepare_exemplar_labels(std::span<const model::LabelView> labels) {
  // More labels than runes cannot be within the limit, since no name is empty.
  if (labels.size() > limits::kExemplarLabelRunesMax) return std::unexpected(ExemplarRefusal::kLabelsTooLong);
  std::vector<model::LabelView> kept;
  size_t runes = 0;
  for (const model::LabelView& label : labels) {
    if (label.name.empty() || !is_valid_utf8(label.name) || !is_valid_utf8(label.value)) {
      return std::unexpected(ExemplarRefusal::kInvalidLabel);
    }
    if (label.value.empty()) continue;
    runes += count_runes(label.name) + count_runes(label.value);
    if (runes > limits::kExemplarLabelRunesMax) return std::unexpected(ExemplarRefusal::kLabelsTooLong);
    kept.push_back(label);
  }
  std::ranges::sort(kept);
  if (std::ranges::adjacent_find(kept, {}, &model::LabelView::name) != kept.end()) {
    return std::unexpected(ExemplarRefusal::kInvalidLabel);
  }
  return model::Labels::from_views(kept);
}

}  // namespace sluice::ingest
