#include "promql/annotations.h"

#include <algorithm>

#include <fmt/format.h>

#include "promql/go_format.h"
#include "promql/parser.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

using Id = AnnotationId;

bool is_warning(Id id) { return id < Id::kPossibleNonCounter; }

std::string for_metric(std::string_view metric_name) {
  return metric_name.empty() ? std::string() : fmt::format(" for metric name {}", quote(metric_name));
}

/// The text without its position; equal ones are one annotation.
std::string base_text(Id id, const std::string& detail) {
  switch (id) {
    case Id::kInvalidQuantile: return "quantile value should be between 0 and 1, got " + detail;
    case Id::kInvalidRatio: return "ratio value should be between -1 and 1, got " + detail;
    case Id::kBadBucketLabel: return "bucket label \"le\" is missing or has a malformed value of " + detail;
    case Id::kMixedFloatsHistograms:
      return "encountered a mix of histograms and floats for metric name " + quote(detail);
    case Id::kMixedFloatsHistogramsAggregation: return "encountered a mix of histograms and floats for aggregation";
    case Id::kMixedClassicNative: return "vector contains a mix of classic and native histograms" + for_metric(detail);
    case Id::kNotCounter: return "this native histogram metric is not a counter: " + quote(detail);
    case Id::kNotGauge: return "this native histogram metric is not a gauge: " + quote(detail);
    case Id::kMixedExponentialCustom:
      return "vector contains a mix of histograms with exponential and custom buckets schemas for metric name " +
             quote(detail);
    case Id::kIncompatibleBucketLayout: return "incompatible bucket layout encountered for binary operator " + detail;
    case Id::kSortInRangeQuery:
      return "sort is ineffective for range queries since results are always ordered by labels";
    case Id::kCounterResetCollision: return "conflicting counter resets during histogram " + detail;
    case Id::kStartTimeOverlap:
      return fmt::format("sample has start time that overlaps with previous sample timestamp for metric {}",
                         quote(detail));
    case Id::kPossibleNonCounter:
      return "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: " + quote(detail);
    case Id::kForcedMonotonicity:
      return "input to histogram_quantile needed to be fixed for monotonicity (see "
             "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)" +
             for_metric(detail);
    case Id::kIncompatibleTypes: return "incompatible sample types encountered for binary operator " + detail;
    case Id::kHistogramIgnoredInAggregation: return fmt::format("ignored histogram in {} aggregation", detail);
    case Id::kHistogramIgnoredInRange:
      return "ignored histograms in a range containing both floats and histograms for metric name " + quote(detail);
    case Id::kQuantileNanResult:
      return "input to histogram_quantile has NaN observations, result is NaN" + for_metric(detail);
    case Id::kQuantileNanSkew:
      return "input to histogram_quantile has NaN observations, result is skewed higher" + for_metric(detail);
    case Id::kFractionNans:
      return "input to histogram_fraction has NaN observations, which are excluded from all fractions" +
             for_metric(detail);
    case Id::kMismatchedCustomBuckets: return "mismatched custom buckets were reconciled during " + detail;
  }
  return detail;
}

}  // namespace

void Annotations::add(Id id, PositionRange at, std::string_view detail) {
  if (last_key_ != nullptr && last_key_->first == id && last_key_->second == detail) {
    last_entry_->at = at;
    ++last_entry_->count;
    return;
  }
  const auto [found, fresh] = entries_.try_emplace(Key(id, std::string(detail)), Entry{});
  if (!fresh) ++found->second.count;
  found->second.at = at;
  last_key_ = &found->first;
  last_entry_ = &found->second;
}

void Annotations::add_invalid_quantile(double quantile, PositionRange at) {
  add(Id::kInvalidQuantile, at, format_general(quantile));
}

void Annotations::add_invalid_ratio(double ratio, double capped_to, PositionRange at) {
  add(Id::kInvalidRatio, at, fmt::format("{}, capping to {}", format_general(ratio), format_general(capped_to)));
}

void Annotations::add_bad_bucket_label(std::string_view metric_name, std::string_view le, PositionRange at) {
  add(Id::kBadBucketLabel, at, quote(le) + for_metric(metric_name));
}

void Annotations::add_incompatible_types(std::string_view left, std::string_view op, std::string_view right,
                                         PositionRange at) {
  add(Id::kIncompatibleTypes, at, fmt::format("{}: {} {} {}", quote(op), left, op, right));
}

void Annotations::add_forced_monotonicity(std::string_view metric_name, PositionRange at, TimestampMs t_ms,
                                          double bucket_min, double bucket_max, double difference_max) {
  const auto [found, fresh] = entries_.try_emplace(Key(Id::kForcedMonotonicity, std::string(metric_name)), Entry{});
  Entry& entry = found->second;
  entry.at = at;
  if (fresh) {
    entry = {at, 1, t_ms, t_ms, bucket_min, bucket_max, difference_max};
    return;
  }
  ++entry.count;
  entry.t_min_ms = std::min(entry.t_min_ms, t_ms);
  entry.t_max_ms = std::max(entry.t_max_ms, t_ms);
  entry.bucket_min = std::min(entry.bucket_min, bucket_min);
  entry.bucket_max = std::max(entry.bucket_max, bucket_max);
  entry.difference_max = std::max(entry.difference_max, difference_max);
}

std::string Annotations::text_of(const Key& key, const Entry& entry, std::string_view query) {
  std::string text =
      fmt::format("PromQL {}: {}", is_warning(key.first) ? "warning" : "info", base_text(key.first, key.second));
  if (key.first == Id::kForcedMonotonicity)
    text += fmt::format(", from buckets {} to {}, with a max diff of {}, over {} samples from {} to {}",
                        format_general(entry.bucket_min), format_general(entry.bucket_max),
                        format_general(entry.difference_max, 2), entry.count, format_iso8601(entry.t_min_ms / 1000),
                        format_iso8601(entry.t_max_ms / 1000));
  if (key.first == Id::kStartTimeOverlap && entry.count > 1) text += fmt::format(" ({} occurrences)", entry.count);
  return fmt::format("{} ({})", text, line_and_column(query, entry.at.start));
}

std::vector<std::string> Annotations::texts(std::string_view query, bool warnings) const {
  std::vector<std::string> out;
  for (const auto& [key, entry] : entries_)
    if (is_warning(key.first) == warnings) out.push_back(text_of(key, entry, query));
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sluice::promql
