#include "promql/functions.h"

#include <algorithm>
#include <array>

namespace sluice::promql {
namespace {

using F = FunctionId;
constexpr ValueType S = ValueType::kScalar;
constexpr ValueType V = ValueType::kVector;
constexpr ValueType M = ValueType::kMatrix;
constexpr ValueType T = ValueType::kString;

constexpr std::array<ValueType, 1> kV{V};
constexpr std::array<ValueType, 1> kM{M};
constexpr std::array<ValueType, 1> kS{S};
constexpr std::array kSS{S, S};
constexpr std::array kVS{V, S};
constexpr std::array kVSS{V, S, S};
constexpr std::array kVV{V, V};
constexpr std::array kVT{V, T};
constexpr std::array kVTTT{V, T, T, T};
constexpr std::array kVTTTT{V, T, T, T, T};
constexpr std::array kVTSS{V, T, S, S};
constexpr std::array kSV{S, V};
constexpr std::array kSSV{S, S, V};
constexpr std::array kSM{S, M};
constexpr std::array kMS{M, S};
constexpr std::array kMSS{M, S, S};
constexpr std::span<const ValueType> kNone;

constexpr bool kExperimental = true;

// Sorted by name: id, name, arguments, variadic, result, experimental.
constexpr std::array kFunctions = std::to_array<Function>({
    {F::kAbs, "abs", kV, 0, V, false},
    {F::kAbsent, "absent", kV, 0, V, false},
    {F::kAbsentOverTime, "absent_over_time", kM, 0, V, false},
    {F::kAcos, "acos", kV, 0, V, false},
    {F::kAcosh, "acosh", kV, 0, V, false},
    {F::kAsin, "asin", kV, 0, V, false},
    {F::kAsinh, "asinh", kV, 0, V, false},
    {F::kAtan, "atan", kV, 0, V, false},
    {F::kAtanh, "atanh", kV, 0, V, false},
    {F::kAvgOverTime, "avg_over_time", kM, 0, V, false},
    {F::kCeil, "ceil", kV, 0, V, false},
    {F::kChanges, "changes", kM, 0, V, false},
    {F::kClamp, "clamp", kVSS, 0, V, false},
    {F::kClampMax, "clamp_max", kVS, 0, V, false},
    {F::kClampMin, "clamp_min", kVS, 0, V, false},
    {F::kCos, "cos", kV, 0, V, false},
    {F::kCosh, "cosh", kV, 0, V, false},
    {F::kCountOverTime, "count_over_time", kM, 0, V, false},
    {F::kDayOfMonth, "day_of_month", kV, 1, V, false},
    {F::kDayOfWeek, "day_of_week", kV, 1, V, false},
    {F::kDayOfYear, "day_of_year", kV, 1, V, false},
    {F::kDaysInMonth, "days_in_month", kV, 1, V, false},
    {F::kDeg, "deg", kV, 0, V, false},
    {F::kDelta, "delta", kM, 0, V, false},
    {F::kDeriv, "deriv", kM, 0, V, false},
    {F::kDoubleExponentialSmoothing, "double_exponential_smoothing", kMSS, 0, V, kExperimental},
    {F::kEnd, "end", kNone, 0, S, kExperimental},
    {F::kExp, "exp", kV, 0, V, false},
    {F::kFirstOverTime, "first_over_time", kM, 0, V, false},
    {F::kFloor, "floor", kV, 0, V, false},
    {F::kHistogramAvg, "histogram_avg", kV, 0, V, false},
    {F::kHistogramCount, "histogram_count", kV, 0, V, false},
    {F::kHistogramFraction, "histogram_fraction", kSSV, 0, V, false},
    {F::kHistogramQuantile, "histogram_quantile", kSV, 0, V, false},
    {F::kHistogramQuantiles, "histogram_quantiles", kVTSS, 9, V, kExperimental},
    {F::kHistogramStddev, "histogram_stddev", kV, 0, V, false},
    {F::kHistogramStdvar, "histogram_stdvar", kV, 0, V, false},
    {F::kHistogramSum, "histogram_sum", kV, 0, V, false},
    {F::kHour, "hour", kV, 1, V, false},
    {F::kIdelta, "idelta", kM, 0, V, false},
    {F::kIncrease, "increase", kM, 0, V, false},
    {F::kInfo, "info", kVV, 1, V, kExperimental},
    {F::kIrate, "irate", kM, 0, V, false},
    {F::kLabelJoin, "label_join", kVTTT, -1, V, false},
    {F::kLabelReplace, "label_replace", kVTTTT, 0, V, false},
    {F::kLastOverTime, "last_over_time", kM, 0, V, false},
    {F::kLn, "ln", kV, 0, V, false},
    {F::kLog10, "log10", kV, 0, V, false},
    {F::kLog2, "log2", kV, 0, V, false},
    {F::kMadOverTime, "mad_over_time", kM, 0, V, kExperimental},
    {F::kMaxOf, "max_of", kSS, 0, S, kExperimental},
    {F::kMaxOverTime, "max_over_time", kM, 0, V, false},
    {F::kMinOf, "min_of", kSS, 0, S, kExperimental},
    {F::kMinOverTime, "min_over_time", kM, 0, V, false},
    {F::kMinute, "minute", kV, 1, V, false},
    {F::kMonth, "month", kV, 1, V, false},
    {F::kPi, "pi", kNone, 0, S, false},
    {F::kPredictLinear, "predict_linear", kMS, 0, V, false},
    {F::kPresentOverTime, "present_over_time", kM, 0, V, false},
    {F::kQuantileOverTime, "quantile_over_time", kSM, 0, V, false},
    {F::kRad, "rad", kV, 0, V, false},
    {F::kRange, "range", kNone, 0, S, kExperimental},
    {F::kRate, "rate", kM, 0, V, false},
    {F::kResets, "resets", kM, 0, V, false},
    {F::kRound, "round", kVS, 1, V, false},
    {F::kScalar, "scalar", kV, 0, S, false},
    {F::kSgn, "sgn", kV, 0, V, false},
    {F::kSin, "sin", kV, 0, V, false},
    {F::kSinh, "sinh", kV, 0, V, false},
    {F::kSort, "sort", kV, 0, V, false},
    {F::kSortByLabel, "sort_by_label", kVT, -1, V, kExperimental},
    {F::kSortByLabelDesc, "sort_by_label_desc", kVT, -1, V, kExperimental},
    {F::kSortDesc, "sort_desc", kV, 0, V, false},
    {F::kSqrt, "sqrt", kV, 0, V, false},
    {F::kStart, "start", kNone, 0, S, kExperimental},
    {F::kStartTimestamp, "start_timestamp", kV, 0, V, kExperimental},
    {F::kStddevOverTime, "stddev_over_time", kM, 0, V, false},
    {F::kStdvarOverTime, "stdvar_over_time", kM, 0, V, false},
    {F::kStep, "step", kNone, 0, S, kExperimental},
    {F::kSumOverTime, "sum_over_time", kM, 0, V, false},
    {F::kTan, "tan", kV, 0, V, false},
    {F::kTanh, "tanh", kV, 0, V, false},
    {F::kTime, "time", kNone, 0, S, false},
    {F::kTimestamp, "timestamp", kV, 0, V, false},
    {F::kTsOfFirstOverTime, "ts_of_first_over_time", kM, 0, V, kExperimental},
    {F::kTsOfLastOverTime, "ts_of_last_over_time", kM, 0, V, kExperimental},
    {F::kTsOfMaxOverTime, "ts_of_max_over_time", kM, 0, V, kExperimental},
    {F::kTsOfMinOverTime, "ts_of_min_over_time", kM, 0, V, kExperimental},
    {F::kVector, "vector", kS, 0, V, false},
    {F::kYear, "year", kV, 1, V, false},
});
static_assert(std::is_sorted(kFunctions.begin(), kFunctions.end(),
                             [](const Function& a, const Function& b) { return a.name < b.name; }));

}  // namespace

const Function* find_function(std::string_view name) {
  const auto found = std::lower_bound(kFunctions.begin(), kFunctions.end(), name,
                                      [](const Function& entry, std::string_view key) { return entry.name < key; });
  return found != kFunctions.end() && found->name == name ? &*found : nullptr;
}

std::span<const Function> all_functions() { return kFunctions; }

}  // namespace sluice::promql
