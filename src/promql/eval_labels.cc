#include <algorithm>
#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <re2/re2.h>

#include "base/encoding.h"
#include "promql/evaluator.h"
#include "promql/natural_order.h"

namespace sluice::promql {
namespace {

const std::string& text_of(const Expr& expr) { return as<StringLiteral>(expr)->value; }

bool is_label_name(std::string_view name) { return !name.empty() && is_valid_utf8(name); }

/// The labels that a selector fixes by equality: what an absent series would have.
model::Labels absent_labels(const Expr& expr) {
  const auto* matrix = as<MatrixSelector>(expr);
  const auto* selector = matrix != nullptr ? matrix->selector.get() : as<VectorSelector>(expr);
  if (selector == nullptr) return {};
  std::vector<std::pair<std::string, std::string>> labels;
  std::vector<std::string> seen;
  for (const model::Matcher& matcher : selector->matchers) {
    if (matcher.name() == model::kMetricName) continue;
    const bool repeated = std::find(seen.begin(), seen.end(), matcher.name()) != seen.end();
    if (matcher.type() == model::MatchType::kEqual && !repeated) {
      labels.emplace_back(matcher.name(), matcher.value());
      seen.push_back(matcher.name());
    } else {
      std::erase_if(labels, [&](const auto& label) { return label.first == matcher.name(); });
    }
  }
  return model::Labels::from(std::move(labels));
}

/// Puts capture groups into a template, by the rules of Go's regexp.Expand: $1, ${1}, $name, ${name}, $$; a name
/// is as long as it can be; what is not there is empty.
std::string expand(std::string_view pattern, const re2::RE2& regex, const std::vector<re2::StringPiece>& groups) {
  std::string out;
  const auto name_character = [](char c) {
    return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  for (size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '$' || i + 1 == pattern.size()) {
      out += pattern[i++];
      continue;
    }
    if (pattern[i + 1] == '$') {
      out += '$';
      i += 2;
      continue;
    }
    const bool braced = pattern[i + 1] == '{';
    const size_t begin = i + (braced ? 2 : 1);
    size_t end = begin;
    while (end < pattern.size() && name_character(pattern[end])) ++end;
    if (end == begin || (braced && (end == pattern.size() || pattern[end] != '}'))) {
      out += pattern[i++];
      continue;
    }
    const std::string_view name = pattern.substr(begin, end - begin);
    i = end + (braced ? 1 : 0);
    size_t group = groups.size();
    if (std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; }) && name.size() < 9) {
      group = 0;
      for (const char c : name) group = group * 10 + static_cast<size_t>(c - '0');
    } else if (const auto found = regex.NamedCapturingGroups().find(std::string(name));
               found != regex.NamedCapturingGroups().end()) {
      group = static_cast<size_t>(found->second);
    }
    if (group < groups.size() && groups[group].data() != nullptr)
      out.append(groups[group].data(), groups[group].size());
  }
  return out;
}

/// Sorts, rows that compare equal keeping their order.
template <class Before>
void sort_rows(std::vector<Row>& rows, Before before) {
  std::vector<size_t> order(rows.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    if (before(rows[a], rows[b])) return true;
    return !before(rows[b], rows[a]) && a < b;
  });
  std::vector<Row> sorted;
  sorted.reserve(rows.size());
  for (const size_t i : order) sorted.push_back(std::move(rows[i]));
  rows = std::move(sorted);
}

/// Ascending, NaN last.
bool value_before(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; }
/// Descending, NaN last.
bool value_after(double a, double b) { return std::isnan(b) ? !std::isnan(a) : a > b; }

void sort_by_labels(std::vector<Row>& rows, const Call& node, bool descending) {
  const auto before = [&](const Row& a, const Row& b) {
    for (size_t i = 1; i < node.args.size(); ++i) {
      const std::string_view x = a.labels.get(text_of(*node.args[i]));
      const std::string_view y = b.labels.get(text_of(*node.args[i]));
      if (x != y) return natural_less(x, y);
    }
    return a.labels < b.labels;
  };
  sort_rows(rows, [&](const Row& a, const Row& b) { return descending ? before(b, a) : before(a, b); });
}

}  // namespace

Result<void> Evaluator::emit_absent(const Expr& argument, const std::vector<bool>& present, RowSink& sink) {
  Row row;
  for (uint32_t step = 0; step < present.size(); ++step)
    if (!present[step]) row.append(step, 1.0);
  if (row.empty()) return {};
  row.labels = absent_labels(argument);
  row.drop_name = true;
  return sink.accept(row);
}

Result<void> Evaluator::stream_absent(const Call& node, const Grid& grid, RowSink& sink) {
  std::vector<bool> present(grid.count);
  CallbackSink mark([&](Row& row) -> Result<void> {
    for (uint32_t step = row.begin(); step < row.end(); ++step)
      if (row.cell(step) != Cell::kAbsent) present[step] = true;
    return {};
  });
  SLUICE_TRY(stream(*node.args[0], grid, mark));
  return emit_absent(*node.args[0], present, sink);
}

Result<void> Evaluator::stream_sort(const Call& node, const Grid& grid, RowSink& sink) {
  SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.args[0], grid));
  const FunctionId id = node.function->id;
  const bool by_value = id == FunctionId::kSort || id == FunctionId::kSortDesc;
  if (by_value) {
    for (Row& row : rows) {
      for (uint32_t step = row.begin(); row.has_histograms() && step < row.end(); ++step)
        if (row.cell(step) == Cell::kHistogram) row.erase(step);
      row.trim();
    }
    std::erase_if(rows, [](const Row& row) { return row.empty(); });
  }
  if (grid.count > 1) {
    annotations_.add(AnnotationId::kSortInRangeQuery, node.position);
  } else if (by_value) {
    const auto before = id == FunctionId::kSort ? value_before : value_after;
    sort_rows(rows, [&](const Row& a, const Row& b) { return before(a.number(0), b.number(0)); });
  } else {
    sort_by_labels(rows, node, id == FunctionId::kSortByLabelDesc);
  }
  return emit(rows, sink);
}

Result<void> Evaluator::stream_label_replace(const Call& node, const Grid& grid, RowSink& sink) {
  const std::string& target = text_of(*node.args[1]);
  const std::string& replacement = text_of(*node.args[2]);
  const std::string& source = text_of(*node.args[3]);
  const std::string& pattern = text_of(*node.args[4]);
  re2::RE2::Options options;
  options.set_log_errors(false);
  const re2::RE2 regex("^(?s:" + pattern + ")$", options);
  if (!regex.ok())
    return fail(ErrorCode::kConflict, fmt::format("invalid regular expression in label_replace(): {}", pattern));
  if (!is_label_name(target))
    return fail(ErrorCode::kConflict, fmt::format("invalid destination label name in label_replace(): {}", target));
  std::vector<re2::StringPiece> groups(static_cast<size_t>(regex.NumberOfCapturingGroups()) + 1);
  SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.args[0], grid));
  for (Row& row : rows) {
    const std::string_view value = row.labels.get(source);
    if (!regex.Match(re2::StringPiece(value.data(), value.size()), 0, value.size(), re2::RE2::ANCHOR_BOTH,
                     groups.data(), static_cast<int>(groups.size())))
      continue;
    row.labels = row.labels.with(target, expand(replacement, regex, groups));
    if (target == model::kMetricName) row.drop_name = false;
  }
  SLUICE_TRY(merge_equal_labels(rows));
  return emit(rows, sink);
}

Result<void> Evaluator::stream_label_join(const Call& node, const Grid& grid, RowSink& sink) {
  const std::string& target = text_of(*node.args[1]);
  const std::string& separator = text_of(*node.args[2]);
  for (size_t i = 3; i < node.args.size(); ++i)
    if (!is_label_name(text_of(*node.args[i])))
      return fail(ErrorCode::kConflict,
                  fmt::format("invalid source label name in label_join(): {}", text_of(*node.args[i])));
  if (!is_label_name(target))
    return fail(ErrorCode::kConflict, fmt::format("invalid destination label name in label_join(): {}", target));
  SLUICE_ASSIGN(std::vector<Row> rows, collect(*node.args[0], grid));
  for (Row& row : rows) {
    std::string joined;
    for (size_t i = 3; i < node.args.size(); ++i) {
      if (i > 3) joined += separator;
      joined += row.labels.get(text_of(*node.args[i]));
    }
    row.labels = row.labels.with(target, joined);
    if (target == model::kMetricName) row.drop_name = false;
  }
  SLUICE_TRY(merge_equal_labels(rows));
  return emit(rows, sink);
}

}  // namespace sluice::promql
