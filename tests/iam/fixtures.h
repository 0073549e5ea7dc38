#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "iam/evaluator.h"

namespace sluice::iam::testing {

inline constexpr std::string_view kAccount = "111122223333";
inline constexpr std::string_view kRoleArn = "arn:aws:iam::111122223333:role/team/writer";
inline constexpr std::string_view kSessionArn = "arn:aws:sts::111122223333:assumed-role/writer/s1";
inline constexpr std::string_view kProviderArn = "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/";
inline constexpr std::string_view kWorkspace = "arn:aws:aps:eu-west-1:111122223333:workspace/ws-1";

inline Principal session() {
  Principal principal{.kind = PrincipalKind::kAssumedRole};
  principal.arn = kSessionArn;
  principal.account_id = kAccount;
  principal.user_id = "AROAX:s1";
  principal.role_arn = kRoleArn;
  principal.session_name = "s1";
  return principal;
}

inline Principal root(std::string_view account = kAccount) {
  Principal principal{.kind = PrincipalKind::kRoot};
  principal.arn = fmt::format("arn:aws:iam::{}:root", account);
  principal.account_id = account;
  principal.user_id = account;
  return principal;
}

inline Principal web_identity() {
  Principal principal{.kind = PrincipalKind::kWebIdentity};
  principal.account_id = kAccount;
  principal.provider_arn = kProviderArn;
  principal.issuer_key_prefix = "oidc.example/id/";
  principal.subject = "system:serviceaccount:monitoring:prometheus";
  principal.audience = "sts.amazonaws.com";
  return principal;
}

inline std::shared_ptr<const CompiledPolicy> compile(PolicyKind kind, std::string_view statements) {
  auto policy = parse_policy(kind, fmt::format(R"({{"Version":"2012-10-17","Statement":[{}]}})", statements));
  EXPECT_TRUE(policy) << (policy ? "" : policy.error().message) << " in " << statements;
  return policy ? *policy : nullptr;
}

inline AttachedPolicy identity(std::string_view statements, std::string name = "inline") {
  return {PolicySource::kIdentityInline, std::move(name), compile(PolicyKind::kIdentity, statements)};
}
inline AttachedPolicy resource(std::string_view statements) {
  return {PolicySource::kResource, std::string(kWorkspace), compile(PolicyKind::kResource, statements)};
}
inline AttachedPolicy boundary(std::string_view statements) {
  return {PolicySource::kBoundary, "arn:aws:iam::111122223333:policy/limit",
          compile(PolicyKind::kIdentity, statements)};
}
inline AttachedPolicy session_policy(std::string_view statements) {
  return {PolicySource::kSession, "session", compile(PolicyKind::kSession, statements)};
}

inline Decision decide(const PolicySet& policies, const Principal& caller = session(),
                       std::string_view action = "aps:RemoteWrite", std::string_view on = kWorkspace) {
  const RequestContext context = make_context(caller, {.now = 1'789'127'300, .source_ip = "10.0.0.1"});
  return evaluate(caller, policies, {action, on, context});
}

inline Decision decide_trust(std::string_view statements, const Principal& caller = web_identity(),
                             std::string_view action = "sts:AssumeRoleWithWebIdentity") {
  const auto trust = compile(PolicyKind::kTrust, statements);
  RequestContext context = make_context(caller, {.now = 1'789'127'300});
  context.set("sts:RoleSessionName", "s1");
  return evaluate_trust(caller, *trust, kRoleArn, action, context);
}

}  // namespace sluice::iam::testing
