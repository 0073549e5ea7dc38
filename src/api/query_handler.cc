#include "api/query_handler.h"

#include <algorithm>
#include <type_traits>

#include "api/query_parameters.h"
#include "base/encoding.h"
#include "base/version.h"
#include "wire/prometheus_json.h"

namespace sluice::api {

namespace {

wire::ApiErrorType error_type(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kTooLarge:
    case ErrorCode::kMalformed: return wire::ApiErrorType::kBadData;
    case ErrorCode::kUnsupported:
    case ErrorCode::kConflict:
    case ErrorCode::kQuotaExceeded: return wire::ApiErrorType::kExecution;
    case ErrorCode::kDeadlineExceeded: return wire::ApiErrorType::kTimeout;
    case ErrorCode::kCancelled: return wire::ApiErrorType::kCanceled;
    case ErrorCode::kUnavailable:
    case ErrorCode::kResourceExhausted: return wire::ApiErrorType::kUnavailable;
    default: return wire::ApiErrorType::kInternal;
  }
}

wire::ResultType result_type(const promql::QueryResult& result) {
  return std::visit(
      [](const auto& value) {
        using T = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<T, promql::ScalarResult>) return wire::ResultType::kScalar;
        else if constexpr (std::is_same_v<T, promql::StringResult>) return wire::ResultType::kString;
        else if constexpr (std::is_same_v<T, promql::VectorResult>) return wire::ResultType::kVector;
        else return wire::ResultType::kMatrix;
      },
      result.value);
}

void write_value(wire::QueryResultWriter& out, const promql::ScalarResult& scalar) {
  out.scalar(scalar.t_ms, scalar.value);
}
void write_value(wire::QueryResultWriter& out, const promql::StringResult& text) { out.string(text.t_ms, text.value); }
void write_value(wire::QueryResultWriter& out, const promql::VectorResult& vector) {
  for (const auto& sample : vector) {
    if (sample.histogram) out.vector_sample(sample.labels, sample.t_ms, *sample.histogram);
    else out.vector_sample(sample.labels, sample.t_ms, sample.value);
  }
}
void write_value(wire::QueryResultWriter& out, const promql::MatrixResult& matrix) {
  for (const auto& series : matrix) out.matrix_series(series.labels, series.samples);
}

http::Response answer(const Result<promql::QueryResult>& result) {
  if (!result) return query_error(result.error());
  wire::QueryResultWriter out(result_type(*result));
  std::visit([&](const auto& value) { write_value(out, value); }, result->value);
  return http::Response::json(200, out.finish({result->warnings, result->infos}));
}

/// Answers a listing, or the first error on the way to it.
template <class List>
http::Response answer_list(const Result<List>& list) {
  if (!list) return query_error(list.error());
  return http::Response::json(200, wire::api_success(*list));
}

const std::string& query_text(const http::Form& form) {
  static const std::string kNone;
  const std::string* text = form.find("query");
  return text != nullptr ? *text : kNone;
}

std::unexpected<Error> invalid_query(const Error& error) {
  // Prometheus wraps what its parser refuses: `invalid parameter "query": 1:3: parse error: ...`.
  const bool is_parse = error.message.find("parse error:") != std::string::npos;
  return std::unexpected(is_parse ? Error{error.code, "invalid parameter \"query\": " + error.message} : error);
}

}  // namespace

http::Response query_error(const Error& error) {
  const auto type = error_type(error.code);
  http::Response response = http::Response::json(wire::http_status(type), wire::api_error(type, error.message));
  if (response.status == 503) response.headers.set("Retry-After", "1");
  return response;
}

Result<http::Form> query_form(const http::Request& request) {
  SLUICE_ASSIGN(http::Form form, http::Form::parse(request.query()));
  if (request.method != "POST" || request.body.empty()) return form;
  const std::string_view type = request.headers.get("Content-Type");
  if (!ascii_iequals(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded")) {
    return fail(
        ErrorCode::kInvalidArgument,
        "a POSTed query needs Content-Type application/x-www-form-urlencoded, not '" + printable(type, 100) + "'");
  }
  SLUICE_ASSIGN(const http::Form body, http::Form::parse(request.body));
  form.append(body);
  return form;
}

Result<promql::QueryContext> QueryHandler::context(const http::Request& request, const http::Form& form) const {
  promql::QueryContext context;
  context.stop = request.stop;
  context.clock = &clock_;
  SLUICE_ASSIGN(const auto timeout_ms, duration_parameter(form, "timeout"));
  auto timeout = timeout_max_;
  if (timeout_ms) timeout = std::min(timeout, std::chrono::milliseconds(std::max<int64_t>(*timeout_ms, 0)));
  context.deadline = clock_.steady() + timeout;
  SLUICE_ASSIGN(context.lookback_ms, duration_parameter(form, "lookback_delta"));
  return context;
}

http::Response QueryHandler::query(const http::Request& request, const http::Form& form,
                                   const model::ScopedQueryable& storage) const {
  const auto run = [&]() -> Result<promql::QueryResult> {
    SLUICE_ASSIGN(const TimestampMs at, time_parameter(form, "time", clock_.now_ms()));
    SLUICE_ASSIGN(const auto query_context, context(request, form));
    auto result = engine_.instant(storage, query_text(form), at, query_context);
    if (!result) return invalid_query(result.error());
    return result;
  };
  return answer(run());
}

http::Response QueryHandler::query_range(const http::Request& request, const http::Form& form,
                                         const model::ScopedQueryable& storage) const {
  const auto run = [&]() -> Result<promql::QueryResult> {
    for (const char* name : {"start", "end", "step"}) {
      if (form.find(name) == nullptr) {
        return fail(ErrorCode::kInvalidArgument, std::string("invalid parameter \"") + name +
                                                     "\": cannot parse \"\" to a valid " +
                                                     (std::string_view(name) == "step" ? "duration" : "timestamp"));
      }
    }
    SLUICE_ASSIGN(const TimestampMs start, time_parameter(form, "start", 0));
    SLUICE_ASSIGN(const TimestampMs end, time_parameter(form, "end", 0));
    if (end < start) {
      return fail(ErrorCode::kInvalidArgument,
                  "invalid parameter \"end\": end timestamp must not be before start time");
    }
    SLUICE_ASSIGN(const auto step, duration_parameter(form, "step"));
    if (!step || *step <= 0) {
      return fail(ErrorCode::kInvalidArgument,
                  "invalid parameter \"step\": zero or negative query resolution step widths are not accepted. "
                  "Try a positive integer");
    }
    // Unsigned: the distance of two accepted timestamps may exceed int64.
    if ((static_cast<uint64_t>(end) - static_cast<uint64_t>(start)) / static_cast<uint64_t>(*step) >
        static_cast<uint64_t>(engine_.options().steps_max)) {
      return fail(ErrorCode::kInvalidArgument,
                  "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query "
                  "resolution (?step=XX)");
    }
    SLUICE_ASSIGN(const auto query_context, context(request, form));
    auto result = engine_.range(storage, query_text(form), start, end, *step, query_context);
    if (!result) return invalid_query(result.error());
    return result;
  };
  return answer(run());
}

http::Response QueryHandler::series(const http::Form& form, const model::ScopedQueryable& storage) const {
  const auto run = [&]() -> Result<std::vector<model::Labels>> {
    SLUICE_ASSIGN(const auto range, range_parameters(form));
    SLUICE_ASSIGN(const auto limit, limit_parameter(form));
    SLUICE_ASSIGN(const auto selectors, match_parameters(form, true));
    return storage.series(selectors, range, limit);
  };
  return answer_list(run());
}

http::Response QueryHandler::labels(const http::Form& form, const model::ScopedQueryable& storage) const {
  const auto run = [&]() -> Result<std::vector<std::string>> {
    SLUICE_ASSIGN(const auto range, range_parameters(form));
    SLUICE_ASSIGN(const auto limit, limit_parameter(form));
    SLUICE_ASSIGN(const auto selectors, match_parameters(form, false));
    return storage.label_names(selectors, range, limit);
  };
  return answer_list(run());
}

http::Response QueryHandler::label_values(std::string_view name, const http::Form& form,
                                          const model::ScopedQueryable& storage) const {
  const auto run = [&]() -> Result<std::vector<std::string>> {
    if (name.empty() || !is_valid_utf8(name)) {
      return fail(ErrorCode::kInvalidArgument, "invalid label name: \"" + printable(name, 200) + "\"");
    }
    SLUICE_ASSIGN(const auto range, range_parameters(form));
    SLUICE_ASSIGN(const auto limit, limit_parameter(form));
    SLUICE_ASSIGN(const auto selectors, match_parameters(form, false));
    return storage.label_values(name, selectors, range, limit);
  };
  return answer_list(run());
}

http::Response QueryHandler::build_info() const {
  return http::Response::json(200, wire::api_success([](JsonWriter& json) {
                                json.begin_object();
                                json.member("version", kVersion);
                                json.member("revision", revision());
                                json.member("branch", "");
                                json.member("buildUser", "");
                                json.member("buildDate", "");
                                json.member("goVersion", "");
                                json.end_object();
                              }));
}

}  // namespace sluice::api
