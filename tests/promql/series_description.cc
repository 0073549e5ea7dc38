#include "promql/series_description.h"

#include <cmath>
#include <memory>

#include <fmt/format.h>

#include "model/sample.h"
#include "promql/histogram_math.h"
#include "promql/parser.h"
#include "promql/text.h"

namespace sluice::promql::test {
namespace {

using model::FloatHistogram;

/// Reads one description from left to right.
class SeriesParser {
 public:
  explicit SeriesParser(std::string_view text) : text_(text) {}

  Result<SeriesDescription> parse() {
    SeriesDescription out;
    SLUICE_ASSIGN(out.labels, parse_labels());
    for (;;) {
      skip_spaces();
      if (at_ == text_.size()) return out;
      SLUICE_TRY(parse_item(out.values));
    }
  }

 private:
  std::unexpected<Error> error(std::string_view what) const {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} at {} of series \"{}\"", what, at_, text_));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void skip_spaces() {
    while (peek() == ' ' || peek() == '\t') ++at_;
  }
  std::string_view take_while(auto&& holds) {
    const size_t begin = at_;
    while (at_ < text_.size() && holds(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  static bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':'; }

  Result<std::string> parse_quoted() {
    const size_t begin = at_;
    const char mark = text_[at_++];
    while (at_ < text_.size() && text_[at_] != mark) at_ += text_[at_] == '\\' && mark != '`' ? 2 : 1;
    if (at_ >= text_.size()) return error("unterminated string");
    ++at_;
    return unquote(text_.substr(begin, at_ - begin));
  }

  Result<model::Labels> parse_labels() {
    std::vector<std::pair<std::string, std::string>> labels;
    const std::string_view name = take_while(is_name);
    if (!name.empty()) labels.emplace_back(std::string(model::kMetricName), std::string(name));
    if (!take("{")) return model::Labels::from(std::move(labels));
    for (skip_spaces(); !take("}"); skip_spaces()) {
      std::string label;
      const bool quoted = peek() == '"' || peek() == '\'' || peek() == '`';
      if (quoted) {
        SLUICE_ASSIGN(label, parse_quoted());
      } else {
        label = take_while(is_name);
      }
      skip_spaces();
      if (quoted && peek() != '=') {
        labels.emplace_back(std::string(model::kMetricName), std::move(label));
      } else {
        if (!take("=")) return error("expected =");
        skip_spaces();
        SLUICE_ASSIGN(std::string value, parse_quoted());
        labels.emplace_back(std::move(label), std::move(value));
      }
      skip_spaces();
      if (!take(",") && peek() != '}') return error("expected , or }");
    }
    return model::Labels::from(std::move(labels));
  }

  /// Digits with fraction and exponent, Inf or NaN, no sign.
  Result<double> parse_unsigned() {
    if (take("Inf") || take("inf")) return HUGE_VAL;
    if (take("NaN") || take("nan")) return NAN;
    const size_t begin = at_;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool exponent_sign =
          (c == '+' || c == '-') && at_ > begin && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!std::isdigit(static_cast<unsigned char>(c)) && c != '.' && c != 'e' && c != 'E' && c != '_' &&
          !exponent_sign)
        break;
      ++at_;
    }
    return parse_number(text_.substr(begin, at_ - begin));
  }
  Result<double> parse_signed() {
    const bool negative = peek() == '-';
    if (peek() == '-' || peek() == '+') ++at_;
    SLUICE_ASSIGN(const double value, parse_unsigned());
    return negative ? -value : value;
  }
  Result<size_t> parse_count() {
    const std::string_view digits = take_while([](char c) { return c >= '0' && c <= '9'; });
    if (digits.empty() || digits.size() > 6) return error("expected a repetition");
    return static_cast<size_t>(std::stoul(std::string(digits)));
  }

  Result<void> parse_item(std::vector<SequenceValue>& out) {
    if (take("_")) return parse_omitted(out);
    if (take("{{")) return parse_histograms(out);
    if (take("stale")) {
      out.push_back({.omitted = false, .value = model::stale_nan(), .histogram = nullptr});
      return {};
    }
    SLUICE_ASSIGN(double value, parse_signed());
    double increment = 0;
    if (peek() == '+' || peek() == '-') {
      SLUICE_ASSIGN(increment, parse_signed());
      if (peek() != 'x') return error("expected x");
    }
    size_t times = 0;
    if (take("x")) {
      SLUICE_ASSIGN(times, parse_count());
    }
    for (size_t i = 0; i <= times; ++i) {
      out.push_back({.omitted = false, .value = value, .histogram = nullptr});
      if (increment != 0) value += increment;  // 0 must not turn Inf into NaN
    }
    return {};
  }

  Result<void> parse_omitted(std::vector<SequenceValue>& out) {
    size_t times = 1;
    if (take("x")) {
      SLUICE_ASSIGN(times, parse_count());
    }
    out.insert(out.end(), times, {.omitted = true, .value = 0, .histogram = nullptr});
    return {};
  }

  Result<void> parse_histograms(std::vector<SequenceValue>& out) {
    SequenceValue value;
    SLUICE_ASSIGN(value, parse_histogram());
    const bool plus = text_.substr(at_).starts_with("+{{");
    const bool minus = text_.substr(at_).starts_with("-{{");
    SequenceValue increment;
    if (plus || minus) {
      at_ += 3;
      SLUICE_ASSIGN(increment, parse_histogram());
    }
    size_t times = 0;
    if (take("x")) {
      SLUICE_ASSIGN(times, parse_count());
    }
    if (increment.histogram) value.hint_given = increment.hint_given;
    for (size_t i = 0; i <= times; ++i) {
      out.push_back(value);
      if (!increment.histogram) continue;
      HistogramSum sum(*value.histogram);
      const HistogramOutcome outcome = plus ? sum.add(*increment.histogram) : sum.subtract(*increment.histogram);
      if (outcome.incompatible) return error("incompatible histograms");
      value.histogram = std::make_shared<const FloatHistogram>(sum.result());
    }
    return {};
  }

  Result<std::vector<double>> parse_list() {
    std::vector<double> out;
    if (!take("[")) return error("expected [");
    for (skip_spaces(); !take("]"); skip_spaces()) {
      if (at_ == text_.size()) return error("expected ]");
      SLUICE_ASSIGN(out.emplace_back(), parse_signed());
    }
    return out;
  }

  Result<model::CounterResetHint> parse_hint() {
    if (take("unknown")) return model::CounterResetHint::kUnknown;
    if (take("reset")) return model::CounterResetHint::kReset;
    if (take("not_reset")) return model::CounterResetHint::kNotReset;
    if (take("gauge")) return model::CounterResetHint::kGauge;
    return error("unknown counter_reset_hint");
  }

  /// The inside of {{ }}.
  Result<SequenceValue> parse_histogram() {
    FloatHistogram histogram;
    SequenceValue out;
    int32_t offset = 0;
    int32_t negative_offset = 0;
    for (skip_spaces(); !take("}}"); skip_spaces()) {
      const std::string_view key = take_while(is_lower);
      if (!take(":")) return error("expected :");
      if (key == "counter_reset_hint") {
        out.hint_given = true;
        SLUICE_ASSIGN(histogram.counter_reset_hint, parse_hint());
      } else if (key == "buckets") {
        SLUICE_ASSIGN(histogram.positive_buckets, parse_list());
      } else if (key == "n_buckets") {
        SLUICE_ASSIGN(histogram.negative_buckets, parse_list());
      } else if (key == "custom_values") {
        SLUICE_ASSIGN(histogram.custom_values, parse_list());
      } else {
        SLUICE_ASSIGN(const double number, parse_signed());
        if (key == "schema") histogram.schema = static_cast<int32_t>(number);
        else if (key == "sum") histogram.sum = number;
        else if (key == "count") histogram.count = number;
        else if (key == "z_bucket") histogram.zero_count = number;
        else if (key == "z_bucket_w") histogram.zero_threshold = number;
        else if (key == "offset") offset = static_cast<int32_t>(number);
        else if (key == "n_offset") negative_offset = static_cast<int32_t>(number);
        else return error("unknown histogram key");
      }
    }
    const auto span = [](int32_t from, const std::vector<double>& buckets) {
      return std::vector<model::BucketSpan>{{from, static_cast<uint32_t>(buckets.size())}};
    };
    if (!histogram.positive_buckets.empty()) histogram.positive_spans = span(offset, histogram.positive_buckets);
    if (!histogram.negative_buckets.empty())
      histogram.negative_spans = span(negative_offset, histogram.negative_buckets);
    out.histogram = std::make_shared<const FloatHistogram>(std::move(histogram));
    return out;
  }
  static bool is_lower(char c) { return (c >= 'a' && c <= 'z') || c == '_'; }

  std::string_view text_;
  size_t at_ = 0;
};

/// Reads a duration with its sign off the front.
Result<int64_t> take_offset(std::string_view& text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  size_t end = 0;
  while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
  while (end < text.size() && text[end] >= 'a' && text[end] <= 'z' && text[end] != 'x') ++end;
  SLUICE_ASSIGN(const int64_t ms, parse_duration(text.substr(0, end)));
  text.remove_prefix(end);
  return negative ? -ms : ms;
}

Result<size_t> take_times(std::string_view text) {
  if (!text.starts_with('x')) return fail(ErrorCode::kInvalidArgument, "expected x in start timestamps");
  SLUICE_ASSIGN(const double times, parse_number(text.substr(1)));
  return static_cast<size_t>(times);
}

}  // namespace

Result<std::vector<std::optional<int64_t>>> parse_start_offsets(std::string_view text) {
  std::vector<std::optional<int64_t>> out;
  while (!text.empty()) {
    const size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) break;
    std::string_view item = text.substr(begin, text.find_first_of(" \t", begin) - begin);
    text.remove_prefix(begin + item.size());
    const bool omitted = item.starts_with('_');
    int64_t offset = 0;
    int64_t increment = 0;
    if (omitted) {
      item.remove_prefix(1);
    } else {
      SLUICE_ASSIGN(offset, take_offset(item));
      if (item.starts_with('+') || item.starts_with('-')) {
        SLUICE_ASSIGN(increment, take_offset(item));
      }
    }
    size_t times = 0;
    if (!item.empty()) {
      SLUICE_ASSIGN(times, take_times(item));
      if (omitted) --times;
    }
    for (size_t i = 0; i <= times; ++i, offset += increment)
      out.push_back(omitted ? std::nullopt : std::optional<int64_t>(offset));
  }
  return out;
}

Result<SeriesDescription> parse_series(std::string_view text) { return SeriesParser(text).parse(); }

Result<double> parse_test_number(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  SLUICE_ASSIGN(const double value, parse_number(text));
  return negative ? -value : value;
}

}  // namespace sluice::promql::test
