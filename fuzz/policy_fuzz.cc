// uses: iam
// A policy document of every kind: parsed, and evaluated when it is one.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "iam/evaluator.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::iam;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  Principal caller{.kind = PrincipalKind::kAssumedRole};
  caller.arn = "arn:aws:sts::111122223333:assumed-role/writer/s1";
  caller.account_id = "111122223333";
  caller.role_arn = "arn:aws:iam::111122223333:role/writer";
  caller.issuer_key_prefix = "oidc.example/id/";
  caller.subject = "system:serviceaccount:a:b";
  caller.extra_keys = {{"oidc.example/id/:amr", {"pwd", "mfa"}}};
  const RequestContext context = make_context(caller, {.now = 1'789'127'300, .source_ip = "10.0.0.1"});
  const AccessRequest request{"aps:RemoteWrite", "arn:aws:aps:eu-west-1:111122223333:workspace/ws-1", context};

  for (const auto kind : {PolicyKind::kIdentity, PolicyKind::kSession, PolicyKind::kTrust, PolicyKind::kResource}) {
    const auto policy = parse_policy(kind, text);
    if (!policy) {
      SLUICE_CHECK(!policy.error().message.empty(), "a refusal says why");
      continue;
    }
    Decision decision;
    if (kind == PolicyKind::kTrust) {
      decision = evaluate_trust(caller, **policy, caller.role_arn, "sts:AssumeRole", context);
    } else if (kind == PolicyKind::kResource) {
      decision = evaluate(caller, {.resource = {{PolicySource::kResource, "r", *policy}}}, request);
    } else {
      decision = evaluate(caller, {.identity = {{PolicySource::kIdentityInline, "p", *policy}}}, request);
    }
    SLUICE_CHECK(!explain(decision).empty(), "a decision explains itself");
    SLUICE_CHECK(policy_size(text) <= text.size(), "white space only shrinks");
  }
  return 0;
}
