#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "http/form.h"
#include "model/matcher.h"
#include "model/sample.h"

/// Parameters of Prometheus' HTTP API as it reads them (web/api/v1/api.go). Errors are kInvalidArgument with
/// Prometheus' texts: `invalid parameter "time": cannot parse "x" to a valid timestamp`.
namespace sluice::api {

/// Unix seconds with decimals, or RFC 3339. Absent: `otherwise`.
Result<TimestampMs> time_parameter(const http::Form& form, std::string_view name, TimestampMs otherwise);
/// Seconds with decimals, or a duration ("5m"). Absent: nullopt.
Result<std::optional<int64_t>> duration_parameter(const http::Form& form, std::string_view name);
/// start and end, by default all of time; end before start is an error.
Result<model::TimeRange> range_parameters(const http::Form& form);
/// A count; 0 or absent means none.
Result<size_t> limit_parameter(const http::Form& form);
/// Every match[]; with `required`, none is an error.
Result<std::vector<std::vector<model::Matcher>>> match_parameters(const http::Form& form, bool required);

}  // namespace sluice::api
