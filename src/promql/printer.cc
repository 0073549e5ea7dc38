#include "promql/printer.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "model/labels.h"
#include "promql/parser.h"
#include "promql/text.h"

namespace sluice::promql {
namespace {

void print(const Expr& expr, std::string& out);

void print_labels(const std::vector<std::string>& labels, std::string& out) {
  out += '(';
  for (size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += ", ";
    out += model::is_classic_label_name(labels[i]) ? labels[i] : quote(labels[i]);
  }
  out += ')';
}

std::string signed_duration(int64_t ms) { return ms < 0 ? "-" + format_duration(-ms) : format_duration(ms); }

void print_duration(const DurationExpr& node, std::string& out) {
  if (node.wrapped) out += '(';
  const auto call = [&](std::string_view name) {
    out += name;
    print(*node.lhs, out);
    out += ", ";
    print(*node.rhs, out);
    out += ')';
  };
  const auto binary = [&](std::string_view op) {
    if (node.lhs) print(*node.lhs, out);
    if (node.lhs) out += fmt::format(" {} ", op);
    else if (op == "-") out += '-';
    print(*node.rhs, out);
  };
  switch (node.op) {
    case DurationOp::kStep: out += "step()"; break;
    case DurationOp::kRange: out += "range()"; break;
    case DurationOp::kMin: call("min_of("); break;
    case DurationOp::kMax: call("max_of("); break;
    case DurationOp::kAdd: binary("+"); break;
    case DurationOp::kSub: binary("-"); break;
    case DurationOp::kMul: binary("*"); break;
    case DurationOp::kDiv: binary("/"); break;
    case DurationOp::kMod: binary("%"); break;
    case DurationOp::kPow: binary("^"); break;
  }
  if (node.wrapped) out += ')';
}

void print_at(const TimeModifiers& time, std::string& out) {
  if (time.at_ms) out += fmt::format(" @ {:.3f}", static_cast<double>(*time.at_ms) / 1000);
  else if (time.at_anchor == AtAnchor::kStart) out += " @ start()";
  else if (time.at_anchor == AtAnchor::kEnd) out += " @ end()";
}

void print_offset(const TimeModifiers& time, std::string& out) {
  if (time.offset_expr) {
    out += " offset ";
    print_duration(*time.offset_expr, out);
  } else if (time.offset_ms != 0) {
    out += " offset " + signed_duration(time.offset_ms);
  }
}

void print_extension(const VectorSelector& node, std::string& out) {
  if (node.anchored) out += " anchored";
  else if (node.smoothed) out += " smoothed";
}

void print_matchers(const VectorSelector& node, std::string& out) {
  out += node.name;
  std::vector<std::string> printed;
  for (const model::Matcher& matcher : node.matchers) {
    const bool is_name = matcher.name() == model::kMetricName && matcher.type() == model::MatchType::kEqual &&
                         matcher.value() == node.name && !matcher.value().empty();
    if (is_name) continue;
    printed.push_back(print_matcher(matcher));
  }
  if (printed.empty() && !node.name.empty()) return;
  std::sort(printed.begin(), printed.end());
  out += '{' + fmt::format("{}", fmt::join(printed, ",")) + '}';
}

void print_brackets(int64_t range_ms, const DurationExpr* range, std::string& out) {
  if (range != nullptr) print_duration(*range, out);
  else out += format_duration(range_ms);
}

void print_subquery(const SubqueryExpr& node, std::string& out) {
  print(*node.expr, out);
  out += '[';
  print_brackets(node.range_ms, node.range_expr.get(), out);
  out += ':';
  if (node.step_expr) print_duration(*node.step_expr, out);
  else if (node.step_ms != 0) out += format_duration(node.step_ms);
  out += ']';
  print_at(node.time, out);
  print_offset(node.time, out);
}

void print_matching(const VectorMatching& matching, std::string& out) {
  const bool grouped =
      matching.cardinality == Cardinality::kManyToOne || matching.cardinality == Cardinality::kOneToMany;
  if (!matching.labels.empty() || matching.on || grouped) {
    out += matching.on ? " on " : " ignoring ";
    print_labels(matching.labels, out);
  }
  if (grouped) {
    out += matching.cardinality == Cardinality::kManyToOne ? " group_left " : " group_right ";
    print_labels(matching.include, out);
  }
  const bool same = matching.fill_left && matching.fill_right && *matching.fill_left == *matching.fill_right;
  if (same) {
    out += fmt::format(" fill ({})", format_number(*matching.fill_left));
    return;
  }
  if (matching.fill_left) out += fmt::format(" fill_left ({})", format_number(*matching.fill_left));
  if (matching.fill_right) out += fmt::format(" fill_right ({})", format_number(*matching.fill_right));
}

/// A sign before a base would be read back as one around the power: "+Inf ^ 2" is +(Inf ^ 2).
bool is_infinite_base(const BinaryExpr& node) {
  const auto* base = as<NumberLiteral>(*node.lhs);
  return node.op == BinaryOp::kPow && base != nullptr && !base->duration && std::isinf(base->value) && base->value > 0;
}

void print_binary(const BinaryExpr& node, std::string& out) {
  if (is_infinite_base(node)) out += "Inf";
  else print(*node.lhs, out);
  out += ' ';
  out += to_string(node.op);
  if (node.return_bool) out += " bool";
  if (node.matching) print_matching(*node.matching, out);
  out += ' ';
  print(*node.rhs, out);
}

void print_aggregate(const AggregateExpr& node, std::string& out) {
  out += to_string(node.op);
  if (node.without || !node.grouping.empty()) {
    out += node.without ? " without " : " by ";
    print_labels(node.grouping, out);
    out += ' ';
  }
  out += '(';
  if (node.param) {
    print(*node.param, out);
    out += ", ";
  }
  print(*node.expr, out);
  out += ')';
}

void print_call(const Call& node, std::string& out) {
  out += node.function->name;
  out += '(';
  for (size_t i = 0; i < node.args.size(); ++i) {
    if (i > 0) out += ", ";
    print(*node.args[i], out);
  }
  out += ')';
}

void print_number(const NumberLiteral& node, std::string& out) {
  if (!node.duration) out += format_number(node.value);
  else out += signed_duration(static_cast<int64_t>(std::round(node.value * 1000)));
}

void print(const Expr& expr, std::string& out) {
  switch (expr.kind) {
    case ExprKind::kNumber: return print_number(*as<NumberLiteral>(expr), out);
    case ExprKind::kString: out += quote(as<StringLiteral>(expr)->value); return;
    case ExprKind::kVectorSelector: {
      const auto& node = *as<VectorSelector>(expr);
      print_matchers(node, out);
      print_at(node.time, out);
      print_extension(node, out);
      print_offset(node.time, out);
      return;
    }
    case ExprKind::kMatrixSelector: {
      const auto& node = *as<MatrixSelector>(expr);
      print_matchers(*node.selector, out);
      out += '[';
      print_brackets(node.range_ms, node.range_expr.get(), out);
      out += ']';
      print_extension(*node.selector, out);
      print_at(node.selector->time, out);
      print_offset(node.selector->time, out);
      return;
    }
    case ExprKind::kSubquery: return print_subquery(*as<SubqueryExpr>(expr), out);
    case ExprKind::kDuration: return print_duration(*as<DurationExpr>(expr), out);
    case ExprKind::kParen:
      out += '(';
      print(*as<ParenExpr>(expr)->expr, out);
      out += ')';
      return;
    case ExprKind::kUnary:
      out += as<UnaryExpr>(expr)->negative ? '-' : '+';
      print(*as<UnaryExpr>(expr)->expr, out);
      return;
    case ExprKind::kBinary: return print_binary(*as<BinaryExpr>(expr), out);
    case ExprKind::kAggregate: return print_aggregate(*as<AggregateExpr>(expr), out);
    case ExprKind::kCall: return print_call(*as<Call>(expr), out);
  }
}

}  // namespace

std::string print_matcher(const model::Matcher& matcher) {
  std::string_view op = "=";
  switch (matcher.type()) {
    case model::MatchType::kEqual: break;
    case model::MatchType::kNotEqual: op = "!="; break;
    case model::MatchType::kRegex: op = "=~"; break;
    case model::MatchType::kNotRegex: op = "!~"; break;
  }
  const std::string name = model::is_classic_label_name(matcher.name()) ? matcher.name() : quote(matcher.name());
  return fmt::format("{}{}{}", name, op, quote(matcher.value()));
}

std::string print_labels(const model::Labels& labels) {
  std::string out = "{";
  for (const model::LabelView label : labels) {
    if (out.size() > 1) out += ", ";
    out += model::is_classic_label_name(label.name) ? std::string(label.name) : quote(label.name);
    out += '=' + quote(label.value);
  }
  return out += '}';
}

std::string to_string(const Expr& expr) {
  std::string out;
  print(expr, out);
  return out;
}

std::string format_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  // Fixed notation of the largest double has 309 digits, of the smallest 1074 after the point.
  char buffer[1200];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value, std::chars_format::fixed);
  return error == std::errc() ? std::string(buffer, end) : std::string("NaN");
}

}  // namespace sluice::promql
