#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "promql/evaluator.h"
#include "promql/grouping.h"
#include "promql/printer.h"

namespace sluice::promql {
namespace {

/// The labels by which an info series belongs to others. As in Prometheus, fixed.
constexpr std::array<std::string_view, 2> kIdentifyingLabels{"instance", "job"};

bool positive(const model::Matcher& matcher) {
  return matcher.type() == model::MatchType::kEqual || matcher.type() == model::MatchType::kRegex;
}

/// The matchers that say which metrics are info metrics: target_info unless the selector names others.
Result<std::vector<model::Matcher>> name_matchers_of(const std::vector<model::Matcher>& given) {
  std::vector<model::Matcher> out;
  for (const model::Matcher& matcher : given)
    if (matcher.name() == model::kMetricName) out.push_back(matcher);
  if (std::any_of(out.begin(), out.end(), positive)) return out;
  const bool none = out.empty();
  auto base = model::Matcher::make(none ? model::MatchType::kEqual : model::MatchType::kRegex,
                                   std::string(model::kMetricName), none ? "target_info" : ".+_info");
  if (!base) return std::unexpected(base.error());
  out.insert(out.begin(), *std::move(base));
  return out;
}

/// The @ and offset that govern the first selector of an expression, through the subqueries around it: the moment
/// whose info series enrich it.
bool find_time(const Expr& expr, std::vector<const TimeModifiers*>& around, TimeModifiers& out) {
  const auto settle = [&](const TimeModifiers& own) {
    out.at_ms = own.at_ms;
    out.offset_ms = own.offset_ms;
    for (size_t i = around.size(); i > 0 && !out.at_ms; --i) {
      out.offset_ms += around[i - 1]->offset_ms;
      out.at_ms = around[i - 1]->at_ms;
    }
    return true;
  };
  switch (expr.kind) {
    case ExprKind::kVectorSelector: return settle(as<VectorSelector>(expr)->time);
    case ExprKind::kMatrixSelector: return settle(as<MatrixSelector>(expr)->selector->time);
    case ExprKind::kSubquery: {
      around.push_back(&as<SubqueryExpr>(expr)->time);
      const bool found = find_time(*as<SubqueryExpr>(expr)->expr, around, out);
      around.pop_back();
      return found;
    }
    case ExprKind::kParen: return find_time(*as<ParenExpr>(expr)->expr, around, out);
    case ExprKind::kUnary: return find_time(*as<UnaryExpr>(expr)->expr, around, out);
    case ExprKind::kBinary:
      return find_time(*as<BinaryExpr>(expr)->lhs, around, out) || find_time(*as<BinaryExpr>(expr)->rhs, around, out);
    case ExprKind::kAggregate: {
      const auto& node = *as<AggregateExpr>(expr);
      return find_time(*node.expr, around, out) || (node.param && find_time(*node.param, around, out));
    }
    case ExprKind::kCall:
      return std::any_of(as<Call>(expr)->args.begin(), as<Call>(expr)->args.end(),
                         [&](const ExprPtr& arg) { return find_time(*arg, around, out); });
    case ExprKind::kNumber:
    case ExprKind::kString:
    case ExprKind::kDuration: break;
  }
  return false;
}

/// Puts the labels of info series on the series they belong to, step by step.
class InfoJoin {
 public:
  /// `info` holds sample times as values; `wanted` are the matchers of data labels, none meaning every label.
  InfoJoin(std::vector<Row> info, std::vector<model::Matcher> wanted)
      : info_(std::move(info)), wanted_(std::move(wanted)) {
    std::set<std::string> names;
    for (size_t i = 0; i < info_.size(); ++i) {
      const std::string name(info_[i].labels.metric_name());
      names.insert(name);
      by_key_[key_of(name, info_[i].labels)].push_back(i);
    }
    names_.assign(names.begin(), names.end());
    required_ = std::any_of(wanted_.begin(), wanted_.end(), [](const model::Matcher& m) { return !m.matches_empty(); });
  }

  Result<void> join(const Row& base, std::vector<Row>& out) {
    std::vector<const std::vector<size_t>*> candidates;
    for (const std::string& name : names_)
      if (const auto found = by_key_.find(key_of(name, base.labels)); found != by_key_.end())
        candidates.push_back(&found->second);
    std::map<std::vector<size_t>, Row> results;  // by the info series joined
    std::vector<size_t> chosen;
    for (uint32_t step = base.begin(); step < base.end(); ++step) {
      if (base.cell(step) == Cell::kAbsent) continue;
      chosen.clear();
      for (const auto* rows : candidates) {
        SLUICE_ASSIGN(const size_t newest, newest_at(*rows, step));
        if (newest != SIZE_MAX) chosen.push_back(newest);
      }
      if (chosen.empty() && required_) continue;
      auto found = results.find(chosen);
      if (found == results.end()) {
        SLUICE_ASSIGN(model::Labels labels, joined_labels(base.labels, chosen));
        found = results.emplace(chosen, Row()).first;
        found->second.labels = std::move(labels);
        found->second.drop_name = base.drop_name;
      }
      found->second.append(step, base.value(step));
    }
    for (auto& [info, row] : results) out.push_back(std::move(row));
    return {};
  }

 private:
  static std::string key_of(std::string_view name, const model::Labels& labels) {
    std::string key(name);
    for (const std::string_view label : kIdentifyingLabels) {
      key += '\0';
      key += labels.get(label);
    }
    return key;
  }

  Result<size_t> newest_at(const std::vector<size_t>& rows, uint32_t step) const {
    size_t newest = SIZE_MAX;
    for (const size_t i : rows) {
      if (info_[i].cell(step) == Cell::kAbsent) continue;
      if (newest == SIZE_MAX || info_[i].number(step) > info_[newest].number(step)) newest = i;
      else if (info_[i].number(step) == info_[newest].number(step))
        return fail(ErrorCode::kConflict,
                    fmt::format("found duplicate series for info metric: existing {} @ {:.0f}, new {} @ {:.0f}",
                                print_labels(info_[newest].labels), info_[newest].number(step),
                                print_labels(info_[i].labels), info_[i].number(step)));
    }
    return newest;
  }

  bool is_wanted(std::string_view name) const {
    return wanted_.empty() ||
           std::any_of(wanted_.begin(), wanted_.end(), [&](const model::Matcher& m) { return m.name() == name; });
  }

  Result<model::Labels> joined_labels(const model::Labels& base, const std::vector<size_t>& chosen) const {
    std::map<std::string, std::string> added;
    for (const size_t i : chosen) {
      for (const model::LabelView label : info_[i].labels) {
        if (label.name == model::kMetricName || !is_wanted(label.name)) continue;
        const auto known = added.find(std::string(label.name));
        if (known != added.end() && known->second != label.value)
          return fail(ErrorCode::kConflict, fmt::format("conflicting label: {}", label.name));
        if (!base.has(label.name)) added.emplace(label.name, label.value);
      }
    }
    model::Labels labels = base;
    for (const auto& [name, value] : added) labels = labels.with(name, value);
    return labels;
  }

  std::vector<Row> info_;
  std::vector<model::Matcher> wanted_;
  std::vector<std::string> names_;
  std::map<std::string, std::vector<size_t>> by_key_;
  bool required_ = false;
};

}  // namespace

/// info(v, {data label matchers}): v with the labels of the info series that share its instance and job.
Result<void> Evaluator::stream_info(const Call& node, const Grid& grid, RowSink& sink) {
  const Expr& argument = *node.args[0];
  std::vector<model::Matcher> given;
  if (node.args.size() > 1) given = as<VectorSelector>(node.args[1].get())->matchers;
  SLUICE_ASSIGN(const std::vector<model::Matcher> name_matchers, name_matchers_of(given));
  std::erase_if(given, [](const model::Matcher& m) { return m.name() == model::kMetricName; });

  SLUICE_ASSIGN(std::vector<Row> base, collect(argument, grid));
  // Info series themselves stay as they are.
  const auto is_info = [&](const Row& row) {
    return std::all_of(name_matchers.begin(), name_matchers.end(),
                       [&](const model::Matcher& m) { return m.matches(row.labels.metric_name()); });
  };
  std::array<std::set<std::string, std::less<>>, kIdentifyingLabels.size()> values;
  for (const Row& row : base)
    for (size_t i = 0; i < values.size() && !is_info(row); ++i)
      if (const auto value = row.labels.get(kIdentifyingLabels[i]); !value.empty()) values[i].emplace(value);

  CollectingSink info;
  if (std::any_of(values.begin(), values.end(), [](const auto& set) { return !set.empty(); })) {
    VectorSelector selector(node.position);
    selector.matchers = name_matchers;
    selector.matchers.insert(selector.matchers.end(), given.begin(), given.end());
    std::vector<const TimeModifiers*> around;
    find_time(argument, around, selector.time);
    CallbackSink related([&](Row& row) -> Result<void> {
      for (size_t i = 0; i < values.size(); ++i)
        if (!values[i].empty() && !values[i].contains(row.labels.get(kIdentifyingLabels[i]))) return {};
      SLUICE_TRY(budget_.charge(row.size()));
      SLUICE_TRY(info.accept(row));
      row = Row();
      return {};
    });
    SLUICE_TRY(stream_sample_times(selector, grid, related));
  }
  InfoJoin join(std::move(info.rows), std::move(given));
  std::vector<Row> out;
  for (Row& row : base) {
    if (is_info(row)) out.push_back(std::move(row));
    else SLUICE_TRY(join.join(row, out));
  }
  SLUICE_TRY(merge_equal_labels(out));
  return emit(out, sink);
}

}  // namespace sluice::promql
