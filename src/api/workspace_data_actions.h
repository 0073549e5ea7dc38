#pragma once

#include "api/admin_routes.h"
#include "api/workspace_data.h"

namespace sluice::api {

/// What the operator can do with a workspace's samples, as actions of the admin listener:
///
///   POST /-/delete-series/{id}?match[]=SELECTOR&start=TIME&end=TIME
///        match[] once or more often, each with a matcher that refuses the empty string; start and end, inclusive, as
///        in Prometheus' API, by default all of time. 200 with JSON: {"headSeries", "headSamples", "blockSeries",
///        "blocks"}, or with format=text a line for people; 400, 404, 503
///   POST /-/snapshot-workspace/{id}
///        200 with JSON: {"path", "blocks", "headSamples"}; 404, 503
///   POST /-/import-blocks/{id}?name=ULID
///        takes over the blocks that `sluice tsdb import` has put below imports/ULID of the data directory. 200 with
///        JSON: {"blocks"}; 400, 404, 409, 503
///
/// Parameters stand in the URL or in a form body. `data` outlives the routes.
void add_workspace_data_actions(AdminRoutes& routes, WorkspaceData& data);

}  // namespace sluice::api
