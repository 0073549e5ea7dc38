#include "ingest/series_text.h"

#include <fmt/format.h>

#include "base/utf8.h"

namespace sluice::ingest {
namespace {

constexpr size_t kSeriesTextBytesMax = 400;
constexpr size_t kLabelTextBytesMax = 100;

void append_cut(std::string& out, std::string_view text, size_t bytes_max) {
  const std::string_view shown = utf8_prefix(text, bytes_max);
  model::append_quoted(out, shown);
  if (shown.size() < text.size()) out += "...";
}

std::string quoted(std::string_view text) {
  std::string out;
  append_cut(out, text, kLabelTextBytesMax);
  return out;
}

// As Labels::to_string, for labels that may be no valid label set, and of bounded length.
std::string series_text(std::span<const model::LabelView> labels) {
  std::string out = "{";
  for (size_t i = 0; i < labels.size(); ++i) {
    if (out.size() > kSeriesTextBytesMax) return out + ", ...}";
    if (i != 0) out += ", ";
    if (model::is_classic_label_name(labels[i].name)) {
      out += utf8_prefix(labels[i].name, kLabelTextBytesMax);
    } else {
      append_cut(out, labels[i].name, kLabelTextBytesMax);
    }
    out += '=';
    append_cut(out, labels[i].value, kLabelTextBytesMax);
  }
  return out + '}';
}

std::string reason_text(const RefusalText& text) {
  const auto& [name, value] = text.culprit;
  switch (text.refusal) {
    case Refusal::kMissingMetricName: return "received series has no metric name";
    case Refusal::kInvalidMetricName:
      return fmt::format("received a series with invalid metric name (not valid UTF-8): {}", quoted(value));
    case Refusal::kInvalidLabelName:
      return fmt::format("received a series with an invalid label name (empty or not valid UTF-8), label: {}",
                         quoted(name));
    case Refusal::kInvalidLabelValue:
      return fmt::format("received a series with an invalid label value (not valid UTF-8), label: {}, value: {}",
                         quoted(name), quoted(value));
    case Refusal::kDuplicateLabel:
      return fmt::format("received a series with duplicate label name, label: {}", quoted(name));
    case Refusal::kTooManyLabels:
      return fmt::format("received a series whose number of labels exceeds the limit (actual: {}, limit: {})",
                         text.actual, text.limit);
    case Refusal::kLabelNameTooLong:
      return fmt::format(
          "received a series whose label name length exceeds the limit (actual: {}, limit: {}), label: {}", text.actual,
          text.limit, quoted(name));
    case Refusal::kLabelValueTooLong:
      return fmt::format(
          "received a series whose label value length exceeds the limit (actual: {}, limit: {}), label: {}, value: {}",
          text.actual, text.limit, quoted(name), quoted(value));
    case Refusal::kLabelsTooLarge:
      return fmt::format("received a series whose labels take more bytes than the limit (actual: {}, limit: {})",
                         text.actual, text.limit);
    case Refusal::kIdentityLabelConflict:
      return fmt::format("received a series whose label {} contradicts the writer's identity: got {}", quoted(name),
                         quoted(value));
    case Refusal::kNotPermitted: return "received a series that the writer's permissions do not cover";
    default: return std::string(to_string(text.refusal));
  }
}

}  // namespace

std::string describe(const RefusalText& text) {
  return fmt::format("{}, series: {}", reason_text(text), series_text(text.labels));
}

std::string describe_sample(Refusal refusal, std::span<const model::LabelView> labels, TimestampMs t_ms) {
  const std::string_view what =
      refusal == Refusal::kTooFarInFuture ? "is too far in the future" : "is before the year 1";
  return fmt::format("received a sample whose timestamp {}, timestamp: {}, series: {}", what, t_ms,
                     series_text(labels));
}

std::string describe_histogram(std::string_view reason, std::span<const model::LabelView> labels, TimestampMs t_ms) {
  return fmt::format("{}, timestamp: {}, series: {}", reason, t_ms, series_text(labels));
}

std::string describe_histograms(uint64_t histogram_samples) {
  return fmt::format(
      "native histograms are not stored yet: {} native histogram samples of the request were refused; "
      "classic histograms are stored",
      histogram_samples);
}

}  // namespace sluice::ingest
