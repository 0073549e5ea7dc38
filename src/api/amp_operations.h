#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "aws/validation.h"

/// AMP's control plane as a table: all 44 operations with their routes, of which some are offered.
namespace sluice::api {

enum class AmpOperationId : uint8_t {
  kCreateWorkspace,
  kDescribeWorkspace,
  kListWorkspaces,
  kDeleteWorkspace,
  kUpdateWorkspaceAlias,
  kTagResource,
  kUntagResource,
  kListTagsForResource,
  kDescribeLoggingConfiguration,
  kNotOffered,
};

struct AmpOperation {
  std::string_view name;
  std::string_view method;
  std::string_view pattern;  ///< of http::RouteTable; the model's requestUri
  AmpOperationId id = AmpOperationId::kNotOffered;
  int status = 202;          ///< of success
  bool is_mutating = false;  ///< meaningful for offered ones
};

/// A route of AmpService::match is an index into this.
std::span<const AmpOperation> amp_operations();

/// The rules of the model's shapes, by the name a caller sees in a fieldList.
namespace amp_rules {
extern const aws::ParameterRule kAlias;        ///< WorkspaceAlias
extern const aws::ParameterRule kClientToken;  ///< IdempotencyToken
extern const aws::ParameterRule kWorkspaceId;
extern const aws::ParameterRule kMaxResults;
extern const aws::ParameterRule kNextToken;    ///< PaginationToken
extern const aws::ParameterRule kTagKey;
extern const aws::ParameterRule kTagValue;
}  // namespace amp_rules

}  // namespace sluice::api
