#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "api/iam_parameters.h"
#include "aws/error.h"
#include "aws/validation.h"
#include "base/log.h"
#include "catalog/catalog.h"

/// IAM's operations as a table: what tests compare with the API model, and where a reader finds an operation.
namespace sluice::api {

using IamResult = std::expected<std::string, aws::AwsError>;

/// Which resource an operation is about, and how the call names it.
enum class IamResource : uint8_t {
  kNewProvider,   ///< Url
  kProvider,      ///< OpenIDConnectProviderArn
  kProviderList,
  kNewRole,       ///< Path and RoleName
  kRole,          ///< RoleName
  kRoleList,      ///< PathPrefix
  kNewPolicy,     ///< Path and PolicyName
  kPolicy,        ///< PolicyArn
  kPolicyList,
};

/// The resource a call turned out to mean. The pointers are of the caller's account only; null when there is none.
struct IamTarget {
  std::string arn;
  catalog::ProviderPtr provider;
  catalog::RolePtr role;
  catalog::PolicyPtr policy;
};

/// What a handler works with; views live as long as the call.
struct IamCall {
  catalog::Catalog& catalog;
  Logger& logger;
  const aws::Parameters& parameters;
  std::string_view account_id;
  IamTarget target;
};

struct IamOperation {
  std::string_view name;
  std::span<const aws::ParameterRule> scalars;
  std::span<const ListRule> lists;
  IamResource resource;
  bool is_mutating;
  IamResult (*execute)(IamCall& call);
  /// The permission that Tags in a creation need besides; "" for none.
  std::string_view tag_action = {};
};

/// In the order of the entities; names are unique.
std::span<const IamOperation> iam_operations();
/// nullptr when it is not offered.
const IamOperation* find_iam_operation(std::string_view name);

/// Finds what the call is about. A missing entity is no error here; a URL or ARN that cannot be one is.
std::expected<IamTarget, aws::AwsError> resolve(IamResource resource, const IamCall& call);

/// An Error of the catalog as IAM's: NoSuchEntity, EntityAlreadyExists, DeleteConflict, LimitExceeded, InvalidInput
/// with its message; anything else is logged and becomes 503 ServiceUnavailable.
std::unexpected<aws::AwsError> catalog_error(const IamCall& call, const Error& error);
std::unexpected<aws::AwsError> iam_error(int status, std::string_view code, std::string message);

}  // namespace sluice::api
