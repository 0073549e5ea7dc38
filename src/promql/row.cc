#include "promql/row.h"

#include <algorithm>
#include <unordered_map>

namespace sluice::promql {

void Row::extend_to(uint32_t step) {
  if (values_.empty()) {
    first_ = step;
    return;
  }
  const size_t size = step - first_;
  if (size == values_.size()) return;
  values_.resize(size);
  cells_.resize(size, Cell::kAbsent);
  if (!histograms_.empty()) histograms_.resize(size);
}

void Row::append(uint32_t step, HistogramPtr histogram) {
  extend_to(step);
  histograms_.resize(values_.size());
  values_.push_back(0);
  cells_.push_back(Cell::kHistogram);
  histograms_.push_back(std::move(histogram));
}

void Row::append(uint32_t step, const Value& value) {
  if (value.is_float()) append(step, value.number);
  else if (value.is_histogram()) append(step, value.histogram);
}

void Row::trim() {
  size_t last = cells_.size();
  while (last > 0 && cells_[last - 1] == Cell::kAbsent) --last;
  if (last == 0) return clear();
  values_.resize(last);
  cells_.resize(last);
  if (!histograms_.empty()) histograms_.resize(last);
  size_t skip = 0;
  while (cells_[skip] == Cell::kAbsent) ++skip;
  if (skip == 0) return;
  const auto from = static_cast<std::ptrdiff_t>(skip);
  values_.erase(values_.begin(), values_.begin() + from);
  cells_.erase(cells_.begin(), cells_.begin() + from);
  if (!histograms_.empty()) histograms_.erase(histograms_.begin(), histograms_.begin() + from);
  first_ += static_cast<uint32_t>(skip);
}

void Row::repeat(uint32_t count) {
  if (values_.empty()) return;
  values_.resize(count, values_.front());
  cells_.resize(count, cells_.front());
  if (!histograms_.empty()) {
    const HistogramPtr histogram = histograms_.front();
    histograms_.resize(count, histogram);
  }
}

namespace {

Result<void> merge_into(Row& into, const Row& from) {
  Row merged;
  merged.labels = into.labels;
  merged.drop_name = into.drop_name;
  for (uint32_t step = std::min(into.begin(), from.begin()); step < std::max(into.end(), from.end()); ++step) {
    const Cell a = into.cell(step);
    const Cell b = from.cell(step);
    if (a != Cell::kAbsent && b != Cell::kAbsent)
      return fail(ErrorCode::kConflict, "vector cannot contain metrics with the same labelset");
    if (a != Cell::kAbsent) merged.append(step, into.value(step));
    else if (b != Cell::kAbsent) merged.append(step, from.value(step));
  }
  into = std::move(merged);
  return {};
}

}  // namespace

Result<void> merge_equal_labels(std::vector<Row>& rows) {
  if (rows.size() < 2) return {};
  std::unordered_map<std::string_view, size_t> first_of;
  first_of.reserve(rows.size());
  // Views into labels stay good only while rows stay where they are, so the compaction comes after.
  std::vector<std::pair<size_t, size_t>> duplicates;
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto [at, fresh] = first_of.emplace(rows[i].labels.packed(), i);
    if (!fresh) duplicates.emplace_back(at->second, i);
  }
  if (duplicates.empty()) return {};
  first_of.clear();
  std::vector<bool> gone(rows.size());
  for (const auto& [into, from] : duplicates) {
    SLUICE_TRY(merge_into(rows[into], rows[from]));
    gone[from] = true;
  }
  std::vector<Row> kept;
  for (size_t i = 0; i < rows.size(); ++i)
    if (!gone[i]) kept.push_back(std::move(rows[i]));
  rows = std::move(kept);
  return {};
}

}  // namespace sluice::promql
