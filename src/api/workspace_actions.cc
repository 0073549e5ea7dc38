#include "api/workspace_actions.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "http/form.h"

namespace sluice::api {
namespace {

http::Response failed(const Error& error) {
  switch (error.code) {
    case ErrorCode::kNotFound: return http::Response::text(404, error.message + "\n");
    case ErrorCode::kQuotaExceeded:
    case ErrorCode::kConflict: return http::Response::text(409, error.message + "\n");
    default: return http::Response::text(503, error.message + "\n");
  }
}

std::string as_text(const std::vector<DeletedWorkspaceEntry>& entries) {
  if (entries.empty()) return "no deleted workspace is kept\n";
  std::string out;
  for (const auto& [workspace, deleted_at_ms, kept_until_ms] : entries) {
    out += fmt::format("{}  deleted {}  kept until {}  account {}  {}\n", workspace.id,
                       format_iso8601(deleted_at_ms / 1000), format_iso8601(kept_until_ms / 1000), workspace.account_id,
                       printable(workspace.alias, 200));
  }
  return out;
}

std::string as_json(const std::vector<DeletedWorkspaceEntry>& entries) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("workspaces");
  json.begin_array();
  for (const auto& [workspace, deleted_at_ms, kept_until_ms] : entries) {
    json.begin_object();
    json.member("workspaceId", std::string_view(workspace.id));
    json.member("accountId", std::string_view(workspace.account_id));
    json.member("alias", std::string_view(workspace.alias));
    json.member("deletedAt", std::string_view(format_iso8601_ms(deleted_at_ms)));
    json.member("keptUntil", std::string_view(format_iso8601_ms(kept_until_ms)));
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

http::Response list(DeletedWorkspaces& deleted, const http::Request& request) {
  const auto entries = deleted.list();
  if (!entries) return failed(entries.error());
  const auto form = http::Form::parse(request.query());
  const std::string* format = form ? form->find("format") : nullptr;
  if (format != nullptr && *format == "text") return http::Response::text(200, as_text(*entries));
  return http::Response::json(200, as_json(*entries));
}

http::Response undelete(DeletedWorkspaces& deleted, const http::Request& request, std::string_view id) {
  const auto restored = deleted.undelete(id, request.request_id);
  if (!restored) return failed(restored.error());
  return http::Response::text(
      200,
      fmt::format("workspace {} is back{}\n", restored->id,
                  restored->alias.empty() ? std::string() : fmt::format(" ({})", printable(restored->alias, 200))));
}

}  // namespace

void add_workspace_actions(AdminRoutes& routes, DeletedWorkspaces& deleted) {
  routes.add({"GET", "/-/deleted-workspaces", "", "deleted workspaces that are still kept; ?format=text for people",
              [&deleted](const http::Request& request, std::string_view) { return list(deleted, request); }});
  routes.add(
      {"POST", "/-/undelete-workspace", "workspace id", "brings a deleted workspace back",
       [&deleted](const http::Request& request, std::string_view id) { return undelete(deleted, request, id); }});
}

}  // namespace sluice::api
