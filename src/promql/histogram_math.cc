#include "promql/histogram_math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "model/histogram_buckets.h"
#include "promql/go_format.h"
#include "promql/kahan.h"

namespace sluice::promql {
namespace {

using model::BucketSpan;
using model::CounterResetHint;
using model::FloatHistogram;

/// The bucket of a coarser schema that holds bucket `index`.
int32_t coarser_index(int32_t index, int32_t from_schema, int32_t to_schema) {
  return ((index - 1) >> (from_schema - to_schema)) + 1;
}

std::vector<double> common_bounds(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> out;
  std::set_intersection(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(out));
  return out;
}

void scale_all(FloatHistogram& histogram, auto&& change) {
  change(histogram.zero_count);
  change(histogram.count);
  change(histogram.sum);
  for (double& count : histogram.positive_buckets) change(count);
  for (double& count : histogram.negative_buckets) change(count);
}

}  // namespace

void HistogramSum::Number::add(double value) {
  KahanSum running{sum, lost};
  running.add(value);
  sum = running.sum;
  lost = running.compensation;
}

double HistogramSum::Number::value() const { return sum + lost; }

HistogramSum::HistogramSum(const FloatHistogram& first)
    : hint_(first.counter_reset_hint), schema_(first.schema), zero_threshold_(first.zero_threshold),
      zero_count_{first.zero_count}, count_{first.count}, sum_{first.sum},
      positive_(read_side(first.positive_spans, first.positive_buckets)),
      negative_(read_side(first.negative_spans, first.negative_buckets)), custom_values_(first.custom_values) {}

HistogramSum::Side HistogramSum::read_side(const std::vector<BucketSpan>& spans, const std::vector<double>& buckets) {
  Side side;
  side.index.reserve(buckets.size());
  side.count.reserve(buckets.size());
  int32_t index = 0;
  size_t next = 0;
  for (const BucketSpan& span : spans) {
    index += span.offset;
    for (uint32_t i = 0; i < span.length && next < buckets.size(); ++i) {
      side.index.push_back(index++);
      side.count.push_back({buckets[next++]});
    }
  }
  return side;
}

void HistogramSum::write_side(const Side& side, std::vector<BucketSpan>& spans, std::vector<double>& buckets) {
  int32_t after_last = 0;
  for (size_t i = 0; i < side.index.size(); ++i) {
    const double count = side.count[i].value();
    if (count == 0) continue;
    if (!spans.empty() && side.index[i] == after_last) ++spans.back().length;
    else spans.push_back({side.index[i] - after_last, 1});
    after_last = side.index[i] + 1;
    buckets.push_back(count);
  }
}

FloatHistogram HistogramSum::result() const {
  FloatHistogram out;
  out.counter_reset_hint = hint_;
  out.schema = schema_;
  out.zero_threshold = zero_threshold_;
  out.zero_count = zero_count_.value();
  out.count = count_.value();
  out.sum = sum_.value();
  out.custom_values = custom_values_;
  write_side(positive_, out.positive_spans, out.positive_buckets);
  write_side(negative_, out.negative_spans, out.negative_buckets);
  return out;
}

double HistogramSum::bound(int32_t index) const { return model::bucket_upper_bound(index, schema_, custom_values_); }

/// Gauges stay gauges; one that knows nothing makes the sum know nothing; a contradiction too.
bool HistogramSum::combine_hints(CounterResetHint other) {
  if (other == hint_ || hint_ == CounterResetHint::kGauge) return false;
  if (other == CounterResetHint::kGauge) {
    hint_ = CounterResetHint::kGauge;
    return false;
  }
  const bool collision = hint_ != CounterResetHint::kUnknown && other != CounterResetHint::kUnknown;
  hint_ = CounterResetHint::kUnknown;
  return collision;
}

/// Widens the zero bucket to `threshold`, or past it to the end of a populated bucket that straddles it, and
/// moves the buckets inside it into it.
void HistogramSum::raise_zero_threshold(double threshold) {
  Number zero;
  for (bool again = true; again;) {
    again = false;
    zero = zero_count_;
    const auto swallow = [&](const Side& side, bool restart) {
      for (size_t i = 0; i < side.index.size() && bound(side.index[i] - 1) < threshold; ++i) {
        zero.add(side.count[i].sum);
        zero.add(side.count[i].lost);
        const double upper = bound(side.index[i]);
        if (upper <= threshold) continue;
        if (side.count[i].sum != 0) {
          threshold = upper;
          again = restart;  // the other side was measured by the old threshold
        }
        return;
      }
    };
    swallow(positive_, false);
    swallow(negative_, true);
  }
  zero_count_ = zero;
  zero_threshold_ = threshold;
  const auto trim = [&](Side& side) {
    size_t gone = 0;
    while (gone < side.index.size() && bound(side.index[gone] - 1) < threshold) ++gone;
    side.index.erase(side.index.begin(), side.index.begin() + static_cast<std::ptrdiff_t>(gone));
    side.count.erase(side.count.begin(), side.count.begin() + static_cast<std::ptrdiff_t>(gone));
  };
  trim(positive_);
  trim(negative_);
}

void HistogramSum::reduce_resolution(int32_t schema) {
  const auto reduce = [&](Side& side) {
    size_t kept = 0;
    for (size_t i = 0; i < side.index.size(); ++i) {
      const int32_t index = coarser_index(side.index[i], schema_, schema);
      if (kept > 0 && side.index[kept - 1] == index) {
        side.count[kept - 1].add(side.count[i].sum);
        side.count[kept - 1].add(side.count[i].lost);
        continue;
      }
      side.index[kept] = index;
      side.count[kept++] = side.count[i];
    }
    side.index.resize(kept);
    side.count.resize(kept);
  };
  reduce(positive_);
  reduce(negative_);
  schema_ = schema;
}

/// Puts custom buckets into coarser ones whose bounds are a subset of the present ones.
void HistogramSum::map_to_bounds(const std::vector<double>& bounds) {
  Side mapped;
  for (size_t i = 0; i < positive_.index.size(); ++i) {
    const double upper = bound(positive_.index[i]);
    const auto target = static_cast<int32_t>(std::lower_bound(bounds.begin(), bounds.end(), upper) - bounds.begin());
    if (mapped.index.empty() || mapped.index.back() != target) {
      mapped.index.push_back(target);
      mapped.count.push_back({});
    }
    mapped.count.back().add(positive_.count[i].sum);
    mapped.count.back().add(positive_.count[i].lost);
  }
  positive_ = std::move(mapped);
  custom_values_ = bounds;
}

void HistogramSum::add_side(Side& into, const Side& from, double sign) {
  if (into.index == from.index) {
    for (size_t i = 0; i < from.index.size(); ++i) into.count[i].add(sign * from.count[i].value());
    return;
  }
  Side merged;
  merged.index.reserve(into.index.size() + from.index.size());
  merged.count.reserve(into.index.size() + from.index.size());
  size_t a = 0;
  size_t b = 0;
  while (a < into.index.size() || b < from.index.size()) {
    const bool from_a = a < into.index.size() && (b == from.index.size() || into.index[a] <= from.index[b]);
    const bool from_b = b < from.index.size() && (a == into.index.size() || from.index[b] <= into.index[a]);
    merged.index.push_back(from_a ? into.index[a] : from.index[b]);
    merged.count.push_back(from_a ? into.count[a++] : Number{});
    if (from_b) merged.count.back().add(sign * from.count[b++].value());
  }
  into = std::move(merged);
}

HistogramOutcome HistogramSum::combine(const FloatHistogram& histogram, double sign) {
  HistogramOutcome outcome;
  HistogramSum other(histogram);
  if (custom() != other.custom()) {
    outcome.incompatible = true;
    return outcome;
  }
  outcome.reset_collision = combine_hints(other.hint_);
  if (custom()) {
    if (custom_values_ != other.custom_values_) {
      outcome.bounds_reconciled = true;
      const std::vector<double> bounds = common_bounds(custom_values_, other.custom_values_);
      map_to_bounds(bounds);
      other.map_to_bounds(bounds);
    }
  } else {
    while (other.zero_threshold_ != zero_threshold_) {
      if (zero_threshold_ > other.zero_threshold_) other.raise_zero_threshold(zero_threshold_);
      if (other.zero_threshold_ > zero_threshold_) raise_zero_threshold(other.zero_threshold_);
    }
    zero_count_.add(sign * other.zero_count_.value());
    if (other.schema_ < schema_) reduce_resolution(other.schema_);
    else if (other.schema_ > schema_) other.reduce_resolution(schema_);
    add_side(negative_, other.negative_, sign);
  }
  count_.add(sign * other.count_.sum);
  sum_.add(sign * other.sum_.sum);
  add_side(positive_, other.positive_, sign);
  return outcome;
}

void HistogramSum::multiply(double factor) {
  const auto change = [&](Number& number) { number = {number.sum * factor, number.lost * factor}; };
  change(zero_count_);
  change(count_);
  change(sum_);
  for (Number& number : positive_.count) change(number);
  for (Number& number : negative_.count) change(number);
  if (factor < 0) hint_ = CounterResetHint::kGauge;
}

void HistogramSum::divide(double divisor) {
  const auto change = [&](Number& number) { number = {number.sum / divisor, number.lost / divisor}; };
  change(zero_count_);
  change(count_);
  change(sum_);
  for (Number& number : positive_.count) change(number);
  for (Number& number : negative_.count) change(number);
}

bool HistogramSum::has_overflow() const {
  const auto infinite = [](const Number& number) { return std::isinf(number.sum); };
  return infinite(zero_count_) || infinite(count_) || infinite(sum_) ||
         std::any_of(positive_.count.begin(), positive_.count.end(), infinite) ||
         std::any_of(negative_.count.begin(), negative_.count.end(), infinite);
}

bool is_counter_reset(const FloatHistogram& current, const FloatHistogram& previous) {
  if (current.counter_reset_hint == CounterResetHint::kReset) return true;
  if (current.counter_reset_hint == CounterResetHint::kNotReset) return false;
  if (current.count < previous.count) return true;
  HistogramSum now(current);
  HistogramSum before(previous);
  if (now.custom()) {
    if (!before.custom()) return true;
    if (now.custom_values_ != before.custom_values_) {
      const std::vector<double> bounds = common_bounds(now.custom_values_, before.custom_values_);
      now.map_to_bounds(bounds);
      before.map_to_bounds(bounds);
    }
  } else {
    // A finer resolution or a narrower zero bucket comes only with a new counter.
    if (before.custom() || now.schema_ > before.schema_ || now.zero_threshold_ < before.zero_threshold_) return true;
    if (before.zero_threshold_ < now.zero_threshold_) before.raise_zero_threshold(now.zero_threshold_);
    if (before.zero_threshold_ != now.zero_threshold_) return true;
    if (now.zero_count_.sum < before.zero_count_.value()) return true;
    if (before.schema_ > now.schema_) before.reduce_resolution(now.schema_);
  }
  const auto fell = [](const HistogramSum::Side& after, const HistogramSum::Side& earlier) {
    size_t a = 0;
    for (size_t i = 0; i < earlier.index.size(); ++i) {
      while (a < after.index.size() && after.index[a] < earlier.index[i]) ++a;
      const bool there = a < after.index.size() && after.index[a] == earlier.index[i];
      const double count = earlier.count[i].value();
      if (there ? after.count[a].value() < count : count != 0) return true;
    }
    return false;
  };
  return fell(now.positive_, before.positive_) || fell(now.negative_, before.negative_);
}

bool equal_histograms(const FloatHistogram& a, const FloatHistogram& b) {
  const auto same = [](double x, double y) { return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y); };
  const auto all_same = [&](const std::vector<double>& x, const std::vector<double>& y) {
    return std::equal(x.begin(), x.end(), y.begin(), y.end(), same);
  };
  const auto layout = [](const std::vector<BucketSpan>& spans) {
    std::vector<int32_t> indices;
    int32_t index = 0;
    for (const BucketSpan& span : spans) {
      index += span.offset;
      for (uint32_t i = 0; i < span.length; ++i) indices.push_back(index++);
    }
    return indices;
  };
  if (a.schema != b.schema || !same(a.count, b.count) || !same(a.sum, b.sum)) return false;
  if (a.schema == model::kCustomBucketsSchema && a.custom_values != b.custom_values) return false;
  if (a.zero_threshold != b.zero_threshold || !same(a.zero_count, b.zero_count)) return false;
  if (!all_same(a.positive_buckets, b.positive_buckets) || !all_same(a.negative_buckets, b.negative_buckets))
    return false;
  return layout(a.positive_spans) == layout(b.positive_spans) && layout(a.negative_spans) == layout(b.negative_spans);
}

HistogramPtr scaled(const FloatHistogram& histogram, double factor) {
  auto out = std::make_shared<FloatHistogram>(histogram);
  scale_all(*out, [&](double& number) { number *= factor; });
  if (factor < 0) out->counter_reset_hint = CounterResetHint::kGauge;
  return out;
}

HistogramPtr divided(const FloatHistogram& histogram, double divisor) {
  auto out = std::make_shared<FloatHistogram>(histogram);
  scale_all(*out, [&](double& number) { number /= divisor; });
  if (divisor < 0) out->counter_reset_hint = CounterResetHint::kGauge;
  if (divisor != 0) return out;
  out->positive_spans.clear();
  out->negative_spans.clear();
  out->positive_buckets.clear();
  out->negative_buckets.clear();
  return out;
}

HistogramPtr compacted(const FloatHistogram& histogram) {
  return std::make_shared<FloatHistogram>(HistogramSum(histogram).result());
}

HistogramPtr without_reset_hint(const HistogramPtr& histogram) {
  const CounterResetHint hint = histogram->counter_reset_hint;
  if (hint != CounterResetHint::kReset && hint != CounterResetHint::kNotReset) return histogram;
  auto out = std::make_shared<FloatHistogram>(*histogram);
  out->counter_reset_hint = CounterResetHint::kUnknown;
  return out;
}

std::string to_string(const FloatHistogram& histogram) {
  std::string out = fmt::format("{{count:{}, sum:{}", format_general(histogram.count), format_general(histogram.sum));
  for (const model::HistogramBucket& bucket : model::buckets_of(histogram)) {
    if (bucket.count == 0) continue;
    out += fmt::format(", {}{},{}{}:{}", bucket.lower_inclusive ? '[' : '(', format_general(bucket.lower),
                       format_general(bucket.upper), bucket.upper_inclusive ? ']' : ')', format_general(bucket.count));
  }
  return out += '}';
}

}  // namespace sluice::promql
