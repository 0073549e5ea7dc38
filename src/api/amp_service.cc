#include "api/amp_service.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "api/amp_input.h"
#include "api/amp_operations.h"
#include "api/amp_workspaces.h"
#include "aws/rest_json.h"
#include "base/check.h"
#include "base/encoding.h"
#include "catalog/ids.h"

namespace sluice::api {
namespace {

const AmpOperation& operation_at(int route) {
  const auto operations = amp_operations();
  SLUICE_CHECK(route >= 0 && static_cast<size_t>(route) < operations.size(), "a route of match() is expected");
  return operations[static_cast<size_t>(route)];
}

/// The resource of operations on no workspace in particular, as AMP names it in its denials.
std::string collection_arn(const AmpCall& call) {
  return fmt::format("arn:aws:aps:{}:{}:/workspaces", call.region, call.account_id);
}

void add_tag_keys(OperationPlan& plan, const AmpCall& call) {
  std::vector<std::string> keys = call.tag_keys;
  for (const auto& [key, value] : call.tags) {
    plan.context_keys.set("aws:RequestTag/" + key, value);
    keys.push_back(key);
  }
  if (!keys.empty()) plan.context_keys.set_list("aws:TagKeys", std::move(keys));
}

}  // namespace

AmpService::AmpService(catalog::Catalog& catalog, WorkspaceStorage& storage, DeletedWorkspaces& deleted,
                       const Clock& clock, Logger& logger, AmpOptions options)
    : catalog_(catalog), storage_(storage), deleted_(deleted), clock_(clock), logger_(logger),
      options_(std::move(options)) {
  int route = 0;
  for (const AmpOperation& operation : amp_operations()) routes_.add(operation.method, operation.pattern, route++);
}

std::string_view AmpService::operation_name(int route) { return operation_at(route).name; }

bool AmpService::is_mutating(int route) { return operation_at(route).is_mutating; }

std::expected<AmpCall, aws::AwsError> AmpService::plan(int route, const http::PathParameters& path,
                                                       std::string_view raw_query, std::string_view body,
                                                       std::string_view account_id, std::string_view region) const {
  const AmpOperation& operation = operation_at(route);
  if (operation.id == AmpOperationId::kNotOffered)
    return std::unexpected(aws::validation_exception(
        fmt::format("{} is not offered by this server yet", operation.name), "UNKNOWN_OPERATION"));
  AmpCall call;
  call.operation = route;
  call.account_id = account_id;
  call.region = region;
  SLUICE_TRY(read_amp_input(operation.id, path, raw_query, body, call));

  call.plan.operation = operation.name;
  const std::string action = fmt::format("aps:{}", operation.name);
  add_tag_keys(call.plan, call);
  if (operation.id == AmpOperationId::kListWorkspaces) {
    call.plan.permissions.push_back({action, collection_arn(call)});
    return call;
  }
  if (operation.id == AmpOperationId::kCreateWorkspace) {
    call.workspace_id = catalog::make_workspace_id();
    call.plan.permissions.push_back({action, collection_arn(call)});
    // Tags need their own permission, asked for the workspace as it will be.
    if (!call.tags.empty())
      call.plan.permissions.push_back(
          {"aps:TagResource", catalog::workspace_arn(call.region, call.account_id, call.workspace_id)});
    return call;
  }
  AmpWorkspaces workspaces{catalog_, storage_, deleted_, clock_, logger_, options_.public_base_url};
  SLUICE_ASSIGN(const catalog::WorkspacePtr workspace, workspaces.find(call));
  call.plan.permissions.push_back(
      {action, workspace != nullptr ? workspace->arn
                                    : catalog::workspace_arn(call.region, call.account_id, call.workspace_id)});
  if (workspace != nullptr)
    for (const auto& [key, value] : workspace->tags) call.plan.context_keys.set("aws:ResourceTag/" + key, value);
  return call;
}

std::expected<AmpAnswer, aws::AwsError> AmpService::execute(const AmpCall& call) const {
  const AmpOperation& operation = operation_at(call.operation);
  AmpWorkspaces workspaces{catalog_, storage_, deleted_, clock_, logger_, options_.public_base_url};
  std::expected<std::string, aws::AwsError> body = "";
  switch (operation.id) {
    case AmpOperationId::kCreateWorkspace: body = workspaces.create(call); break;
    case AmpOperationId::kDescribeWorkspace: body = workspaces.describe(call); break;
    case AmpOperationId::kListWorkspaces: body = workspaces.list(call); break;
    case AmpOperationId::kDeleteWorkspace: body = workspaces.remove(call); break;
    case AmpOperationId::kUpdateWorkspaceAlias: body = workspaces.update_alias(call); break;
    case AmpOperationId::kTagResource: body = workspaces.tag(call); break;
    case AmpOperationId::kUntagResource: body = workspaces.untag(call); break;
    case AmpOperationId::kListTagsForResource: body = workspaces.list_tags(call); break;
    case AmpOperationId::kDescribeLoggingConfiguration: body = workspaces.describe_logging(call); break;
    case AmpOperationId::kNotOffered: SLUICE_CHECK(false, "plan() refuses what is not offered");
  }
  if (!body) return std::unexpected(std::move(body).error());
  return AmpAnswer{operation.status, std::move(*body)};
}

Result<void> AmpService::reconcile() {
  SLUICE_ASSIGN(const auto all, catalog_.all_workspaces());
  for (const catalog::Workspace& workspace : all) {
    if (workspace.status == catalog::WorkspaceStatus::kCreating) {
      SLUICE_TRY(storage_.create(workspace.id));
      SLUICE_TRY(catalog_.update_workspace(workspace.id, [](catalog::Workspace& unfinished) -> Result<void> {
        unfinished.status = catalog::WorkspaceStatus::kActive;
        return {};
      }));
      logger_.info("finished a workspace's creation that was cut short", {{"workspace", workspace.id}});
    } else if (workspace.status == catalog::WorkspaceStatus::kDeleting) {
      SLUICE_TRY(deleted_.remove(workspace.id, ""));
      logger_.info("finished a workspace's deletion that was cut short", {{"workspace", workspace.id}});
    }
  }
  return deleted_.reconcile();
}

}  // namespace sluice::api
