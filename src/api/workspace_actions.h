#pragma once

#include "api/admin_routes.h"
#include "api/deleted_workspaces.h"

namespace sluice::api {

/// What the operator can do with workspaces, as actions of the admin listener:
///
///   GET  /-/deleted-workspaces       JSON: {"workspaces":[{"workspaceId", "accountId", "alias", "deletedAt",
///                                    "keptUntil"}]}, by deletion; ?format=text for people
///   POST /-/undelete-workspace/{id}  200 with a line of what came back; 404, 409 (quota), 503
///
/// `deleted` outlives the routes.
void add_workspace_actions(AdminRoutes& routes, DeletedWorkspaces& deleted);

}  // namespace sluice::api
