#include "api/amp_workspaces.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "aws/rest_json.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "catalog/ids.h"
#include "crypto/digest.h"

namespace sluice::api {
namespace {

using catalog::Workspace;
using catalog::WorkspaceStatus;

constexpr std::string_view kResourceType = "workspace";

aws::AwsError missing(const AmpCall& call) {
  return aws::resource_not_found(fmt::format("Workspace not found: {}", printable(call.workspace_id, 128)),
                                 call.workspace_id, kResourceType);
}

void write_tags(JsonWriter& json, const iam::Tags& tags) {
  json.key("tags");
  json.begin_object();
  for (const auto& [key, value] : tags) json.member(key, std::string_view(value));
  json.end_object();
}

void write_status(JsonWriter& json, const Workspace& workspace) {
  json.key("status");
  json.begin_object();
  json.member("statusCode", to_string(workspace.status));
  json.end_object();
}

/// Members that descriptions and summaries share.
void write_summary(JsonWriter& json, const Workspace& workspace) {
  if (!workspace.alias.empty()) json.member("alias", std::string_view(workspace.alias));
  json.member("arn", std::string_view(workspace.arn));
  // A number of seconds with its fraction: restJson's timestamps.
  json.key("createdAt");
  json.raw(fmt::format("{}.{:03}", workspace.created_at_ms / 1000, workspace.created_at_ms % 1000));
  write_status(json, workspace);
  write_tags(json, workspace.tags);
  json.member("workspaceId", std::string_view(workspace.id));
}

/// Equal for creations that ask for the same.
std::string fingerprint_of(const AmpCall& call) {
  iam::Tags tags = call.tags;
  std::ranges::sort(tags);
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.member("alias", std::string_view(call.alias));
  write_tags(json, tags);
  json.end_object();
  return hex_encode(crypto::sha256(text));
}

/// "<creation ms>:<id>" of the last workspace of a page.
std::string token_after(const Workspace& workspace) {
  return base64url_encode(fmt::format("{}:{}", workspace.created_at_ms, workspace.id));
}

std::expected<std::pair<TimestampMs, std::string>, aws::AwsError> read_token(std::string_view token) {
  const auto text = base64url_decode(token);
  TimestampMs created_at_ms = 0;
  const size_t colon = text ? text->find(':') : std::string::npos;
  if (colon != std::string::npos &&
      std::from_chars(text->data(), text->data() + colon, created_at_ms).ptr == text->data() + colon)
    return std::pair(created_at_ms, text->substr(colon + 1));
  return std::unexpected(
      aws::validation_exception("nextToken was not made by this server", "FIELD_VALIDATION_FAILED", "nextToken"));
}

/// Not over a deletion that began meanwhile.
Result<void> set_active(Workspace& workspace) {
  if (workspace.status == WorkspaceStatus::kCreating) workspace.status = WorkspaceStatus::kActive;
  return {};
}

}  // namespace

std::expected<catalog::WorkspacePtr, aws::AwsError> AmpWorkspaces::find(const AmpCall& call) const {
  auto found = catalog.workspace(call.workspace_id);
  if (found) return (*found)->account_id == call.account_id ? *found : nullptr;
  if (found.error().code == ErrorCode::kNotFound) return nullptr;
  return failure(call, found.error());
}

std::expected<catalog::WorkspacePtr, aws::AwsError> AmpWorkspaces::existing(const AmpCall& call) const {
  SLUICE_ASSIGN(catalog::WorkspacePtr workspace, find(call));
  if (workspace == nullptr) return std::unexpected(missing(call));
  return workspace;
}

std::unexpected<aws::AwsError> AmpWorkspaces::failure(const AmpCall& call, const Error& error) const {
  logger.error("an AMP call could not be carried out", {{"operation", call.plan.operation},
                                                        {"workspace", call.workspace_id},
                                                        {"code", to_string(error.code)},
                                                        {"error", error.message}});
  return std::unexpected(
      aws::AwsError{503, "InternalServerException", "The request could not be carried out now. Try again.", false, {}});
}

AmpWorkspaces::Answer AmpWorkspaces::change(const AmpCall& call, std::string body,
                                            const std::function<Result<void>(Workspace&)>& change) const {
  auto changed = catalog.update_workspace(call.workspace_id, [&](Workspace& workspace) -> Result<void> {
    if (workspace.status == WorkspaceStatus::kDeleting)
      return fail(ErrorCode::kConflict, fmt::format("Workspace {} is being deleted", workspace.id));
    return change(workspace);
  });
  if (changed) return body;
  const Error& error = changed.error();
  switch (error.code) {
    case ErrorCode::kNotFound: return std::unexpected(missing(call));
    case ErrorCode::kConflict: return std::unexpected(aws::conflict(error.message, call.workspace_id, kResourceType));
    case ErrorCode::kQuotaExceeded:
      return std::unexpected(aws::validation_exception(error.message, "FIELD_VALIDATION_FAILED", "tags"));
    default: return failure(call, error);
  }
}

AmpWorkspaces::Answer AmpWorkspaces::create(const AmpCall& call) const {
  Workspace draft;
  draft.id = call.workspace_id;
  draft.account_id = call.account_id;
  draft.region = call.region;
  draft.arn = catalog::workspace_arn(call.region, call.account_id, call.workspace_id);
  draft.alias = call.alias;
  draft.tags = call.tags;
  draft.created_at_ms = clock.now_ms();
  std::optional<catalog::Idempotency> idempotency;
  if (!call.client_token.empty()) idempotency = {call.client_token, fingerprint_of(call)};

  auto made = catalog.create_workspace(std::move(draft), idempotency);
  if (!made && made.error().code == ErrorCode::kConflict)
    return std::unexpected(aws::conflict(made.error().message, call.client_token, "clientToken"));
  if (!made && made.error().code == ErrorCode::kQuotaExceeded) {
    aws::AwsError error = aws::quota_exceeded(made.error().message, call.account_id, "account");
    error.extra_members.set("serviceCode", "aps");
    error.extra_members.set("quotaCode", "WorkspacesPerAccount");
    return std::unexpected(std::move(error));
  }
  if (!made) return failure(call, made.error());
  // Also when an earlier call with this token made the row: it may have been cut short before the storage.
  if (made->status == WorkspaceStatus::kCreating) {
    if (auto stored = storage.create(made->id); !stored) {
      // The caller is told that nothing was made, so nothing may stay. Should this fail too, reconcile() goes on.
      const bool is_own = made->id == call.workspace_id;
      if (auto undone = is_own ? catalog.delete_workspace(made->id, "") : Result<void>(); !undone)
        return failure(call, undone.error());
      return failure(call, stored.error());
    }
    if (auto active = catalog.update_workspace(made->id, set_active); !active) return failure(call, active.error());
    made->status = WorkspaceStatus::kActive;
  }
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("arn", std::string_view(made->arn));
  write_status(json, *made);
  write_tags(json, made->tags);
  json.member("workspaceId", std::string_view(made->id));
  json.end_object();
  return out;
}

AmpWorkspaces::Answer AmpWorkspaces::describe(const AmpCall& call) const {
  SLUICE_ASSIGN(const catalog::WorkspacePtr workspace, existing(call));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("workspace");
  json.begin_object();
  // With the trailing slash: clients append "api/v1/remote_write" to it.
  json.member("prometheusEndpoint", std::string_view(fmt::format("{}/workspaces/{}/", public_base_url, workspace->id)));
  write_summary(json, *workspace);
  json.end_object();
  json.end_object();
  return out;
}

AmpWorkspaces::Answer AmpWorkspaces::list(const AmpCall& call) const {
  auto all = catalog.workspaces(call.account_id);
  if (!all) return failure(call, all.error());
  std::erase_if(*all, [&](const Workspace& workspace) { return !workspace.alias.starts_with(call.alias); });
  if (!call.next_token.empty()) {
    SLUICE_ASSIGN(const auto after, read_token(call.next_token));
    std::erase_if(*all, [&](const Workspace& w) { return std::pair(w.created_at_ms, w.id) <= after; });
  }
  const size_t count = std::min(all->size(), call.results_max);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  if (count < all->size()) json.member("nextToken", std::string_view(token_after((*all)[count - 1])));
  json.key("workspaces");
  json.begin_array();
  for (size_t i = 0; i < count; ++i) {
    json.begin_object();
    write_summary(json, (*all)[i]);
    json.end_object();
  }
  json.end_array();
  json.end_object();
  return out;
}

AmpWorkspaces::Answer AmpWorkspaces::remove(const AmpCall& call) const {
  SLUICE_ASSIGN(const catalog::WorkspacePtr workspace, find(call));
  if (workspace == nullptr) {
    if (call.client_token.empty()) return std::unexpected(missing(call));
    auto repeated = catalog.was_deleted_by(call.account_id, call.workspace_id, call.client_token);
    if (!repeated) return failure(call, repeated.error());
    if (!*repeated) return std::unexpected(missing(call));
    return "";
  }
  auto marked = catalog.update_workspace(call.workspace_id, [](Workspace& doomed) -> Result<void> {
    doomed.status = WorkspaceStatus::kDeleting;
    return {};
  });
  // Gone meanwhile: another call deleted it, which is what was asked for.
  if (!marked && marked.error().code == ErrorCode::kNotFound) return "";
  if (!marked) return failure(call, marked.error());
  auto removed = deleted.remove(call.workspace_id, call.client_token);
  if (!removed && removed.error().code != ErrorCode::kNotFound) return failure(call, removed.error());
  return "";
}

AmpWorkspaces::Answer AmpWorkspaces::update_alias(const AmpCall& call) const {
  SLUICE_TRY(existing(call));
  return change(call, "", [&](Workspace& workspace) -> Result<void> {
    workspace.alias = call.alias;
    return {};
  });
}

AmpWorkspaces::Answer AmpWorkspaces::tag(const AmpCall& call) const {
  SLUICE_TRY(existing(call));
  return change(call, "{}", [&](Workspace& workspace) -> Result<void> {
    for (const auto& tag : call.tags) {
      const auto present = std::ranges::find(workspace.tags, tag.first, &iam::Tags::value_type::first);
      if (present != workspace.tags.end()) {
        present->second = tag.second;
      } else {
        workspace.tags.push_back(tag);
      }
    }
    if (workspace.tags.size() > limits::kTagsPerResourceMax)
      return fail(ErrorCode::kQuotaExceeded, fmt::format("A workspace may have {} tags, this would make {}",
                                                         limits::kTagsPerResourceMax, workspace.tags.size()));
    return {};
  });
}

AmpWorkspaces::Answer AmpWorkspaces::untag(const AmpCall& call) const {
  SLUICE_TRY(existing(call));
  return change(call, "{}", [&](Workspace& workspace) -> Result<void> {
    std::erase_if(workspace.tags,
                  [&](const auto& tag) { return std::ranges::find(call.tag_keys, tag.first) != call.tag_keys.end(); });
    return {};
  });
}

AmpWorkspaces::Answer AmpWorkspaces::list_tags(const AmpCall& call) const {
  SLUICE_ASSIGN(const catalog::WorkspacePtr workspace, existing(call));
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_tags(json, workspace->tags);
  json.end_object();
  return out;
}

AmpWorkspaces::Answer AmpWorkspaces::describe_logging(const AmpCall& call) const {
  SLUICE_TRY(existing(call));
  return std::unexpected(
      aws::resource_not_found(fmt::format("No logging configuration found for workspace {}", call.workspace_id),
                              call.workspace_id, "loggingconfiguration"));
}

}  // namespace sluice::api
