#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "promql/value_type.h"

namespace sluice::promql {

/// Remarks on how a query was evaluated, with Prometheus' words (util/annotations/annotations.go).
enum class AnnotationId : uint8_t {
  // Warnings.
  kInvalidQuantile,
  kInvalidRatio,
  kBadBucketLabel,
  kMixedFloatsHistograms,
  kMixedFloatsHistogramsAggregation,
  kMixedClassicNative,
  kNotCounter,
  kNotGauge,
  kMixedExponentialCustom,
  kIncompatibleBucketLayout,
  kSortInRangeQuery,
  kCounterResetCollision,
  kStartTimeOverlap,
  // Infos.
  kPossibleNonCounter,
  kForcedMonotonicity,
  kIncompatibleTypes,
  kHistogramIgnoredInAggregation,
  kHistogramIgnoredInRange,
  kQuantileNanResult,
  kQuantileNanSkew,
  kFractionNans,
  kMismatchedCustomBuckets,
};

/// The remarks of one query, each once however often it was made; the last position counts. Not thread-safe.
class Annotations {
 public:
  /// `detail` completes the text: a metric name, an operator, an aggregation, as the text wants it.
  void add(AnnotationId id, PositionRange at, std::string_view detail = {});
  void add_invalid_quantile(double quantile, PositionRange at);
  void add_invalid_ratio(double ratio, double capped_to, PositionRange at);
  void add_bad_bucket_label(std::string_view metric_name, std::string_view le, PositionRange at);
  void add_incompatible_types(std::string_view left, std::string_view op, std::string_view right, PositionRange at);
  /// Several are told as one, with the extremes of all.
  void add_forced_monotonicity(std::string_view metric_name, PositionRange at, TimestampMs t_ms, double bucket_min,
                               double bucket_max, double difference_max);

  /// The full texts, "PromQL warning: ... (line:column)", sorted.
  std::vector<std::string> warnings(std::string_view query) const { return texts(query, true); }
  std::vector<std::string> infos(std::string_view query) const { return texts(query, false); }
  bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    PositionRange at;
    uint64_t count = 1;
    TimestampMs t_min_ms = 0;
    TimestampMs t_max_ms = 0;
    double bucket_min = 0;
    double bucket_max = 0;
    double difference_max = 0;
  };
  using Key = std::pair<AnnotationId, std::string>;
  std::vector<std::string> texts(std::string_view query, bool warnings) const;
  static std::string text_of(const Key& key, const Entry& entry, std::string_view query);

  std::map<Key, Entry> entries_;
  // The last one added: remarks come in long runs of the same.
  const Key* last_key_ = nullptr;
  Entry* last_entry_ = nullptr;
};

}  // namespace sluice::promql
