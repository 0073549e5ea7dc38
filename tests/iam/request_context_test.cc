#include "iam/request_context.h"

#include <gtest/gtest.h>

namespace sluice::iam {
namespace {

Principal session() {
  Principal principal{.kind = PrincipalKind::kAssumedRole};
  principal.arn = "arn:aws:sts::111122223333:assumed-role/writer/s1";
  principal.account_id = "111122223333";
  principal.user_id = "AROAX:s1";
  principal.role_arn = "arn:aws:iam::111122223333:role/team/writer";
  principal.issued_at = 1'789'127'221;
  principal.tags = {{"team", "blue"}};
  principal.provider_arn = "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/";
  principal.issuer_key_prefix = "oidc.example/id/";
  principal.subject = "system:serviceaccount:a:b";
  principal.audience = "sts.amazonaws.com";
  principal.extra_keys = {{"oidc.example/id/:amr", {"pwd"}}, {"oidc.example/id/:email", {"a@b"}}};
  return principal;
}

std::string value(const RequestContext& context, std::string_view key) {
  const ContextValue* found = context.find(key);
  return found && found->values.size() == 1 ? found->values[0] : "(missing)";
}

TEST(RequestContext, ComparesKeysWithoutCaseAndReplaces) {
  RequestContext context;
  context.set("aws:SourceIp", "1");
  context.set("AWS:SOURCEIP", "2");
  EXPECT_EQ(value(context, "aws:sourceip"), "2");
  EXPECT_EQ(context.values().size(), 1u);
  context.set_list("aws:sourceIP", {"a", "b"});
  EXPECT_TRUE(context.find("aws:sourceip")->is_multivalued);
  EXPECT_EQ(context.find("aws:other"), nullptr);
}

TEST(MakeContext, OfASessionAnswersForItsRole) {
  const auto context = make_context(session(), {.now = 1'789'127'300, .source_ip = "10.0.0.1", .is_secure = true});
  EXPECT_EQ(value(context, "aws:principalarn"), "arn:aws:iam::111122223333:role/team/writer");
  EXPECT_EQ(value(context, "aws:userid"), "AROAX:s1");
  EXPECT_EQ(value(context, "aws:principaltype"), "AssumedRole");
  EXPECT_EQ(value(context, "aws:principalaccount"), "111122223333");
  EXPECT_EQ(value(context, "aws:principaltag/team"), "blue");
  EXPECT_EQ(value(context, "aws:tokenissuetime"), "2026-09-11T11:47:01Z");
  EXPECT_EQ(value(context, "aws:federatedprovider"), "arn:aws:iam::111122223333:oidc-provider/oidc.example/id/");
  EXPECT_EQ(value(context, "oidc.example/id/:sub"), "system:serviceaccount:a:b");
  EXPECT_EQ(value(context, "oidc.example/id/:aud"), "sts.amazonaws.com");
  EXPECT_EQ(value(context, "oidc.example/id/:email"), "a@b");
  EXPECT_TRUE(context.find("oidc.example/id/:amr")->is_multivalued);
  EXPECT_EQ(value(context, "aws:sourceip"), "10.0.0.1");
  EXPECT_EQ(value(context, "aws:securetransport"), "true");
  EXPECT_EQ(value(context, "aws:epochtime"), "1789127300");
}

TEST(MakeContext15, OfAWebIdentityIsAsObservedOnAws) {
  Principal identity = session();
  identity.kind = PrincipalKind::kWebIdentity;
  identity.arn.clear();
  identity.role_arn.clear();
  const auto context = make_context(identity, {});
  EXPECT_EQ(value(context, "aws:principaltype"), "User");
  EXPECT_EQ(value(context, "aws:userid"), identity.provider_arn);
  EXPECT_EQ(context.find("aws:principalarn"), nullptr);
  EXPECT_EQ(context.find("aws:tokenissuetime"), nullptr);
}

TEST(MakeContext, OfAnAnonymousCallerHasNoPrincipalKeys) {
  const auto context = make_context(Principal{}, {});
  EXPECT_EQ(value(context, "aws:principaltype"), "Anonymous");
  EXPECT_EQ(context.find("aws:principalaccount"), nullptr);
  EXPECT_EQ(context.find("aws:sourceip"), nullptr);
}

}  // namespace
}  // namespace sluice::iam
