#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numbers>

#include "promql/evaluator.h"
#include "promql/native_quantile.h"

namespace sluice::promql {
namespace {

using FloatFunction = double (*)(double);

double sign_of(double v) { return v < 0 ? -1 : v > 0 ? 1 : v; }
double to_radians(double v) { return v * std::numbers::pi / 180; }
double to_degrees(double v) { return v * 180 / std::numbers::pi; }

FloatFunction float_function(FunctionId id) {
  using F = FunctionId;
  switch (id) {
    case F::kAbs: return [](double v) { return std::fabs(v); };
    case F::kCeil: return [](double v) { return std::ceil(v); };
    case F::kFloor: return [](double v) { return std::floor(v); };
    case F::kExp: return [](double v) { return std::exp(v); };
    case F::kSqrt: return [](double v) { return std::sqrt(v); };
    case F::kLn: return [](double v) { return std::log(v); };
    case F::kLog2: return [](double v) { return std::log2(v); };
    case F::kLog10: return [](double v) { return std::log10(v); };
    case F::kSin: return [](double v) { return std::sin(v); };
    case F::kCos: return [](double v) { return std::cos(v); };
    case F::kTan: return [](double v) { return std::tan(v); };
    case F::kAsin: return [](double v) { return std::asin(v); };
    case F::kAcos: return [](double v) { return std::acos(v); };
    case F::kAtan: return [](double v) { return std::atan(v); };
    case F::kSinh: return [](double v) { return std::sinh(v); };
    case F::kCosh: return [](double v) { return std::cosh(v); };
    case F::kTanh: return [](double v) { return std::tanh(v); };
    case F::kAsinh: return [](double v) { return std::asinh(v); };
    case F::kAcosh: return [](double v) { return std::acosh(v); };
    case F::kAtanh: return [](double v) { return std::atanh(v); };
    case F::kSgn: return sign_of;
    case F::kRad: return to_radians;
    case F::kDeg: return to_degrees;
    default: return nullptr;
  }
}

/// Changes the floats of a row and drops its histograms, which these functions pass over.
template <class Change>
void map_floats(Row& row, Change change) {
  bool dropped = false;
  for (uint32_t step = row.begin(); step < row.end(); ++step) {
    if (row.cell(step) == Cell::kFloat) {
      row.number(step) = change(step, row.number(step));
    } else if (row.cell(step) == Cell::kHistogram) {
      row.erase(step);
      dropped = true;
    }
  }
  if (dropped) row.trim();
}

/// A part of the UTC date `seconds` after the epoch.
double date_part(FunctionId id, double seconds) {
  using namespace std::chrono;
  // Beyond this, calendars mean nothing and the arithmetic would overflow; NaN counts as the far past.
  constexpr double kSecondsMax = 6e10 * 366;
  const double clamped = std::isnan(seconds) ? -kSecondsMax : std::clamp(seconds, -kSecondsMax, kSecondsMax);
  const auto whole = static_cast<int64_t>(clamped);
  constexpr int64_t kDaySeconds = 86400;
  int64_t day = whole / kDaySeconds;
  if (whole % kDaySeconds < 0) --day;
  const int64_t second = whole - day * kDaySeconds;
  // Civil dates repeat every 400 years, which keeps <chrono>'s 16-bit years out of trouble.
  constexpr int64_t kEraDays = 146097;
  int64_t era = day / kEraDays;
  if (day % kEraDays < 0) --era;
  const sys_days within{days(day - era * kEraDays)};
  const year_month_day date(within);
  switch (id) {
    case FunctionId::kHour: return static_cast<double>(second / 3600);
    case FunctionId::kMinute: return static_cast<double>(second / 60 % 60);
    case FunctionId::kDayOfWeek: return weekday(within).c_encoding();
    case FunctionId::kDayOfMonth: return static_cast<unsigned>(date.day());
    case FunctionId::kDayOfYear: return static_cast<double>((within - sys_days(date.year() / January / 1)).count() + 1);
    case FunctionId::kDaysInMonth:
      return static_cast<unsigned>(year_month_day_last(date.year() / date.month() / last).day());
    case FunctionId::kMonth: return static_cast<unsigned>(date.month());
    default: return static_cast<double>(static_cast<int>(date.year()) + era * 400);
  }
}

}  // namespace

Result<void> Evaluator::stream_float_function(const Call& node, const Grid& grid, RowSink& sink) {
  const FloatFunction function = float_function(node.function->id);
  if (function == nullptr) return not_evaluated("function", node.function->name);
  return with_distinct_names(*node.args[0], false, sink, [&](RowSink& out) {
    CallbackSink apply([&](Row& row) -> Result<void> {
      map_floats(row, [&](uint32_t, double value) { return function(value); });
      if (row.empty()) return {};
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.args[0], grid, apply);
  });
}

Result<void> Evaluator::stream_clamp(const Call& node, const Grid& grid, RowSink& sink) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> low(grid.count, -kInfinity);
  std::vector<double> high(grid.count, kInfinity);
  if (node.function->id != FunctionId::kClampMax) {
    SLUICE_ASSIGN(low, scalar(*node.args[1], grid));
  }
  if (node.function->id != FunctionId::kClampMin) {
    SLUICE_ASSIGN(high, scalar(*node.args.back(), grid));
  }
  return with_distinct_names(*node.args[0], false, sink, [&](RowSink& out) {
    CallbackSink apply([&](Row& row) -> Result<void> {
      bool dropped = false;
      map_floats(row, [&](uint32_t step, double value) {
        if (high[step] < low[step]) dropped = true;
        if (std::isnan(value) || std::isnan(low[step]) || std::isnan(high[step]))
          return std::numeric_limits<double>::quiet_NaN();
        return std::max(low[step], std::min(high[step], value));
      });
      for (uint32_t step = row.begin(); dropped && step < row.end(); ++step)
        if (high[step] < low[step]) row.erase(step);
      if (dropped) row.trim();
      if (row.empty()) return {};
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.args[0], grid, apply);
  });
}

Result<void> Evaluator::stream_round(const Call& node, const Grid& grid, RowSink& sink) {
  std::vector<double> nearest(grid.count, 1);
  if (node.args.size() > 1) {
    SLUICE_ASSIGN(nearest, scalar(*node.args[1], grid));
  }
  return with_distinct_names(*node.args[0], false, sink, [&](RowSink& out) {
    CallbackSink apply([&](Row& row) -> Result<void> {
      map_floats(row, [&](uint32_t step, double value) {
        // Multiplying by the inverse loses less than dividing does.
        const double inverse = 1.0 / nearest[step];
        return std::floor(value * inverse + 0.5) / inverse;
      });
      if (row.empty()) return {};
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.args[0], grid, apply);
  });
}

Result<void> Evaluator::stream_date(const Call& node, const Grid& grid, RowSink& sink) {
  const FunctionId id = node.function->id;
  if (node.args.empty()) {
    Row row;
    for (uint32_t step = 0; step < grid.count; ++step)
      row.append(step, date_part(id, std::trunc(static_cast<double>(grid.time(step)) / 1000)));
    return sink.accept(row);
  }
  return with_distinct_names(*node.args[0], false, sink, [&](RowSink& out) {
    CallbackSink apply([&](Row& row) -> Result<void> {
      map_floats(row, [&](uint32_t, double value) { return date_part(id, value); });
      if (row.empty()) return {};
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.args[0], grid, apply);
  });
}

Result<void> Evaluator::stream_vector(const Call& node, const Grid& grid, RowSink& sink) {
  SLUICE_ASSIGN(const std::vector<double> values, scalar(*node.args[0], grid));
  Row row;
  row.reserve(values.size());
  for (uint32_t step = 0; step < grid.count; ++step) row.append(step, values[step]);
  return sink.accept(row);
}

/// histogram_sum and its like: floats from native histograms.
Result<void> Evaluator::stream_histogram_part(const Call& node, const Grid& grid, RowSink& sink) {
  const auto part = [&](const model::FloatHistogram& histogram) {
    switch (node.function->id) {
      case FunctionId::kHistogramCount: return histogram.count;
      case FunctionId::kHistogramSum: return histogram.sum;
      case FunctionId::kHistogramAvg: return histogram.sum / histogram.count;
      case FunctionId::kHistogramStddev: return std::sqrt(native_variance(histogram));
      default: return native_variance(histogram);
    }
  };
  return with_distinct_names(*node.args[0], false, sink, [&](RowSink& out) {
    CallbackSink apply([&](Row& row) -> Result<void> {
      if (!row.has_histograms()) return {};
      for (uint32_t step = row.begin(); step < row.end(); ++step) {
        if (row.cell(step) == Cell::kHistogram) row.set(step, part(*row.histogram(step)));
        else row.erase(step);
      }
      row.trim();
      if (row.empty()) return {};
      drop_name(row);
      return out.accept(row);
    });
    return stream(*node.args[0], grid, apply);
  });
}

}  // namespace sluice::promql
