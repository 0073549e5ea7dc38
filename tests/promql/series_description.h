#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/histogram.h"
#include "model/labels.h"

namespace sluice::promql::test {

/// One value of a series description.
struct SequenceValue {
  bool omitted = false;  ///< `_`
  double value = 0;
  std::shared_ptr<const model::FloatHistogram> histogram;
  bool hint_given = false;  ///< the histogram says what its counter_reset_hint is
  std::optional<int64_t> start_offset_ms = std::nullopt;  ///< of the start timestamp, from the sample's own time
};

struct SeriesDescription {
  model::Labels labels;
  std::vector<SequenceValue> values;
};

/// Parses `metric{a="b"} 1 2 _ 3+1x4 stale {{schema:0 count:2 buckets:[1 1]}}x3`, the language of Prometheus' rule unit
/// tests. kInvalidArgument names what and where.
Result<SeriesDescription> parse_series(std::string_view text);

/// Parses the values of an `@st` line: durations `-1m`, `-1mx3`, `-30s-1mx2`, and `_`, `_x2`. One offset a sample.
Result<std::vector<std::optional<int64_t>>> parse_start_offsets(std::string_view text);

/// A number as Prometheus' tests write expected scalars.
Result<double> parse_test_number(std::string_view text);

}  // namespace sluice::promql::test
