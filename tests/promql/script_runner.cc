#include "promql/script_runner.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>
#include <re2/re2.h>

#include "promql/histogram_math.h"
#include "promql/plan.h"
#include "promql/printer.h"
#include "promql/result_compare.h"
#include "promql/text.h"

namespace sluice::promql::test {
namespace {

bool matches(const Expectation& expectation, const std::string& text) {
  if (expectation.message) return *expectation.message == text;
  return re2::RE2::PartialMatch(text, expectation.pattern);
}

/// Pins every selector and subquery that has no moment yet; false when a function's result depends on the moment
/// of evaluation in other ways.
bool pin(Expr& expr, TimestampMs at) {
  const auto set = [&](TimeModifiers& time) {
    if (!time.at_ms) time.at_ms = at;
  };
  switch (expr.kind) {
    case ExprKind::kVectorSelector: set(static_cast<VectorSelector&>(expr).time); return true;
    case ExprKind::kMatrixSelector: set(static_cast<MatrixSelector&>(expr).selector->time); return true;
    case ExprKind::kSubquery: set(static_cast<SubqueryExpr&>(expr).time); return true;
    case ExprKind::kParen: return pin(*static_cast<ParenExpr&>(expr).expr, at);
    case ExprKind::kUnary: return pin(*static_cast<UnaryExpr&>(expr).expr, at);
    case ExprKind::kBinary: {
      auto& node = static_cast<BinaryExpr&>(expr);
      return pin(*node.lhs, at) && pin(*node.rhs, at);
    }
    case ExprKind::kAggregate: {
      auto& node = static_cast<AggregateExpr&>(expr);
      return pin(*node.expr, at) && (!node.param || pin(*node.param, at));
    }
    case ExprKind::kCall: {
      auto& node = static_cast<Call&>(expr);
      if (is_at_modifier_unsafe(node.function->id)) return false;
      return std::all_of(node.args.begin(), node.args.end(), [&](const ExprPtr& arg) { return pin(*arg, at); });
    }
    default: return true;
  }
}

/// The base labels and part of a classic histogram that a series is: "bucket", "count", "sum", or "".
std::pair<model::Labels, std::string> classic_part(const model::Labels& labels) {
  const std::string name(labels.metric_name());
  for (const std::string part : {"bucket", "count", "sum"}) {
    if (!name.ends_with("_" + part)) continue;
    const std::string base = name.substr(0, name.size() - part.size() - 1);
    return {labels.with(model::kMetricName, base).with("le", ""), part};
  }
  return {labels, ""};
}

struct ClassicMoment {
  std::map<double, double> cumulative;
  std::optional<double> count;
  double sum = 0;
};

model::FloatHistogram to_custom_buckets(ClassicMoment moment) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (!moment.count) moment.count = moment.cumulative.empty() ? 0 : moment.cumulative.rbegin()->second;
  moment.cumulative.try_emplace(kInfinity, *moment.count);
  model::FloatHistogram out;
  out.schema = model::kCustomBucketsSchema;
  out.count = *moment.count;
  out.sum = moment.sum;
  double previous = 0;
  for (const auto& [bound, cumulative] : moment.cumulative) {
    out.positive_buckets.push_back(cumulative - previous);
    previous = cumulative;
    if (bound != kInfinity) out.custom_values.push_back(bound);
  }
  out.positive_spans = {{0, static_cast<uint32_t>(out.positive_buckets.size())}};
  return *compacted(out);
}

}  // namespace

void ScriptRunner::load(const LoadCommand& command) {
  for (const SeriesDescription& series : command.series) {
    TimestampMs t_ms = 0;
    for (const SequenceValue& value : series.values) {
      const TimestampMs start_ms = value.start_offset_ms ? t_ms + *value.start_offset_ms : 0;
      if (value.histogram) storage_.append(series.labels, t_ms, *value.histogram, start_ms);
      else if (!value.omitted) storage_.append(series.labels, t_ms, value.value, start_ms);
      t_ms += command.step_ms;
    }
  }
  if (command.with_nhcb) load_nhcb(command);
}

void ScriptRunner::load_nhcb(const LoadCommand& command) {
  std::map<model::Labels, std::map<TimestampMs, ClassicMoment>> moments;
  for (const SeriesDescription& series : command.series) {
    const auto [base, part] = classic_part(series.labels);
    const auto bound = parse_test_number(series.labels.get("le"));
    if (part.empty() || (part == "bucket" && (!bound || std::isnan(*bound)))) continue;
    TimestampMs t_ms = -command.step_ms;
    for (const SequenceValue& value : series.values) {
      t_ms += command.step_ms;
      if (value.omitted || value.histogram) continue;
      ClassicMoment& moment = moments[base][t_ms];
      if (part == "bucket") moment.cumulative.try_emplace(*bound, value.value);
      else if (part == "count") moment.count = value.value;
      else moment.sum = value.value;
    }
  }
  for (const auto& [labels, by_time] : moments)
    for (const auto& [t_ms, moment] : by_time) storage_.append(labels, t_ms, to_custom_buckets(moment));
}

std::vector<EvalOutcome> ScriptRunner::run(const std::vector<Command>& commands) {
  std::vector<EvalOutcome> out;
  for (const Command& command : commands) {
    if (std::holds_alternative<ClearCommand>(command)) storage_.clear();
    else if (const auto* loading = std::get_if<LoadCommand>(&command)) load(*loading);
    else out.push_back(evaluate(std::get<EvalCommand>(command)));
  }
  return out;
}

EvalOutcome ScriptRunner::evaluate(const EvalCommand& command) {
  EvalOutcome out{Verdict::kPass, command.line, command.expr, {}};
  const auto note = [&](const Check& check) {
    if (!check) return true;
    out.verdict = check->verdict;
    out.detail = check->detail;
    return false;
  };
  if (command.range) {
    note(check_range(command));
    return out;
  }
  if (!note(check_instant(command, command.expr, command.at))) return out;
  auto parsed = parse_expr(command.expr, engine_.options().parser);
  if (!parsed || !pin(**parsed, command.at)) return out;
  const std::string pinned = to_string(**parsed);
  std::vector<TimestampMs> others{-10 * command.at, 0, command.at / 5, command.at, 10 * command.at};
  if (command.at == 0) others = {-1000, 0, 1000};
  for (const TimestampMs at : others)
    if (!note(check_instant(command, pinned, at))) {
      out.detail = fmt::format("pinned as {} at {}: {}", pinned, at, out.detail);
      return out;
    }
  return out;
}

ScriptRunner::Check ScriptRunner::check_failure(const EvalCommand& command, const Error& error) const {
  if (error.code == ErrorCode::kUnsupported) return Difference{Verdict::kUnsupported, error.message};
  if (!command.failure) return Difference{Verdict::kFail, "failed: " + error.message};
  if (matches(*command.failure, error.message)) return std::nullopt;
  return Difference{Verdict::kFail, "failed with another error: " + error.message};
}

ScriptRunner::Check ScriptRunner::check_remarks(const EvalCommand& command, const QueryResult& result) const {
  const auto check = [](const std::vector<Expectation>& expected, const std::vector<std::string>& actual, bool any,
                        bool none, std::string_view kind) -> Check {
    if (any && actual.empty()) return Difference{Verdict::kFail, fmt::format("expected a {}", kind)};
    if (none && !actual.empty())
      return Difference{Verdict::kFail, fmt::format("unexpected {}: {}", kind, actual.front())};
    if (expected.empty()) return std::nullopt;
    for (const Expectation& e : expected)
      if (std::none_of(actual.begin(), actual.end(), [&](const auto& text) { return matches(e, text); }))
        return Difference{Verdict::kFail, fmt::format("expected {} {}, found: {}", kind, e.message.value_or(e.pattern),
                                                      fmt::join(actual, "; "))};
    for (const std::string& text : actual)
      if (std::none_of(expected.begin(), expected.end(), [&](const auto& e) { return matches(e, text); }))
        return Difference{Verdict::kFail, fmt::format("unexpected {}: {}", kind, text)};
    return std::nullopt;
  };
  if (auto difference = check(command.warnings, result.warnings, command.any_warning, command.no_warning, "warning"))
    return difference;
  return check(command.infos, result.infos, command.any_info, command.no_info, "info");
}

ScriptRunner::Check ScriptRunner::check_range(const EvalCommand& command) {
  const auto result = engine_.range(storage_, command.expr, command.start, command.end, command.step_ms);
  if (!result) return check_failure(command, result.error());
  if (command.failure) return Difference{Verdict::kFail, "did not fail"};
  if (auto difference = check_remarks(command, *result)) return difference;
  if (auto difference = compare_matrix(command, std::get<MatrixResult>(result->value)))
    return Difference{Verdict::kFail, *difference};
  return std::nullopt;
}

ScriptRunner::Check ScriptRunner::check_instant(const EvalCommand& command, const std::string& expr, TimestampMs at) {
  const auto result = engine_.instant(storage_, expr, at);
  if (!result) return check_failure(command, result.error());
  if (command.failure) return Difference{Verdict::kFail, "did not fail"};
  if (auto difference = check_remarks(command, *result)) return difference;
  std::optional<std::string> difference;
  const bool scalar = std::holds_alternative<ScalarResult>(result->value);
  if (scalar) {
    difference = compare_scalar(command, std::get<ScalarResult>(result->value).value);
  } else if (const auto* vector = std::get_if<VectorResult>(&result->value)) {
    difference = compare_vector(command, *vector);
  } else if (const auto* matrix = std::get_if<MatrixResult>(&result->value)) {
    difference = compare_matrix(command, *matrix);
  } else if (std::get<StringResult>(result->value).value != command.string) {
    difference = "another string";
  }
  if (difference) return Difference{Verdict::kFail, *difference};
  if (command.range_vector || command.string) return std::nullopt;
  static const re2::RE2 context_functions("(start|end|range|step)\\(\\)");
  if (re2::RE2::PartialMatch(expr, context_functions)) return std::nullopt;
  return check_inside_range(command, expr, at, scalar);
}

/// The same query, one minute before and after included, must give the same at its moment.
ScriptRunner::Check ScriptRunner::check_inside_range(const EvalCommand& command, const std::string& expr,
                                                     TimestampMs at, bool scalar) {
  constexpr int64_t kMinuteMs = 60 * 1000;
  const auto result = engine_.range(storage_, expr, at - kMinuteMs, at + kMinuteMs, kMinuteMs);
  if (!result) return Difference{Verdict::kFail, "in a range: " + result.error().message};
  if (command.ordered) return std::nullopt;
  VectorResult vector;
  for (const MatrixSeries& series : std::get<MatrixResult>(result->value)) {
    const auto found = std::find(series.samples.t_ms.begin(), series.samples.t_ms.end(), at);
    if (found == series.samples.t_ms.end()) continue;
    const auto row = static_cast<size_t>(found - series.samples.t_ms.begin());
    VectorSample sample{series.labels, at, series.samples.values[row], nullptr};
    for (const auto& entry : series.samples.histograms)
      if (entry.row == row) sample.histogram = entry.histogram;
    vector.push_back(std::move(sample));
  }
  const auto difference = scalar ? compare_scalar(command, vector.at(0).value) : compare_vector(command, vector);
  if (!difference) return std::nullopt;
  return Difference{Verdict::kFail, "in a range: " + *difference};
}

}  // namespace sluice::promql::test
