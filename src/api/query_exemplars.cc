#include <string>
#include <vector>

#include <fmt/format.h>

#include "api/query_handler.h"
#include "api/query_parameters.h"
#include "base/limits.h"
#include "promql/extract_selectors.h"
#include "promql/parser.h"
#include "wire/prometheus_json.h"

/// `query_exemplars` of Prometheus' HTTP API.
namespace sluice::api {
namespace {

Result<std::vector<std::vector<model::Matcher>>> selectors_of(const http::Form& form,
                                                              const promql::ParserOptions& options) {
  const std::string* text = form.find("query");
  SLUICE_ASSIGN(const auto expr, promql::parse_expr(text != nullptr ? *text : std::string(), options));
  auto selectors = promql::extract_selectors(*expr);
  if (selectors.size() > limits::kExemplarSelectorsMax) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("invalid parameter \"query\": {} selectors, and exemplars are looked for by at most {}",
                            selectors.size(), limits::kExemplarSelectorsMax));
  }
  return selectors;
}

void write_exemplar(JsonWriter& json, std::string& scratch, const model::Exemplar& exemplar) {
  json.begin_object();
  json.key("labels");
  wire::write_labels(json, exemplar.labels);
  json.member("value", wire::format_sample_value(exemplar.value));
  json.key("timestamp");
  scratch.clear();
  wire::append_timestamp(scratch, exemplar.t_ms);
  json.raw(scratch);
  json.end_object();
}

void write_series(JsonWriter& json, std::string& scratch, const model::SeriesExemplars& series) {
  json.begin_object();
  json.key("seriesLabels");
  wire::write_labels(json, series.series);
  json.key("exemplars");
  json.begin_array();
  for (const auto& exemplar : series.exemplars) write_exemplar(json, scratch, exemplar);
  json.end_array();
  json.end_object();
}

}  // namespace

http::Response QueryHandler::query_exemplars(const http::Request& request, const http::Form& form,
                                             const model::ScopedExemplars& storage) const {
  const auto run = [&]() -> Result<std::vector<model::SeriesExemplars>> {
    SLUICE_ASSIGN(const auto range, range_parameters(form));
    SLUICE_ASSIGN(const auto selectors, selectors_of(form, engine_.options().parser));
    model::QueryBudget budget(engine_.options().samples_max, request.stop);
    return storage.exemplars(selectors, range, budget);
  };
  const auto found = run();
  if (!found) return query_error(found.error());
  return http::Response::json(200, wire::api_success([&](JsonWriter& json) {
                                std::string scratch;
                                json.begin_array();
                                for (const auto& series : *found) write_series(json, scratch, series);
                                json.end_array();
                              }));
}

}  // namespace sluice::api
