#include <algorithm>
#include <cmath>
#include <functional>

#include "promql/classic_histogram.h"
#include "promql/evaluator.h"
#include "promql/go_format.h"
#include "promql/grouping.h"
#include "promql/native_quantile.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

constexpr std::string_view kBucketLabel = "le";

/// The series of a vector as histograms: those of one label set but for `le` are one classic histogram; native
/// ones stand for themselves. Where both have the same labels at a step, neither counts.
class Histograms {
 public:
  struct Classic {
    model::Labels labels;  // without le
    bool drop_name = false;
    std::vector<std::pair<double, size_t>> buckets;  // upper bound and row, by bound
  };
  struct Native {
    size_t row;
    size_t classic;  // the classic histogram of the same labels, or SIZE_MAX
  };

  Histograms(std::vector<Row> rows, uint32_t steps, PositionRange position, bool names_known, Annotations& annotations)
      : rows_(std::move(rows)), steps_(steps), position_(position), names_known_(names_known),
        annotations_(annotations) {
    for (size_t i = 0; i < rows_.size(); ++i)
      if (has_floats(rows_[i])) add_bucket(i);
    for (Classic& classic : classics_) std::sort(classic.buckets.begin(), classic.buckets.end());
    for (size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].has_histograms()) add_native(i);
  }

  using ClassicFunction =
      std::function<double(uint32_t step, std::vector<ClassicBucket>& buckets, std::string_view name)>;
  using NativeFunction =
      std::function<double(uint32_t step, const model::FloatHistogram& histogram, std::string_view name)>;

  /// A row of results for each histogram.
  std::vector<Row> map(const ClassicFunction& classic, const NativeFunction& native) {
    std::vector<Row> out;
    for (const Native& entry : natives_) {
      Row row = map_native(entry, native);
      if (!row.empty()) out.push_back(std::move(row));
    }
    for (size_t i = 0; i < classics_.size(); ++i) {
      Row row = map_classic(i, classic);
      if (!row.empty()) out.push_back(std::move(row));
    }
    return out;
  }

 private:
  static bool has_floats(const Row& row) {
    for (uint32_t step = row.begin(); step < row.end(); ++step)
      if (row.cell(step) == Cell::kFloat) return true;
    return false;
  }

  std::string_view name_of(const model::Labels& labels) const {
    return names_known_ ? labels.metric_name() : std::string_view();
  }

  void add_bucket(size_t index) {
    const Row& row = rows_[index];
    const std::string_view le = row.labels.get(kBucketLabel);
    const auto bound = parse_bound(le);
    if (!bound) {
      annotations_.add_bad_bucket_label(name_of(row.labels), le, position_);
      return;
    }
    static const std::vector<std::string> kBucketLabels{std::string(kBucketLabel)};
    model::Labels labels = row.labels.without(kBucketLabels, false);
    const size_t classic = table_.index_of(labels.packed());
    if (classic == classics_.size()) classics_.push_back({std::move(labels), row.drop_name, {}});
    classics_[classic].buckets.emplace_back(*bound, index);
  }

  void add_native(size_t index) { natives_.push_back({index, table_.find(rows_[index].labels.packed())}); }

  static std::optional<double> parse_bound(std::string_view le) {
    if (le.empty()) return std::nullopt;
    const bool negative = le.front() == '-';
    if (le.front() == '+' || negative) le.remove_prefix(1);
    const auto number = parse_number(le);
    if (!number) return std::nullopt;
    return negative ? -*number : *number;
  }

  bool has_buckets_at(const Classic& classic, uint32_t step) const {
    return std::any_of(classic.buckets.begin(), classic.buckets.end(),
                       [&](const auto& bucket) { return rows_[bucket.second].cell(step) == Cell::kFloat; });
  }

  Row map_native(const Native& entry, const NativeFunction& native) {
    const Row& input = rows_[entry.row];
    Row row;
    for (uint32_t step = input.begin(); step < input.end(); ++step) {
      if (input.cell(step) != Cell::kHistogram) continue;
      if (entry.classic != SIZE_MAX && has_buckets_at(classics_[entry.classic], step)) {
        annotations_.add(AnnotationId::kMixedClassicNative, position_, name_of(input.labels));
        conflicts_.emplace_back(entry.classic, step);
        continue;
      }
      row.append(step, native(step, *input.histogram(step), name_of(input.labels)));
    }
    row.labels = input.labels;
    row.drop_name = input.drop_name;
    return row;
  }

  Row map_classic(size_t index, const ClassicFunction& classic) {
    const Classic& entry = classics_[index];
    Row row;
    std::vector<ClassicBucket> buckets;
    for (uint32_t step = 0; step < steps_; ++step) {
      buckets.clear();
      for (const auto& [bound, i] : entry.buckets)
        if (rows_[i].cell(step) == Cell::kFloat) buckets.push_back({bound, rows_[i].number(step)});
      if (buckets.empty()) continue;
      if (std::find(conflicts_.begin(), conflicts_.end(), std::pair(index, step)) != conflicts_.end()) continue;
      row.append(step, classic(step, buckets, name_of(entry.labels)));
    }
    row.labels = entry.labels;
    row.drop_name = entry.drop_name;
    return row;
  }

  std::vector<Row> rows_;
  uint32_t steps_;
  PositionRange position_;
  bool names_known_;
  Annotations& annotations_;
  KeyTable table_;
  std::vector<Classic> classics_;
  std::vector<Native> natives_;
  std::vector<std::pair<size_t, uint32_t>> conflicts_;  // classic histogram and step; rare
};

}  // namespace

Result<void> Evaluator::stream_histogram_quantile(const Call& node, const Grid& grid, RowSink& sink) {
  // histogram_quantile(q, v) and histogram_quantiles(v, "label", q...).
  const bool several = node.function->id == FunctionId::kHistogramQuantiles;
  const size_t vector_arg = several ? 0 : 1;
  const PositionRange position = node.args[vector_arg]->position;
  std::vector<std::vector<double>> quantiles;
  for (size_t i = several ? 2 : 0; i < (several ? node.args.size() : 1); ++i) {
    SLUICE_ASSIGN(quantiles.emplace_back(), scalar(*node.args[i], grid));
    for (const double q : quantiles.back())
      if (!(q >= 0 && q <= 1)) annotations_.add_invalid_quantile(q, node.args[i]->position);
  }
  return with_distinct_names(*node.args[vector_arg], false, sink, [&](RowSink& out) -> Result<void> {
    SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.args[vector_arg], grid));
    Histograms histograms(std::move(rows), grid.count, position, delays_names(), annotations_);
    for (const std::vector<double>& q : quantiles) {
      std::vector<Row> results = histograms.map(
          [&](uint32_t step, std::vector<ClassicBucket>& buckets, std::string_view name) {
            MonotonicityFix fix;
            const double value = classic_quantile(q[step], buckets, fix);
            if (fix.forced)
              annotations_.add_forced_monotonicity(name, position, grid.time(step), fix.bucket_min, fix.bucket_max,
                                                   fix.difference_max);
            return value;
          },
          [&](uint32_t step, const model::FloatHistogram& histogram, std::string_view name) {
            return native_quantile(q[step], histogram, name, position, annotations_);
          });
      for (Row& row : results) drop_name(row);
      if (several) SLUICE_TRY(label_quantiles(node, q, grid, results));
      SLUICE_TRY(emit(results, out));
    }
    return {};
  });
}

/// Gives rows the quantile as a label; one that changes from step to step gives several rows.
Result<void> Evaluator::label_quantiles(const Call& node, const std::vector<double>& quantiles, const Grid& grid,
                                        std::vector<Row>& rows) {
  const std::string& label = as<StringLiteral>(node.args[1].get())->value;
  std::vector<Row> labelled;
  for (const Row& row : rows) {
    std::vector<std::pair<std::string, Row>> parts;
    for (uint32_t step = row.begin(); step < row.end() && step < grid.count; ++step) {
      if (row.cell(step) == Cell::kAbsent) continue;
      const std::string text = format_open_metrics(quantiles[step]);
      if (parts.empty() || parts.back().first != text) {
        auto known = std::find_if(parts.begin(), parts.end(), [&](const auto& part) { return part.first == text; });
        if (known == parts.end()) {
          parts.emplace_back(text, Row());
          parts.back().second.labels = row.labels.with(label, text);
          parts.back().second.drop_name = row.drop_name;
        } else {
          std::iter_swap(known, parts.end() - 1);
        }
      }
      parts.back().second.append(step, row.number(step));
    }
    for (auto& part : parts) labelled.push_back(std::move(part.second));
  }
  rows = std::move(labelled);
  return {};
}

Result<void> Evaluator::stream_histogram_fraction(const Call& node, const Grid& grid, RowSink& sink) {
  SLUICE_ASSIGN(const std::vector<double> lower, scalar(*node.args[0], grid));
  SLUICE_ASSIGN(const std::vector<double> upper, scalar(*node.args[1], grid));
  const PositionRange position = node.args[2]->position;
  return with_distinct_names(*node.args[2], false, sink, [&](RowSink& out) -> Result<void> {
    SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.args[2], grid));
    Histograms histograms(std::move(rows), grid.count, position, delays_names(), annotations_);
    std::vector<Row> results =
        histograms.map([&](uint32_t step, std::vector<ClassicBucket>& buckets,
                           std::string_view) { return classic_fraction(lower[step], upper[step], buckets); },
                       [&](uint32_t step, const model::FloatHistogram& histogram, std::string_view name) {
                         return native_fraction(lower[step], upper[step], histogram, name, position, annotations_);
                       });
    for (Row& row : results) drop_name(row);
    return emit(results, out);
  });
}

}  // namespace sluice::promql
