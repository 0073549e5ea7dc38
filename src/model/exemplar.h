#pragma once

#include "base/clock.h"
#include "model/labels.h"

namespace sluice::model {

/// One observation of a series, shown as an example of those that its samples count: usually with a `trace_id`. No
/// label of it belongs to the series.
struct Exemplar {
  Labels labels;
  double value = 0;
  TimestampMs t_ms = 0;
  friend bool operator==(const Exemplar&, const Exemplar&) = default;
};

}  // namespace sluice::model
