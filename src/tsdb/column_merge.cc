#include "tsdb/column_merge.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include "tsdb/chunk.h"

namespace sluice::tsdb {
namespace {

using model::SampleColumn;

// Appends rows [begin, end), all of which are after those of `out`.
void append_rows(const SampleColumn& from, size_t begin, size_t end, SampleColumn& out) {
  const auto at = [](const auto& list, size_t i) { return list.begin() + static_cast<std::ptrdiff_t>(i); };
  const size_t shift = out.size() - begin;  // wraps where rows move down, and wraps back below
  out.t_ms.insert(out.t_ms.end(), at(from.t_ms, begin), at(from.t_ms, end));
  out.values.insert(out.values.end(), at(from.values, begin), at(from.values, end));
  auto histogram = std::ranges::lower_bound(from.histograms, begin, {}, &SampleColumn::HistogramRow::row);
  const bool follows_another = out.size() > end - begin;
  for (; histogram != from.histograms.end() && histogram->row < end; ++histogram) {
    const bool is_first = follows_another && histogram->row == begin;
    out.histograms.push_back({static_cast<uint32_t>(histogram->row + shift),
                              is_first ? forget_reset_hint(histogram->histogram) : histogram->histogram});
  }
  if (from.start_ms.empty() && out.start_ms.empty()) return;
  out.start_ms.resize(out.size() - (end - begin));
  if (from.start_ms.empty()) {
    out.start_ms.resize(out.size());
  } else {
    out.start_ms.insert(out.start_ms.end(), at(from.start_ms, begin), at(from.start_ms, end));
  }
}

// The first row at or after `t`, from row `begin` on.
size_t row_at(const SampleColumn& column, size_t begin, TimestampMs t) {
  const auto rest = std::ranges::subrange(column.t_ms.begin() + static_cast<std::ptrdiff_t>(begin), column.t_ms.end());
  return static_cast<size_t>(std::ranges::lower_bound(rest, t) - column.t_ms.begin());
}

}  // namespace

void merge_column(SampleColumn& column, const SampleColumn& other) {
  if (other.size() == 0) return;
  if (column.size() == 0 || column.t_ms.back() < other.t_ms.front()) {
    append_rows(other, 0, other.size(), column);
    return;
  }
  const SampleColumn first = std::exchange(column, {});
  size_t i = 0;
  size_t j = 0;
  while (i < first.size() || j < other.size()) {
    // A run of the one up to the next of the other; at the same time that of `first` goes in.
    const size_t i_end = j == other.size() ? first.size() : row_at(first, i, other.t_ms[j]);
    append_rows(first, i, i_end, column);
    i = i_end;
    if (i < first.size() && j < other.size() && other.t_ms[j] == first.t_ms[i]) ++j;
    const size_t j_end = i == first.size() ? other.size() : row_at(other, j, first.t_ms[i]);
    append_rows(other, j, j_end, column);
    j = j_end;
  }
}

}  // namespace sluice::tsdb
