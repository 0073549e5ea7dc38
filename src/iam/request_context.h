#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "iam/principal.h"

namespace sluice::iam {

/// One condition key of a request. Single-valued keys hold exactly one value; multivalued ones (aws:TagKeys,
/// <issuer>:amr, <issuer>:oaud) any number, and only the set operators match those.
struct ContextValue {
  std::string key;         ///< spelled as first set
  std::string lookup_key;  ///< lower case
  std::vector<std::string> values;
  bool is_multivalued = false;
};

/// The condition keys of one request. Names compare without case, values are bytes. A key that is not there is
/// "missing", which every operator treats in its own way (condition.h). Not thread-safe while being filled.
class RequestContext {
 public:
  void set(std::string_view key, std::string value);  ///< replaces
  void set_list(std::string_view key, std::vector<std::string> values);
  /// `lookup_key` is lower case already. nullptr when missing.
  const ContextValue* find(std::string_view lookup_key) const;
  const std::vector<ContextValue>& values() const { return values_; }

 private:
  ContextValue& slot(std::string_view key);
  std::vector<ContextValue> values_;
};

/// What a request knows beside its caller.
struct RequestFacts {
  UnixSeconds now = 0;
  std::string source_ip;     ///< without port; "" when unknown
  bool is_secure = false;    ///< TLS
  std::string user_agent;
  std::string requested_region;
};

/// The global keys that AWS fills in for a caller and a request: aws:PrincipalArn (the role's ARN for a session),
/// aws:PrincipalAccount, aws:PrincipalType, aws:userid, aws:PrincipalTag/*, aws:TokenIssueTime, aws:FederatedProvider,
/// <issuer>:sub, :aud and extra_keys, aws:CurrentTime, aws:EpochTime, aws:SecureTransport, aws:SourceIp, aws:UserAgent,
/// aws:RequestedRegion, aws:PrincipalIsAWSService. For PrincipalKind::kWebIdentity: aws:PrincipalType is "User",
/// aws:userid the provider's ARN, and there is no aws:PrincipalArn (observed on AWS).
RequestContext make_context(const Principal& principal, const RequestFacts& facts);

}  // namespace sluice::iam
