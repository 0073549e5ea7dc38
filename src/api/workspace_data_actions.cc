#include "api/workspace_data_actions.h"

#include <fmt/format.h>

#include "api/query_parameters.h"
#include "base/json.h"
#include "http/form.h"

namespace sluice::api {
namespace {

http::Response failed(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kMalformed:
    case ErrorCode::kTooLarge: return http::Response::text(400, error.message + "\n");
    case ErrorCode::kConflict: return http::Response::text(409, error.message + "\n");
    case ErrorCode::kNotFound: return http::Response::text(404, error.message + "\n");
    default: return http::Response::text(503, error.message + "\n");
  }
}

Result<http::Form> form_of(const http::Request& request) {
  SLUICE_ASSIGN(auto form, http::Form::parse(request.query()));
  SLUICE_ASSIGN(const auto body, http::Form::parse(request.body));
  form.append(body);
  return form;
}

std::string as_json(const tsdb::WorkspaceDb::Deletion& deletion) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("headSeries", static_cast<int64_t>(deletion.head_series));
  json.member("headSamples", static_cast<int64_t>(deletion.head_samples));
  json.member("blockSeries", static_cast<int64_t>(deletion.block_series));
  json.member("blocks", static_cast<int64_t>(deletion.blocks));
  json.end_object();
  return out;
}

std::string as_text(const tsdb::WorkspaceDb::Deletion& deletion) {
  return fmt::format("deleted {} samples of {} series in the head; in {} blocks, what {} series have there\n",
                     deletion.head_samples, deletion.head_series, deletion.blocks, deletion.block_series);
}

Result<http::Response> delete_series(WorkspaceData& data, const http::Request& request, std::string_view id) {
  SLUICE_ASSIGN(const auto form, form_of(request));
  SLUICE_ASSIGN(const auto selectors, match_parameters(form, true));
  SLUICE_ASSIGN(const auto range, range_parameters(form));
  SLUICE_ASSIGN(const auto deletion, data.delete_series(id, selectors, range, request.request_id));
  const std::string* format = form.find("format");
  if (format != nullptr && *format == "text") return http::Response::text(200, as_text(deletion));
  return http::Response::json(200, as_json(deletion));
}

Result<http::Response> snapshot(WorkspaceData& data, const http::Request& request, std::string_view id) {
  SLUICE_ASSIGN(const auto made, data.snapshot(id, request.request_id));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("path", std::string_view(made.path));
  json.member("blocks", static_cast<int64_t>(made.blocks));
  json.member("headSamples", static_cast<int64_t>(made.head_samples));
  json.end_object();
  return http::Response::json(200, out);
}

Result<http::Response> import_blocks(WorkspaceData& data, const http::Request& request, std::string_view id) {
  SLUICE_ASSIGN(const auto form, form_of(request));
  const std::string* name = form.find("name");
  SLUICE_ASSIGN(const size_t blocks, data.import_blocks(id, name == nullptr ? "" : *name, request.request_id));
  return http::Response::json(200, fmt::format(R"({{"blocks":{}}})", blocks));
}

using Action = Result<http::Response> (*)(WorkspaceData&, const http::Request&, std::string_view);
auto answering(WorkspaceData& data, Action action) {
  return [&data, action](const http::Request& request, std::string_view id) {
    auto answer = action(data, request, id);
    return answer ? *std::move(answer) : failed(answer.error());
  };
}

}  // namespace

void add_workspace_data_actions(AdminRoutes& routes, WorkspaceData& data) {
  routes.add({"POST", "/-/delete-series", "workspace id",
              "deletes samples: match[] (repeatable), start, end as in Prometheus", answering(data, delete_series)});
  routes.add({"POST", "/-/snapshot-workspace", "workspace id",
              "copies a workspace as blocks, by hard links, into snapshots/ of the data directory",
              answering(data, snapshot)});
  routes.add({"POST", "/-/import-blocks", "workspace id",
              "takes over blocks that `sluice tsdb import` has prepared: name=ULID", answering(data, import_blocks)});
}

}  // namespace sluice::api
