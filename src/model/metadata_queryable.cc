#include "model/metadata_queryable.h"

#include <algorithm>
#include <array>

#include "model/labels.h"

namespace sluice::model {
namespace {

// What a family's metrics are called besides its own name: the text format's suffixes, and OpenMetrics'.
constexpr std::array<std::string_view, 9> kSuffixes = {"",      "_total",  "_bucket",  "_count", "_sum",
                                                       "_gsum", "_gcount", "_created", "_info"};

// `metrics` is sorted.
bool has_metric_of(const std::vector<std::string>& metrics, const std::string& family) {
  return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    return std::ranges::binary_search(metrics, family + std::string(suffix));
  });
}

}  // namespace

Result<std::vector<MetricFamily>> ScopedMetadata::metadata(std::string_view name) const {
  auto found = storage_->metadata(name);
  if (!found || found->empty() || !is_scoped_) return found;
  SLUICE_ASSIGN(const auto metrics, series_.label_values(kMetricName, {}, {}, 0));
  std::erase_if(*found, [&](const MetricFamily& family) { return !has_metric_of(metrics, family.name); });
  return found;
}

}  // namespace sluice::model
