#include <array>
#include <charconv>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "api/query_handler.h"
#include "wire/prometheus_json.h"

/// `metadata` of Prometheus' HTTP API.
namespace sluice::api {
namespace {

// MetricMetadata.MetricType of prompb/types.proto, in the words of the text formats.
std::string_view type_text(uint32_t type) {
  constexpr std::array<std::string_view, 8> kTypes = {"unknown",        "counter", "gauge", "histogram",
                                                      "gaugehistogram", "summary", "info",  "stateset"};
  return type < kTypes.size() ? kTypes[type] : kTypes[0];
}

// Absent: nothing. As in Prometheus, a negative number is no limit.
Result<std::optional<size_t>> number_parameter(const http::Form& form, std::string_view name) {
  const std::string* text = form.find(name);
  if (text == nullptr || text->empty()) return std::optional<size_t>();
  int64_t number = 0;
  const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (status != std::errc() || end != text->data() + text->size()) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("{} must be a number", name));
  }
  return number < 0 ? std::optional<size_t>() : std::optional<size_t>(static_cast<size_t>(number));
}

void write_family(JsonWriter& json, const model::MetricFamily& family) {
  json.key(family.name);
  json.begin_array();
  json.begin_object();
  json.member("type", type_text(family.metadata.type));
  json.member("help", family.metadata.help);
  json.member("unit", family.metadata.unit);
  json.end_object();
  json.end_array();
}

}  // namespace

http::Response QueryHandler::metadata(const http::Form& form, const model::ScopedMetadata& storage) const {
  const auto run = [&]() -> Result<std::vector<model::MetricFamily>> {
    SLUICE_ASSIGN(const auto limit, number_parameter(form, "limit"));
    // A workspace knows one entry of each metric, so that any limit on these is kept.
    SLUICE_TRY(number_parameter(form, "limit_per_metric"));
    const std::string* metric = form.find("metric");
    SLUICE_ASSIGN(auto families, storage.metadata(metric != nullptr ? *metric : std::string()));
    if (limit && families.size() > *limit) families.resize(*limit);
    return families;
  };
  const auto families = run();
  if (!families) return query_error(families.error());
  return http::Response::json(200, wire::api_success([&](JsonWriter& json) {
                                json.begin_object();
                                for (const auto& family : *families) write_family(json, family);
                                json.end_object();
                              }));
}

}  // namespace sluice::api
