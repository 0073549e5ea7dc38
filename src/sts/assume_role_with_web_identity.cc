// The second half of the exchange: the token, the role and its trust.
#include "sts/assume_role_with_web_identity.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "aws/query_protocol.h"
#include "aws/xml_writer.h"
#include "base/encoding.h"
#include "diagnosis/explain_policy.h"
#include "iam/evaluator.h"
#include "iam/policy.h"
#include "iam/request_context.h"

namespace sluice::sts {
namespace {

using diagnosis::RuleId;
using Refused = std::unexpected<ExchangeRefusal>;

constexpr std::string_view kAction = "sts:AssumeRoleWithWebIdentity";
constexpr std::string_view kTagsClaim = "https://aws.amazon.com/tags";
constexpr std::string_view kSourceIdentityClaim = "https://aws.amazon.com/source_identity";
constexpr std::string_view kRolesClaim = "https://aws.amazon.com/roles";
/// Bytes for what a session carries of its identity. AWS does not publish its own; with this, the
/// PackedPolicySize of usual tokens lies where AWS's does (24 to 34 %).
constexpr int64_t kPackedBytesMax = 1024;

Refused refuse(aws::AwsError error, diagnosis::Finding finding) {
  return Refused(ExchangeRefusal{.error = std::move(error), .finding = std::move(finding)});
}

/// One answer for a role that is missing and one that does not trust: who asks must not learn which.
Refused refuse_access(diagnosis::Finding finding) {
  return refuse(aws::AwsError::access_denied("Not authorized to perform sts:AssumeRoleWithWebIdentity"),
                std::move(finding));
}

Refused refuse_claim(std::string message, RuleId rule, std::string_view seen, std::string_view wanted) {
  return refuse({400, "InvalidIdentityToken", std::move(message)}, diagnosis::make_finding(rule, seen, wanted));
}

std::expected<oidc::VerifiedToken, ExchangeRefusal> verify_token(const WebIdentityRequest& request,
                                                                 const ExchangeFacts& facts) {
  const oidc::JwtClaims& claims = request.token.claims();
  if (facts.provider == nullptr || facts.provider->account_id != request.role.account_id) {
    return Refused(
        refuse_token({.refusal = oidc::JwtRefusal::kIssuerNotRegistered, .seen = claims.issuer}, facts.registered));
  }
  if (facts.keys == nullptr) {
    ExchangeRefusal refusal = refuse_token({.refusal = oidc::JwtRefusal::kKeysUnavailable});
    refusal.finding = facts.keys_problem;
    return Refused(std::move(refusal));
  }
  const oidc::VerifyRules rules{.issuer = facts.provider->issuer(),
                                .client_ids = facts.provider->client_ids,
                                .skew_seconds = facts.skew_seconds,
                                .lifetime_seconds_max = facts.token_lifetime_seconds_max};
  auto verified = oidc::verify(request.token, *facts.keys, rules, facts.now);
  if (!verified) return Refused(refuse_token(verified.error(), facts.registered));
  return *std::move(verified);
}

/// The claim, unless it is absent or null (which AWS takes as absent).
const JsonValue* find_claim(const oidc::VerifiedToken& token, std::string_view name) {
  const JsonValue* value = token.claims.find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::expected<void, ExchangeRefusal> check_unsupported_claims(const oidc::VerifiedToken& token) {
  for (const auto& [name, value] : token.claims.members()) {
    // Nested, or flattened: ".../tags/principal_tags/Team".
    const bool is_tags = name == kTagsClaim || (name.starts_with(kTagsClaim) && name[kTagsClaim.size()] == '/');
    if (is_tags && !value.is_null()) {
      return refuse_claim(
          fmt::format("The claim {} is not supported: this server does not offer session tags yet.", kTagsClaim),
          RuleId::kStsSessionTagsUnsupported, name, "no such claim");
    }
  }
  if (find_claim(token, kSourceIdentityClaim) != nullptr) {
    return refuse_claim(fmt::format("The claim {} is not supported: this server does not offer source identities yet.",
                                    kSourceIdentityClaim),
                        RuleId::kStsSourceIdentityUnsupported, kSourceIdentityClaim, "no such claim");
  }
  return {};
}

/// The entries of the roles claim: a list of strings, or one string with ';' between. nullopt for other forms.
std::optional<std::vector<std::string>> role_entries(const JsonValue& claim) {
  std::vector<std::string> entries;
  if (const JsonArray* list = claim.as_array()) {
    for (const JsonValue& entry : *list) {
      if (entry.as_string() == nullptr) return std::nullopt;
      entries.emplace_back(trim(*entry.as_string()));
    }
    return entries;
  }
  if (claim.as_string() == nullptr) return std::nullopt;
  std::string_view rest = *claim.as_string();
  while (true) {
    entries.emplace_back(trim(rest.substr(0, rest.find(';'))));
    if (!rest.contains(';')) return entries;
    rest.remove_prefix(rest.find(';') + 1);
  }
}

/// Whether the issuer's roles claim names this role: false without a claim, a refusal with one that does not.
std::expected<bool, ExchangeRefusal> check_roles_claim(const oidc::VerifiedToken& token, const RoleReference& role) {
  const JsonValue* claim = find_claim(token, kRolesClaim);
  if (claim == nullptr) return false;
  auto entries = role_entries(*claim);
  const std::string seen = to_json(*claim);
  if (!entries) {
    return refuse_claim("The roles claim is not in a supported format", RuleId::kStsRolesClaim, seen, role.arn);
  }
  std::erase_if(*entries, [](const std::string& entry) { return !parse_role_arn(entry).has_value(); });
  if (entries->empty()) {
    return refuse_claim("The roles claim contains no valid role ARNs", RuleId::kStsRolesClaim, seen, role.arn);
  }
  if (std::ranges::find(*entries, role.arn) == entries->end()) {
    return refuse_claim("The target role ARN is not present in the roles claim of the identity token",
                        RuleId::kStsRolesClaim, seen, role.arn);
  }
  return true;
}

iam::Principal web_identity(const oidc::VerifiedToken& token, const iam::OidcProvider& provider) {
  iam::Principal caller;
  caller.kind = iam::PrincipalKind::kWebIdentity;
  caller.account_id = provider.account_id;
  caller.user_id = provider.arn;
  caller.provider_arn = provider.arn;
  caller.provider_id = provider.id;
  caller.issuer_key_prefix = provider.url;
  caller.subject = token.subject;
  caller.audience = token.audience;
  return caller;
}

iam::RequestContext trust_context(const iam::Principal& caller, const oidc::VerifiedToken& token,
                                  const WebIdentityRequest& request, const ExchangeFacts& facts,
                                  bool is_authorized_by_idp) {
  iam::RequestContext context = iam::make_context(
      caller,
      {.now = facts.now, .source_ip = facts.source_ip, .is_secure = facts.is_secure, .requested_region = facts.region});
  const std::string& prefix = caller.issuer_key_prefix;
  context.set_list(prefix + ":oaud", token.audiences);
  if (!token.authentication_methods.empty()) context.set_list(prefix + ":amr", token.authentication_methods);
  if (!token.email.empty()) context.set(prefix + ":email", token.email);
  context.set("sts:RoleSessionName", request.session_name);
  context.set("sts:DurationSeconds", fmt::format("{}", request.duration_seconds));
  context.set("sts:RoleAuthorizedByIdp", is_authorized_by_idp ? "true" : "false");
  return context;
}

std::expected<void, ExchangeRefusal> check_trust(const oidc::VerifiedToken& token, const WebIdentityRequest& request,
                                                 const ExchangeFacts& facts, bool is_authorized_by_idp) {
  const RoleReference& wanted = request.role;
  if (facts.role == nullptr || facts.role->arn != wanted.arn) {
    return refuse_access(diagnosis::make_finding(RuleId::kStsRoleMissing, wanted.arn, "a role that exists"));
  }
  const auto trust = iam::parse_policy(iam::PolicyKind::kTrust, facts.role->trust_policy);
  if (!trust) {
    return refuse_access(diagnosis::make_finding(RuleId::kTrustPolicyBroken, trust.error().message, "a trust policy"));
  }
  const iam::Principal caller = web_identity(token, *facts.provider);
  const iam::Decision decision = iam::evaluate_trust(
      caller, **trust, wanted.arn, kAction, trust_context(caller, token, request, facts, is_authorized_by_idp));
  if (!decision.is_allowed()) return refuse_access(diagnosis::explain_trust(decision, caller));
  return {};
}

std::expected<void, ExchangeRefusal> check_duration(const WebIdentityRequest& request, const iam::Role& role) {
  if (request.duration_seconds <= role.max_session_seconds) return {};
  return refuse(
      aws::AwsError::validation("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."),
      diagnosis::make_finding(RuleId::kStsDurationTooLong, fmt::format("{} s", request.duration_seconds),
                              fmt::format("{} s", role.max_session_seconds)));
}

/// The share of kPackedBytesMax that the identity's condition keys and their values take, rounded up.
int64_t packed_percent(const SessionClaims& claims) {
  size_t bytes =
      2 * claims.issuer_key_prefix.size() + claims.subject.size() + claims.audience.size() + claims.provider_arn.size();
  for (const std::string& method : claims.authentication_methods) bytes += method.size();
  return (static_cast<int64_t>(bytes) * 100 + kPackedBytesMax - 1) / kPackedBytesMax;
}

SessionClaims make_claims(const oidc::VerifiedToken& token, const WebIdentityRequest& request,
                          const ExchangeFacts& facts) {
  return {.account_id = request.role.account_id,
          .role_arn = facts.role->arn,
          .role_id = facts.role->id,
          .session_name = request.session_name,
          .provider_arn = facts.provider->arn,
          .provider_id = facts.provider->id,
          .issuer_key_prefix = facts.provider->url,
          .subject = token.subject,
          .audience = token.audience,
          .authentication_methods = token.authentication_methods,
          .issued_at = facts.now,
          .expires_at = facts.now + request.duration_seconds};
}

std::expected<Exchange, ExchangeRefusal> exchange(const WebIdentityRequest& request, const ExchangeFacts& facts) {
  SLUICE_ASSIGN(oidc::VerifiedToken token, verify_token(request, facts));
  SLUICE_TRY(check_unsupported_claims(token));
  SLUICE_ASSIGN(const bool is_authorized_by_idp, check_roles_claim(token, request.role));
  SLUICE_TRY(check_trust(token, request, facts, is_authorized_by_idp));
  SLUICE_TRY(check_duration(request, *facts.role));

  Exchange result;
  result.claims = make_claims(token, request, facts);
  result.token = std::move(token);
  result.packed_policy_percent = packed_percent(result.claims);
  if (result.packed_policy_percent > 100) {
    return refuse(
        {400, "PackedPolicyTooLarge",
         fmt::format("Packed size of session tags consumes {}% of allotted space.", result.packed_policy_percent)},
        diagnosis::make_finding(RuleId::kStsPackedSizeTooLarge, fmt::format("{}%", result.packed_policy_percent),
                                "100%"));
  }
  iam::Principal caller = to_principal(result.claims, "");
  result.assumed_role_arn = std::move(caller.arn);
  result.assumed_role_id = std::move(caller.user_id);
  return result;
}

}  // namespace

std::expected<Exchange, ExchangeRefusal> decide(const WebIdentityRequest& request, const ExchangeFacts& facts) {
  auto result = exchange(request, facts);
  if (!result) {
    result.error().issuer = request.token.claims().issuer;
    result.error().subject = request.token.claims().subject;
  }
  return result;
}

std::string assume_role_with_web_identity_result(const Exchange& exchange, const SessionCredentials& credentials) {
  std::string out;
  aws::XmlWriter xml(out, aws::kResultDepth);
  xml.element("SubjectFromWebIdentityToken", exchange.token.subject);
  xml.element("Audience", exchange.token.audience);
  xml.open("AssumedRoleUser");
  xml.element("Arn", exchange.assumed_role_arn);
  xml.element("AssumedRoleId", exchange.assumed_role_id);
  xml.close();
  xml.open("Credentials");
  xml.element("AccessKeyId", credentials.access_key_id);
  xml.element("SecretAccessKey", credentials.secret_access_key.reveal());
  xml.element("SessionToken", credentials.session_token.reveal());
  xml.element("Expiration", format_iso8601(credentials.expires_at));
  xml.close();
  xml.element("PackedPolicySize", exchange.packed_policy_percent);
  xml.element("Provider", exchange.claims.provider_arn);
  return out;
}

}  // namespace sluice::sts
