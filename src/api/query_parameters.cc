#include "api/query_parameters.h"

#include <charconv>
#include <cmath>
#include <string>

#include <fmt/core.h>

#include "base/encoding.h"
#include "promql/parser.h"

namespace sluice::api {

namespace {

// int64 milliseconds hold about 292 million years; beyond is refused as Prometheus refuses what overflows.
constexpr double kSecondsAbsMax = 9.2e15;

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::unexpected<Error> invalid(std::string_view name, std::string_view reason) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("invalid parameter \"{}\": {}", name, reason));
}

}  // namespace

Result<TimestampMs> time_parameter(const http::Form& form, std::string_view name, TimestampMs otherwise) {
  const std::string* text = form.find(name);
  if (text == nullptr || text->empty()) return otherwise;
  if (const auto seconds = parse_number(*text)) {
    if (std::isfinite(*seconds) && std::abs(*seconds) < kSecondsAbsMax) {
      return static_cast<TimestampMs>(std::llround(*seconds * 1000));
    }
  } else if (const auto moment = parse_rfc3339(*text)) {
    return *moment;
  }
  return invalid(name, fmt::format("cannot parse \"{}\" to a valid timestamp", printable(*text, 100)));
}

Result<std::optional<int64_t>> duration_parameter(const http::Form& form, std::string_view name) {
  const std::string* text = form.find(name);
  if (text == nullptr || text->empty()) return std::optional<int64_t>();
  if (const auto seconds = parse_number(*text)) {
    if (!std::isfinite(*seconds) || std::abs(*seconds) >= kSecondsAbsMax) {
      return invalid(name,
                     fmt::format("cannot parse \"{}\" to a valid duration. It overflows int64", printable(*text, 100)));
    }
    return std::optional<int64_t>(std::llround(*seconds * 1000));
  }
  if (const auto duration = promql::parse_duration(*text)) return std::optional<int64_t>(*duration);
  return invalid(name, fmt::format("cannot parse \"{}\" to a valid duration", printable(*text, 100)));
}

Result<model::TimeRange> range_parameters(const http::Form& form) {
  SLUICE_ASSIGN(const TimestampMs start, time_parameter(form, "start", INT64_MIN));
  SLUICE_ASSIGN(const TimestampMs end, time_parameter(form, "end", INT64_MAX));
  if (end < start) return invalid("end", "end timestamp must not be before start timestamp");
  return model::TimeRange{start, end};
}

Result<size_t> limit_parameter(const http::Form& form) {
  const std::string* text = form.find("limit");
  if (text == nullptr || text->empty()) return size_t{0};
  size_t limit = 0;
  const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (status != std::errc() || end != text->data() + text->size())
    return invalid("limit", "limit must be non-negative");
  return limit;
}

Result<std::vector<std::vector<model::Matcher>>> match_parameters(const http::Form& form, bool required) {
  std::vector<std::vector<model::Matcher>> selectors;
  for (const std::string& text : form.all("match[]")) {
    auto selector = promql::parse_selector(text);
    if (!selector) return invalid("match[]", selector.error().message);
    selectors.push_back(*std::move(selector));
  }
  if (required && selectors.empty()) return fail(ErrorCode::kInvalidArgument, "no match[] parameter provided");
  return selectors;
}

}  // namespace sluice::api
