#pragma once

#include <string>

namespace sluice::promql {

/// A double as Go's %g prints it, which Prometheus' texts use: "0.5", "1e+06", "+Inf", "NaN". With `precision`
/// significant digits, or as many as it takes to read back the same.
std::string format_general(double value, int precision = -1);

/// As OpenMetrics writes label values that are numbers: "1.0", "0.5", "1e+06".
std::string format_open_metrics(double value);

}  // namespace sluice::promql
