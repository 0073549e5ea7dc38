#include "wire/text_exposition.h"

#include <functional>
#include <unordered_map>

#include <fmt/format.h>

#include "base/encoding.h"
#include "wire/exposition_line.h"

namespace sluice::wire {
namespace {

std::optional<MetricType> parse_type(std::string_view word) {
  for (const MetricType type :
       {MetricType::kCounter, MetricType::kGauge, MetricType::kHistogram, MetricType::kSummary, MetricType::kUnknown}) {
    if (word == to_string(type)) return type;
  }
  return std::nullopt;
}

struct NameHash {
  using is_transparent = void;
  size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
};

/// Collects families while lines go by.
class Collector {
 public:
  explicit Collector(const ExpositionLimits& limits) : limits_(limits) {}

  /// `line` has no trailing blanks and is not empty.
  Result<void> add(std::string_view line) {
    if (line[line.find_first_not_of(" \t")] == '#') {
      SLUICE_ASSIGN(auto comment, parse_comment_line(line));
      return add_comment(std::move(comment));
    }
    SLUICE_ASSIGN(auto sample, parse_sample_line(line, limits_.labels_per_sample_max));
    return add_sample(std::move(sample));
  }

  std::vector<MetricFamily> take() { return std::move(families_); }

 private:
  struct Seen {
    size_t index;  // into families_
    bool has_help = false;
    bool has_type = false;
  };

  Seen& family(const std::string& name) {
    const auto [entry, is_new] = seen_.try_emplace(name, Seen{families_.size()});
    if (is_new) families_.push_back({.name = name});
    return entry->second;
  }

  Result<void> add_comment(ExpositionCommentLine comment) {
    using Kind = ExpositionCommentLine::Kind;
    if (comment.kind != Kind::kHelp && comment.kind != Kind::kType) return {};
    // A HELP line costs as much as a sample, so both count.
    SLUICE_TRY(count_one());
    Seen& seen = family(comment.name);
    MetricFamily& metric = families_[seen.index];
    const bool is_help = comment.kind == Kind::kHelp;
    bool& has_it = is_help ? seen.has_help : seen.has_type;
    if (has_it)
      return refuse(fmt::format("second {} line for \"{}\"", is_help ? "HELP" : "TYPE", printable(comment.name, 100)));
    has_it = true;
    if (is_help) {
      metric.help = std::move(comment.text);
      return {};
    }
    if (!metric.samples.empty()) {
      return refuse(fmt::format("TYPE of \"{}\" comes after its samples", printable(comment.name, 100)));
    }
    const auto type = parse_type(comment.text);
    if (!type) {
      return refuse(fmt::format("unknown type \"{}\"; counter, gauge, histogram, summary and untyped are known",
                                printable(comment.text, 60)));
    }
    metric.type = *type;
    return {};
  }

  Result<void> add_sample(ExpositionSampleLine sample) {
    SLUICE_TRY(count_one());
    MetricFamily& metric = families_[family_of_sample(sample.name)];
    sample.labels.emplace_back(model::kMetricName, std::move(sample.name));
    metric.samples.push_back({.labels = model::Labels::from(std::move(sample.labels)),
                              .value = sample.value,
                              .timestamp_ms = sample.timestamp_ms});
    return {};
  }

  Result<void> count_one() {
    if (++entries_ <= limits_.samples_max) return {};
    return fail(ErrorCode::kTooLarge, fmt::format("more than {} samples, HELP and TYPE lines", limits_.samples_max));
  }

  // The parts of a histogram or summary go to its family; every other name is its own.
  size_t family_of_sample(const std::string& name) {
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      const auto whole = seen_.find(std::string_view(name).substr(0, name.size() - suffix.size()));
      if (whole == seen_.end()) continue;
      const MetricType type = families_[whole->second.index].type;
      const bool has_part = type == MetricType::kHistogram || (type == MetricType::kSummary && suffix != "_bucket");
      if (has_part) return whole->second.index;
    }
    return family(name).index;
  }

  static std::unexpected<Error> refuse(std::string what) { return fail(ErrorCode::kMalformed, std::move(what)); }

  const ExpositionLimits& limits_;
  std::vector<MetricFamily> families_;
  std::unordered_map<std::string, Seen, NameHash, std::equal_to<>> seen_;
  size_t entries_ = 0;
};

Result<void> check_line(std::string_view line, const ExpositionLimits& limits) {
  if (line.size() > limits.line_bytes_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("{} bytes long; at most {} are taken", line.size(), limits.line_bytes_max));
  }
  if (!is_valid_utf8(line)) return fail(ErrorCode::kMalformed, "not valid UTF-8");
  return {};
}

}  // namespace

std::string_view to_string(MetricType type) {
  switch (type) {
    case MetricType::kUnknown: return "untyped";
    case MetricType::kCounter: return "counter";
    case MetricType::kGauge: return "gauge";
    case MetricType::kHistogram: return "histogram";
    case MetricType::kSummary: return "summary";
  }
  return "untyped";
}

Result<std::vector<MetricFamily>> parse_text_exposition(std::string_view text, const ExpositionLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return fail(ErrorCode::kTooLarge,
                fmt::format("exposition of {} bytes; at most {} are taken", text.size(), limits.bytes_max));
  }
  Collector collector(limits);
  for (size_t number = 1; !text.empty(); ++number) {
    const auto where = [&] { return fmt::format("line {}", number); };
    const size_t end = text.find('\n');
    if (end == std::string_view::npos) {
      return fail(ErrorCode::kMalformed,
                  where() + ": the last line does not end with a line feed; the text is cut off");
    }
    const std::string_view whole_line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (const auto checked = check_line(whole_line, limits); !checked) return fail_in(where(), checked.error());
    const std::string_view line = whole_line.substr(0, whole_line.find_last_not_of(" \t") + 1);
    if (line.empty()) continue;
    if (const auto added = collector.add(line); !added) return fail_in(where(), added.error());
  }
  return collector.take();
}

}  // namespace sluice::wire
