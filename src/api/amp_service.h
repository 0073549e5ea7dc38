#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "api/deleted_workspaces.h"
#include "api/operation_plan.h"
#include "api/workspace_storage.h"
#include "aws/error.h"
#include "base/clock.h"
#include "base/log.h"
#include "catalog/catalog.h"
#include "http/router.h"

namespace sluice::api {

struct AmpOptions {
  /// Where clients reach this server, without a trailing slash: "https://metrics.example:9009". Becomes
  /// prometheusEndpoint.
  std::string public_base_url;
};

/// A planned call of AMP's control plane: the permissions, and what was read from path, query and body.
struct AmpCall {
  OperationPlan plan;
  int operation = -1;        ///< index into the operations' table
  std::string account_id;    ///< the caller's
  std::string region;        ///< of the request's scope
  std::string workspace_id;  ///< from the path or the ARN; for CreateWorkspace the id it will have
  std::string alias;
  iam::Tags tags;
  std::vector<std::string> tag_keys;
  std::string client_token;
  size_t results_max = 0;
  std::string next_token;
};

struct AmpAnswer {
  int status = 200;
  std::string body;  ///< JSON, or "" where the model has no output
};

/// AMP's control plane (restJson, signing name `aps`) over the catalog and the workspaces' storage:
///
///   match(method, path)  -> which operation
///   plan(...)            -> is it well formed and offered, and which permissions does it need?
///   execute(call)        -> do it
///
/// Every route of the 44 operations is known; those not offered are refused by plan() with a ValidationException that
/// names the operation. Thread-safe. Calls block on the catalog and the storage: they belong on the compute pool.
class AmpService {
 public:
  AmpService(catalog::Catalog& catalog, WorkspaceStorage& storage, DeletedWorkspaces& deleted, const Clock& clock,
             Logger& logger, AmpOptions options);

  /// Finishes creations and deletions that a crash cut short. Called once at start, before requests.
  Result<void> reconcile();

  /// The operation of a path; Match::route goes to plan(). The raw path is split before decoding.
  http::RouteTable::Match match(std::string_view method, std::string_view raw_path) const {
    return routes_.match(method, raw_path);
  }
  /// "CreateWorkspace" for a route of match().
  static std::string_view operation_name(int route);
  /// Whether the operation changes anything: such calls belong in the audit.
  static bool is_mutating(int route);

  /// ValidationException with reason CANNOT_PARSE, FIELD_VALIDATION_FAILED (and fieldList), UNKNOWN_OPERATION (not
  /// offered) or OTHER. `raw_query` is without '?'; `region` is that of the request's SigV4 scope.
  std::expected<AmpCall, aws::AwsError> plan(int route, const http::PathParameters& path, std::string_view raw_query,
                                             std::string_view body, std::string_view account_id,
                                             std::string_view region) const;

  /// ResourceNotFoundException, ConflictException, ServiceQuotaExceededException as the model has them; 503
  /// InternalServerException when catalog or storage is the cause (logged).
  std::expected<AmpAnswer, aws::AwsError> execute(const AmpCall& call) const;

 private:
  catalog::Catalog& catalog_;
  WorkspaceStorage& storage_;
  DeletedWorkspaces& deleted_;
  const Clock& clock_;
  Logger& logger_;
  AmpOptions options_;
  http::RouteTable routes_;
};

}  // namespace sluice::api
