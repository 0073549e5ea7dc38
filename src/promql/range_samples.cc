#include "promql/range_samples.h"

#include <algorithm>
#include <utility>

namespace sluice::promql {
namespace {

/// Moves [begin, end) to cover the times in (from, to].
void advance(const std::vector<TimestampMs>& t_ms, TimestampMs from, TimestampMs to, size_t& begin, size_t& end) {
  while (end < t_ms.size() && t_ms[end] <= to) ++end;
  while (begin < end && t_ms[begin] <= from) ++begin;
}

}  // namespace

void RangeSamples::clear() {
  float_t_ms.clear();
  floats.clear();
  histogram_t_ms.clear();
  histograms.clear();
  float_start_ms.clear();
  histogram_start_ms.clear();
  resets.clear();
}

void RangeSamples::take(model::SampleColumn& column, bool start_timestamps) {
  clear();
  const bool starts = start_timestamps && !column.start_ms.empty();
  const bool plain =
      column.histograms.empty() && !starts && std::none_of(column.values.begin(), column.values.end(), model::is_stale);
  if (plain) {
    // The vectors go back and forth, so that their memory is used again.
    std::swap(float_t_ms, column.t_ms);
    std::swap(floats, column.values);
    return find_resets();
  }
  float_t_ms.reserve(column.size());
  floats.reserve(column.size());
  size_t next_histogram = 0;
  for (size_t i = 0; i < column.size(); ++i) {
    if (next_histogram < column.histograms.size() && column.histograms[next_histogram].row == i) {
      const HistogramPtr& histogram = column.histograms[next_histogram++].histogram;
      if (model::is_stale(histogram->sum)) continue;
      histogram_t_ms.push_back(column.t_ms[i]);
      histograms.push_back(histogram);
      if (starts) histogram_start_ms.push_back(column.start_ms[i]);
    } else if (!model::is_stale(column.values[i])) {
      float_t_ms.push_back(column.t_ms[i]);
      floats.push_back(column.values[i]);
      if (starts) float_start_ms.push_back(column.start_ms[i]);
    }
  }
  find_resets();
}

void RangeSamples::assign(const Row& row, const Grid& grid) {
  clear();
  for (uint32_t step = row.begin(); step < row.end(); ++step) {
    const Cell cell = row.cell(step);
    if (cell == Cell::kFloat) {
      float_t_ms.push_back(grid.time(step));
      floats.push_back(row.number(step));
    } else if (cell == Cell::kHistogram) {
      histogram_t_ms.push_back(grid.time(step));
      histograms.push_back(row.histogram(step));
    }
  }
  find_resets();
}

void RangeSamples::find_resets() {
  for (size_t i = 1; i < floats.size(); ++i)
    if (floats[i] < floats[i - 1]) resets.push_back(static_cast<uint32_t>(i));
}

Window WindowWalker::move_to(TimestampMs from, TimestampMs to) {
  advance(samples_.float_t_ms, from, to, float_begin_, float_end_);
  if (!samples_.histograms.empty()) advance(samples_.histogram_t_ms, from, to, histogram_begin_, histogram_end_);
  const auto& resets = samples_.resets;
  while (reset_end_ < resets.size() && resets[reset_end_] < float_end_) ++reset_end_;
  while (reset_begin_ < reset_end_ && resets[reset_begin_] <= float_begin_) ++reset_begin_;

  Window window;
  const size_t floats = float_end_ - float_begin_;
  const size_t histograms = histogram_end_ - histogram_begin_;
  window.float_t_ms = std::span(samples_.float_t_ms).subspan(float_begin_, floats);
  window.floats = std::span(samples_.floats).subspan(float_begin_, floats);
  window.histogram_t_ms = std::span(samples_.histogram_t_ms).subspan(histogram_begin_, histograms);
  window.histograms = std::span(samples_.histograms).subspan(histogram_begin_, histograms);
  if (!samples_.float_start_ms.empty())
    window.float_start_ms = std::span(samples_.float_start_ms).subspan(float_begin_, floats);
  if (!samples_.histogram_start_ms.empty())
    window.histogram_start_ms = std::span(samples_.histogram_start_ms).subspan(histogram_begin_, histograms);
  window.resets = std::span(resets).subspan(reset_begin_, reset_end_ - reset_begin_);
  window.all_floats = samples_.floats.data();
  window.float_begin = float_begin_;
  window.start_ms = from;
  window.end_ms = to;
  return window;
}

}  // namespace sluice::promql
