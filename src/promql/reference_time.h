#pragma once

#include "promql/ast.h"
#include "promql/row.h"

namespace sluice::promql {

/// The moment at which a selector or subquery looks, for each step: `@` and `offset` applied. Keeps references.
class ReferenceTime {
 public:
  ReferenceTime(const TimeModifiers& time, const Grid& grid) : time_(time), grid_(grid) {}
  TimestampMs operator()(uint32_t step) const { return time_.at_ms.value_or(grid_.time(step)) - time_.offset_ms; }
  TimestampMs first() const { return (*this)(0); }
  TimestampMs last() const { return (*this)(grid_.count - 1); }

 private:
  const TimeModifiers& time_;
  const Grid& grid_;
};

}  // namespace sluice::promql
