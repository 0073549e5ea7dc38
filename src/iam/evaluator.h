#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "iam/decision.h"
#include "iam/policy.h"
#include "iam/principal.h"
#include "iam/request_context.h"

/// Evaluation of policies: pure, thread-safe, without I/O and without a clock. Enforcement and explanation share one
/// code path: near misses are gathered by the very functions that decide, in a second pass that runs for implicit
/// denials only.
namespace sluice::iam {

/// A compiled policy with its address.
struct AttachedPolicy {
  PolicySource source = PolicySource::kIdentityInline;
  std::string name;  ///< see StatementRef::policy
  std::shared_ptr<const CompiledPolicy> policy;
};

/// Everything that may speak about a caller and a resource. Empty boundary and session mean that there is none.
struct PolicySet {
  std::vector<AttachedPolicy> identity;  ///< the role's inline and managed policies
  std::vector<AttachedPolicy> resource;  ///< attached to the resource
  std::vector<AttachedPolicy> boundary;
  std::vector<AttachedPolicy> session;
};

/// What is asked for.
struct AccessRequest {
  std::string_view action;         ///< "aps:RemoteWrite"
  std::string_view resource;       ///< an ARN, or "*" for actions that know none
  const RequestContext& context;   ///< make_context() and what the service adds
};

/// IAM's evaluation: an explicit Deny anywhere wins; then an Allow must come from identity or resource policies (both,
/// when the resource lies in another account), and from boundary and session policies where there are any. A resource
/// policy that names the session's own ARN is not limited by implicit denials of those two. The account's root needs no
/// Allow inside its own account.
Decision evaluate(const Principal& caller, const PolicySet& policies, const AccessRequest& request);

/// May `caller` assume the role by `action` (sts:AssumeRoleWithWebIdentity, sts:AssumeRole)? A role's trust policy must
/// allow explicitly, also inside the account. A web identity matches only {"Federated": <its provider's whole ARN>};
/// "AWS": "*" does not admit it.
Decision evaluate_trust(const Principal& caller, const CompiledPolicy& trust, std::string_view role_arn,
                        std::string_view action, const RequestContext& context);

/// "User: <arn> is not authorized to perform: <action> on resource: <arn> because no identity-based policy allows the
/// <action> action", or "... with an explicit deny in an identity-based policy", and their variants.
std::string denial_message(const Decision& decision, const Principal& caller, std::string_view action,
                           std::string_view resource);
/// 403 AccessDenied with that text (`code` for restJson: AccessDeniedException).
aws::AwsError access_denied(const Decision& decision, const Principal& caller, std::string_view action,
                            std::string_view resource, std::string_view code = "AccessDenied");

/// The paragraph of a decision record: outcome, deciding statement or near misses, one line each.
std::string explain(const Decision& decision);

}  // namespace sluice::iam
