#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "base/result.h"
#include "iam/condition.h"
#include "iam/policy_text.h"

namespace sluice::iam {

/// What a document is for decides which elements it must and must not have.
enum class PolicyKind : uint8_t {
  kIdentity,  ///< inline or managed policy of a role, boundary: no principal
  kSession,   ///< passed to AssumeRole*: as kIdentity
  kTrust,     ///< who may assume a role: principal, no resource, sts actions only
  kResource,  ///< attached to a workspace: principal and resource
};
std::string_view to_string(PolicyKind kind);

enum class Effect : uint8_t { kAllow, kDeny };

/// Whom a statement speaks of. `{"AWS": "*"}` and `"*"` are kAnyone, `{"Federated": ..}` never is.
struct StatementPrincipal {
  enum class Type : uint8_t { kAnyone, kAws, kFederated, kService, kCanonicalUser };
  Type type = Type::kAnyone;
  std::string value;  ///< an account's number is kept as arn:aws:iam::<account>:root
};

/// One statement, compiled. Empty lists stand for an absent element.
struct Statement {
  std::string sid;    ///< "" when absent or empty
  Effect effect = Effect::kAllow;
  bool has_principal = false;
  bool is_not_principal = false;
  std::vector<StatementPrincipal> principals;
  bool is_not_action = false;
  std::vector<std::string> actions;           ///< lower case, wildcards compiled
  std::vector<std::string> action_sources;    ///< as written
  bool is_not_resource = false;
  std::vector<PolicyText> resources;
  std::vector<Condition> conditions;          ///< all must match
};

/// A policy document, parsed, checked and compiled. Immutable, shared between threads.
struct CompiledPolicy {
  PolicyKind kind = PolicyKind::kIdentity;
  std::string version;   ///< "2008-10-17" or "2012-10-17"
  std::string id;
  std::vector<Statement> statements;
};

/// Parses a document. Strict JSON (duplicate members are refused: most parsers keep the last condition silently);
/// element names and values as IAM's grammar has them; bounds kPolicyBytesMax, kPolicyJsonDepthMax,
/// kPolicyStatementsMax, kPolicyTextBytesMax. An empty Sid counts as none. kMalformed with AWS's
/// MalformedPolicyDocument text where it is known, else one that names the place
/// ("Statement[2].Condition.StringEquals"); kTooLarge over a bound.
Result<std::shared_ptr<const CompiledPolicy>> parse_policy(PolicyKind kind, std::string_view text);

/// 400 MalformedPolicyDocument, the answer to the error above.
aws::AwsError malformed_policy(const Error& error);

/// The document's size as IAM counts it: characters without white space outside of strings.
size_t policy_size(std::string_view text);

}  // namespace sluice::iam
