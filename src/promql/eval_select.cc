#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/hash.h"
#include "promql/evaluator.h"
#include "promql/go_format.h"
#include "promql/grouping.h"
#include "promql/printer.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

/// One series' value at the step being looked at.
struct Candidate {
  size_t row;
  double number;
};

/// The k best of a group: a binary heap whose root is the worst kept, with Prometheus' treatment of NaN and of
/// equal values (the earlier series stays).
class BestK {
 public:
  BestK(bool largest, size_t k) : largest_(largest), k_(k) {}

  void offer(Candidate candidate) {
    if (heap_.size() < k_) {
      heap_.push_back(candidate);
      sift_up(heap_.size() - 1);
      return;
    }
    const double root = heap_.front().number;
    const bool better = largest_ ? root < candidate.number : root > candidate.number;
    if (!better && !(std::isnan(root) && !std::isnan(candidate.number))) return;
    heap_.front() = candidate;
    sift_down(0);
  }

  /// Best first.
  std::vector<Candidate> sorted() {
    std::vector<size_t> order(heap_.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      const bool a_worse = worse(heap_[a].number, heap_[b].number);
      const bool b_worse = worse(heap_[b].number, heap_[a].number);
      return a_worse == b_worse ? a < b : b_worse;
    });
    std::vector<Candidate> out;
    for (const size_t i : order) out.push_back(heap_[i]);
    return out;
  }

 private:
  bool worse(double a, double b) const { return std::isnan(a) || (largest_ ? a < b : a > b); }

  void sift_up(size_t i) {
    while (i > 0) {
      const size_t parent = (i - 1) / 2;
      if (!worse(heap_[i].number, heap_[parent].number)) return;
      std::swap(heap_[i], heap_[parent]);
      i = parent;
    }
  }
  void sift_down(size_t i) {
    for (;;) {
      size_t child = 2 * i + 1;
      if (child >= heap_.size()) return;
      if (child + 1 < heap_.size() && worse(heap_[child + 1].number, heap_[child].number)) ++child;
      if (!worse(heap_[child].number, heap_[i].number)) return;
      std::swap(heap_[i], heap_[child]);
      i = child;
    }
  }

  bool largest_;
  size_t k_;
  std::vector<Candidate> heap_;
};

/// Where in [0, 1] limit_ratio sees a series: by the hash of Prometheus' own encoding of label sets
/// (model/labels/labels_stringlabels.go), so that both keep the same series.
double sampling_offset(const model::Labels& labels) {
  std::string bytes;
  const auto put = [&](std::string_view text) {
    const size_t size = text.size();
    if (size < 255) {
      bytes += static_cast<char>(size);
    } else {
      bytes += '\xff';
      for (int shift = 0; shift < 24; shift += 8) bytes += static_cast<char>((size >> shift) & 0xff);
    }
    bytes += text;
  };
  for (const model::LabelView label : labels) {
    put(label.name);
    put(label.value);
  }
  constexpr double kHashMax = 18446744073709551616.0;
  return static_cast<double>(xxh64(bytes)) / kHashMax;
}

bool is_sampled(double ratio, double offset) {
  const double limit = std::clamp(ratio, -1.0, 1.0);
  return limit >= 0 ? offset < limit : offset >= 1.0 + limit;
}

Result<void> check_k(const std::vector<double>& ks) {
  constexpr double kInt64 = 9223372036854775808.0;
  for (const double k : ks) {
    if (std::isnan(k)) return fail(ErrorCode::kConflict, "Parameter value is NaN");
    if (k <= -kInt64)
      return fail(ErrorCode::kConflict, fmt::format("Scalar value {} underflows int64", format_general(k)));
    if (k >= kInt64)
      return fail(ErrorCode::kConflict, fmt::format("Scalar value {} overflows int64", format_general(k)));
  }
  return {};
}

Result<void> check_ratio(const std::vector<double>& ratios, PositionRange position, Annotations& annotations) {
  double low = 0;
  double high = 0;
  for (const double ratio : ratios) {
    if (std::isnan(ratio)) return fail(ErrorCode::kConflict, "Ratio value is NaN");
    low = std::min(low, ratio);
    high = std::max(high, ratio);
  }
  if (high > 1) annotations.add_invalid_ratio(high, 1, position);
  if (low < -1) annotations.add_invalid_ratio(low, -1, position);
  return {};
}

/// The rows to keep at each step, in order of result.
class Selection {
 public:
  Selection(const AggregateExpr& node, const std::vector<Row>& rows, Annotations& annotations)
      : node_(node), rows_(rows), annotations_(annotations), group_of_(rows.size()) {
    LabelKey key(!node.without, node.grouping);
    KeyTable table;
    for (size_t i = 0; i < rows.size(); ++i) group_of_[i] = table.index_of(key.of(rows[i].labels));
    groups_ = table.size();
  }

  std::vector<size_t> best(uint32_t step, size_t k) {
    std::vector<BestK> heaps(groups_, BestK(node_.op == AggregateOp::kTopk, k));
    for (size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].cell(step) == Cell::kFloat) heaps[group_of_[i]].offer({i, rows_[i].number(step)});
      else if (rows_[i].cell(step) == Cell::kHistogram)
        annotations_.add(AnnotationId::kHistogramIgnoredInAggregation, node_.position, to_string(node_.op));
    }
    std::vector<size_t> out;
    for (BestK& heap : heaps)
      for (const Candidate& candidate : heap.sorted()) out.push_back(candidate.row);
    return out;
  }

  std::vector<size_t> first(uint32_t step, size_t k) const {
    std::vector<std::vector<size_t>> kept(groups_);
    for (size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].cell(step) != Cell::kAbsent && kept[group_of_[i]].size() < k) kept[group_of_[i]].push_back(i);
    return joined(kept);
  }

  std::vector<size_t> sampled(uint32_t step, double ratio) {
    if (offsets_.empty())
      for (const Row& row : rows_) offsets_.push_back(sampling_offset(row.labels));
    std::vector<std::vector<size_t>> kept(groups_);
    for (size_t i = 0; i < rows_.size(); ++i)
      if (rows_[i].cell(step) != Cell::kAbsent && is_sampled(ratio, offsets_[i])) kept[group_of_[i]].push_back(i);
    return joined(kept);
  }

 private:
  static std::vector<size_t> joined(const std::vector<std::vector<size_t>>& groups) {
    std::vector<size_t> out;
    for (const auto& group : groups) out.insert(out.end(), group.begin(), group.end());
    return out;
  }

  const AggregateExpr& node_;
  const std::vector<Row>& rows_;
  Annotations& annotations_;
  std::vector<size_t> group_of_;
  size_t groups_ = 0;
  std::vector<double> offsets_;  // for limit_ratio
};

}  // namespace

/// topk, bottomk, limitk, limit_ratio: some of the input series as they are.
Result<void> Evaluator::stream_selecting(const AggregateExpr& node, const Grid& grid, RowSink& sink) {
  SLUICE_ASSIGN(const std::vector<double> params, scalar(*node.param, grid));
  SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.expr, grid));
  const bool by_ratio = node.op == AggregateOp::kLimitRatio;
  if (by_ratio) {
    SLUICE_TRY(check_ratio(params, node.param->position, annotations_));
  } else {
    const bool any = std::any_of(params.begin(), params.end(), [](double k) { return k >= 1 || std::isnan(k); });
    if (!any) return {};
    SLUICE_TRY(check_k(params));
  }
  Selection selection(node, rows, annotations_);
  std::vector<Row> kept(rows.size());
  for (uint32_t step = 0; step < grid.count; ++step) {
    SLUICE_TRY(check_running());
    const double param = params[step];
    if (by_ratio ? param == 0 : param < 1) continue;
    const size_t k = by_ratio ? 0 : std::min(rows.size(), static_cast<size_t>(std::min(param, 1e18)));
    const std::vector<size_t> chosen = by_ratio                          ? selection.sampled(step, param)
                                       : node.op == AggregateOp::kLimitk ? selection.first(step, k)
                                                                         : selection.best(step, k);
    for (const size_t i : chosen) {
      kept[i].append(step, rows[i].value(step));
      if (grid.count > 1) continue;
      kept[i].labels = std::move(rows[i].labels);
      kept[i].drop_name = rows[i].drop_name;
      SLUICE_TRY(sink.accept(kept[i]));
    }
  }
  if (grid.count == 1) return {};
  for (size_t i = 0; i < rows.size(); ++i) {
    if (kept[i].empty()) continue;
    kept[i].labels = std::move(rows[i].labels);
    kept[i].drop_name = rows[i].drop_name;
    SLUICE_TRY(sink.accept(kept[i]));
  }
  return {};
}

Result<void> Evaluator::stream_count_values(const AggregateExpr& node, const Grid& grid, RowSink& sink) {
  const std::string& target = as<StringLiteral>(node.param.get())->value;
  if (target.empty() || !is_valid_utf8(target))
    return fail(ErrorCode::kConflict, fmt::format("invalid label name {}", quote(target)));
  std::vector<std::string> grouping = node.grouping;
  if (!node.without) grouping.push_back(target);
  LabelKey key(!node.without, std::move(grouping));
  KeyTable table;
  std::vector<std::map<uint32_t, double>> counts;  // by group, then step
  CallbackSink count([&](Row& row) -> Result<void> {
    for (uint32_t step = row.begin(); step < row.end(); ++step) {
      if (row.cell(step) == Cell::kAbsent) continue;
      const std::string value =
          row.cell(step) == Cell::kFloat ? format_number(row.number(step)) : to_string(*row.histogram(step));
      const size_t index = table.index_of(key.of(row.labels.with(target, value)));
      if (index == counts.size()) counts.emplace_back();
      SLUICE_TRY(budget_.charge(counts[index].contains(step) ? 0 : 1));
      ++counts[index][step];
    }
    return {};
  });
  SLUICE_TRY(stream(*node.expr, grid, count));
  Row row;
  for (size_t i = 0; i < counts.size(); ++i) {
    row.clear();
    for (const auto& [step, number] : counts[i]) row.append(step, number);
    row.labels = model::Labels::from_packed(table.key(i));
    row.drop_name = false;
    SLUICE_TRY(sink.accept(row));
  }
  return {};
}

}  // namespace sluice::promql
