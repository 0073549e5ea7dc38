#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "iam/policy.h"

namespace sluice::iam {

/// The labels of one series, as a residual asks for them.
class LabelLookup {
 public:
  virtual ~LabelLookup() = default;
  /// "" when the series has no such label, as PromQL has it. Valid while the lookup lives.
  virtual std::string_view value_of(std::string_view name) const = 0;
};

/// What is left of a decision that depends on the data touched: "yes, for series with env=prod". Asked once a series.
/// Immutable, thread-safe.
class LabelResidual {
 public:
  virtual ~LabelResidual() = default;
  virtual bool allows(const LabelLookup& labels) const = 0;
  /// For decision records and the console: `env="prod"`.
  virtual std::string describe() const = 0;
};

enum class Outcome : uint8_t {
  kAllow,
  kExplicitDeny,  ///< a Deny statement matched
  kImplicitDeny,  ///< nothing allowed it
};
std::string_view to_string(Outcome outcome);

/// Where a policy hangs. Decides the words of the denial.
enum class PolicySource : uint8_t { kIdentityInline, kIdentityManaged, kResource, kTrust, kBoundary, kSession };
std::string_view to_string(PolicySource source);

/// A statement's address.
struct StatementRef {
  PolicySource source = PolicySource::kIdentityInline;
  std::string policy;  ///< inline: its name; managed and boundary: ARN; trust: the role's ARN; resource: the resource's
  size_t index = 0;  ///< of the statement, from 0
  std::string sid;

  /// `inline policy "write", statement 0 (Sid "AllowWrite")`
  std::string describe() const;
};

enum class StatementElement : uint8_t { kPrincipal, kAction, kResource, kCondition };
std::string_view to_string(StatementElement element);

/// Why a statement that could have decided did not: its first element that did not match.
struct NearMiss {
  StatementRef statement;
  Effect effect = Effect::kAllow;
  StatementElement element = StatementElement::kAction;
  std::string condition_operator;  ///< "StringEquals"; conditions only
  std::string key;  ///< condition key as the policy spells it
  std::string seen;  ///< the request's value; "(missing)" for a key that is not there
  std::string wanted;  ///< the policy's
  std::string hint;  ///< what is probably meant; "" when nothing comes to mind

  /// One line for a decision record.
  std::string describe() const;
};

/// The answer to "may this caller do that".
struct Decision {
  Outcome outcome = Outcome::kImplicitDeny;
  /// The statement that decided; none for implicit denials and for the account's root.
  std::optional<StatementRef> deciding;
  /// Which layer said no (kIdentityManaged stands for identity policies as a whole). Meaningless with kAllow.
  PolicySource denied_by = PolicySource::kIdentityManaged;
  /// With kAllow: the statement names the caller's account, not the caller, and so only delegates: an identity policy
  /// must allow too. evaluate() has seen to that; after evaluate_trust() its caller must.
  bool delegates_to_account = false;
  /// With kAllow: null when nothing is left to ask, else asked for each series.
  std::shared_ptr<const LabelResidual> residual;
  /// With kImplicitDeny: Allow statements, nearest first (the more elements matched, the nearer), kNearMissesMax at
  /// most.
  std::vector<NearMiss> near_misses;

  bool is_allowed() const { return outcome == Outcome::kAllow; }
};

}  // namespace sluice::iam
