#include "iam/request_context.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"

namespace sluice::iam {
namespace {

std::string_view principal_type(PrincipalKind kind) {
  switch (kind) {
    case PrincipalKind::kAnonymous: return "Anonymous";
    case PrincipalKind::kRoot: return "Account";
    case PrincipalKind::kAssumedRole: return "AssumedRole";
    case PrincipalKind::kWebIdentity: return "User";
  }
  return "Anonymous";
}

bool is_multivalued_claim(std::string_view key) { return key.ends_with(":amr") || key.ends_with(":oaud"); }

void add_federation_keys(RequestContext& context, const Principal& principal) {
  if (!principal.provider_arn.empty()) context.set("aws:FederatedProvider", principal.provider_arn);
  if (!principal.issuer_key_prefix.empty()) {
    if (!principal.subject.empty()) context.set(principal.issuer_key_prefix + ":sub", principal.subject);
    if (!principal.audience.empty()) context.set(principal.issuer_key_prefix + ":aud", principal.audience);
  }
  for (const auto& [key, values] : principal.extra_keys) {
    if (is_multivalued_claim(key) || values.size() != 1) {
      context.set_list(key, values);
    } else {
      context.set(key, values.front());
    }
  }
}

void add_principal_keys(RequestContext& context, const Principal& principal) {
  if (principal.kind == PrincipalKind::kAnonymous) return;
  context.set("aws:PrincipalAccount", principal.account_id);
  context.set("aws:PrincipalIsAWSService", "false");
  const bool is_web_identity = principal.kind == PrincipalKind::kWebIdentity;
  context.set("aws:userid", is_web_identity ? principal.provider_arn : principal.user_id);
  // A session answers for its role: policies that name the role keep working whatever the session is called.
  if (!is_web_identity) {
    context.set("aws:PrincipalArn", principal.role_arn.empty() ? principal.arn : principal.role_arn);
  }
  for (const auto& [key, value] : principal.tags) context.set("aws:PrincipalTag/" + key, value);
  if (principal.kind == PrincipalKind::kAssumedRole) {
    context.set("aws:TokenIssueTime", format_iso8601(principal.issued_at));
  }
  add_federation_keys(context, principal);
}

}  // namespace

ContextValue& RequestContext::slot(std::string_view key) {
  std::string lookup_key = ascii_lower(key);
  const auto found = std::ranges::find(values_, lookup_key, &ContextValue::lookup_key);
  if (found != values_.end()) return *found;
  return values_.emplace_back(ContextValue{std::string(key), std::move(lookup_key), {}, false});
}

void RequestContext::set(std::string_view key, std::string value) {
  ContextValue& entry = slot(key);
  entry.values.clear();
  entry.values.push_back(std::move(value));
  entry.is_multivalued = false;
}

void RequestContext::set_list(std::string_view key, std::vector<std::string> values) {
  ContextValue& entry = slot(key);
  entry.values = std::move(values);
  entry.is_multivalued = true;
}

const ContextValue* RequestContext::find(std::string_view lookup_key) const {
  const auto found = std::ranges::find(values_, lookup_key, &ContextValue::lookup_key);
  return found == values_.end() ? nullptr : &*found;
}

RequestContext make_context(const Principal& principal, const RequestFacts& facts) {
  RequestContext context;
  add_principal_keys(context, principal);
  context.set("aws:PrincipalType", std::string(principal_type(principal.kind)));
  context.set("aws:CurrentTime", format_iso8601(facts.now));
  context.set("aws:EpochTime", std::to_string(facts.now));
  context.set("aws:SecureTransport", facts.is_secure ? "true" : "false");
  if (!facts.source_ip.empty()) context.set("aws:SourceIp", facts.source_ip);
  if (!facts.user_agent.empty()) context.set("aws:UserAgent", facts.user_agent);
  if (!facts.requested_region.empty()) context.set("aws:RequestedRegion", facts.requested_region);
  return context;
}

}  // namespace sluice::iam
