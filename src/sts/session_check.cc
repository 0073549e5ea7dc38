#include "sts/session_check.h"

#include <fmt/core.h>

#include "base/encoding.h"

namespace sluice::sts {
namespace {

using aws::SigV4Refusal;
using diagnosis::RuleId;

constexpr size_t kShownIdBytes = 32;

SessionRefusal refuse(SigV4Refusal reason, RuleId rule, std::string seen, std::string wanted,
                      std::string_view detail = {}) {
  return {.failure = aws::refuse(reason, seen, wanted), .finding = diagnosis::make_finding(rule, seen, wanted, detail)};
}

RuleId rule_of(UnsealRefusal refusal) {
  switch (refusal) {
    case UnsealRefusal::kOtherAccessKeyId: return RuleId::kSessionTokenOtherKey;
    case UnsealRefusal::kUnknownSealingKey: return RuleId::kSessionSealingKeyUnknown;
    case UnsealRefusal::kMalformed:
    case UnsealRefusal::kUnknownVersion:
    case UnsealRefusal::kTampered:
    case UnsealRefusal::kClaimsUnreadable: break;
  }
  return RuleId::kSessionTokenInvalid;
}

}  // namespace

SessionRefusal refuse_session(UnsealRefusal refusal) {
  return refuse(SigV4Refusal::kSessionTokenInvalid, rule_of(refusal), "a session token that does not open",
                "the token issued with this access key id", describe(refusal));
}

SessionRefusal refuse_access_key(std::string_view access_key_id, bool has_token) {
  const std::string shown = printable(access_key_id, kShownIdBytes);
  switch (classify_access_key_id(access_key_id)) {
    case AccessKeyKind::kSession:
      if (!has_token) {
        return refuse(SigV4Refusal::kSessionTokenMissing, RuleId::kSessionTokenMissing, shown,
                      "the session token that was issued with it");
      }
      break;
    case AccessKeyKind::kForeignSession:
      return refuse(SigV4Refusal::kUnknownAccessKey, RuleId::kSessionForeignAccessKey, shown,
                    "temporary credentials issued by this server (ASIASLU0...)");
    case AccessKeyKind::kLongLived:
    case AccessKeyKind::kForeign: break;
  }
  return refuse(SigV4Refusal::kUnknownAccessKey, RuleId::kSessionUnknownAccessKey, shown,
                "an access key id of this server");
}

std::optional<SessionRefusal> check_session_entities(const SessionClaims& claims, const iam::Role* role,
                                                     const iam::OidcProvider* provider) {
  if (role == nullptr || role->id != claims.role_id) {
    return refuse(SigV4Refusal::kSessionRoleGone, RuleId::kSessionRoleGone,
                  fmt::format("{} ({})", claims.role_arn, claims.role_id),
                  role == nullptr ? "a role that exists" : fmt::format("the role of now, {}", role->id));
  }
  if (provider == nullptr || provider->id != claims.provider_id) {
    return refuse(SigV4Refusal::kSessionRoleGone, RuleId::kSessionProviderGone, claims.provider_arn,
                  provider == nullptr ? "a provider that exists" : "the provider of now, which was made later");
  }
  return std::nullopt;
}

std::optional<SessionRefusal> check_session_expiry(const SessionClaims& claims, UnixSeconds now) {
  if (now < claims.expires_at) return std::nullopt;
  return refuse(SigV4Refusal::kSessionExpired, RuleId::kSessionExpired, format_iso8601(claims.expires_at),
                fmt::format("credentials that expire after {}", format_iso8601(now)));
}

}  // namespace sluice::sts
