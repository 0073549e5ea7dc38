#include "diagnosis/rules.h"

#include <set>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.h"
#include "diagnosis/finding.h"

namespace sluice::diagnosis {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

/// Names that were published. Operators alert on them: add here, never rename or remove.
constexpr std::string_view kPublished[] = {"token.not-a-jwt",
                                           "token.file-path",
                                           "token.too-long",
                                           "token.encrypted",
                                           "token.malformed",
                                           "token.header-extension",
                                           "token.unsigned",
                                           "token.algorithm-symmetric",
                                           "token.algorithm-unsupported",
                                           "token.claim-missing",
                                           "token.claim-wrong-type",
                                           "token.subject-empty",
                                           "token.audience-empty",
                                           "token.timestamp-invalid",
                                           "token.expired",
                                           "token.issued-in-future",
                                           "token.not-yet-valid",
                                           "token.lifetime-too-long",
                                           "oidc.issuer-not-registered",
                                           "oidc.issuer-trailing-slash",
                                           "oidc.issuer-case",
                                           "oidc.issuer-scheme",
                                           "oidc.issuer-port",
                                           "oidc.issuer-spelling",
                                           "oidc.issuer-rebuilt-cluster",
                                           "oidc.issuer-other-account",
                                           "oidc.issuer-cluster-local",
                                           "oidc.keys-unavailable",
                                           "oidc.discovery-issuer-differs",
                                           "oidc.discovery-malformed",
                                           "oidc.kid-unknown",
                                           "oidc.kid-missing",
                                           "oidc.key-unusable",
                                           "oidc.keys-too-many",
                                           "oidc.key-type-mismatch",
                                           "oidc.signature-invalid",
                                           "oidc.audience-not-registered",
                                           "oidc.audience-api-server",
                                           "oidc.audience-azure-exchange",
                                           "oidc.audience-several",
                                           "oidc.authorized-party",
                                           "sts.request-invalid",
                                           "sts.session-name-invalid",
                                           "sts.role-arn-invalid",
                                           "sts.provider-parameter",
                                           "sts.session-policy-unsupported",
                                           "sts.session-tags-unsupported",
                                           "sts.source-identity-unsupported",
                                           "sts.roles-claim",
                                           "sts.duration-too-long",
                                           "sts.packed-size-too-large",
                                           "sts.role-missing",
                                           "trust.policy-broken",
                                           "trust.explicit-deny",
                                           "trust.action-missing",
                                           "trust.principal-other-provider",
                                           "trust.principal-trailing-slash",
                                           "trust.key-prefix",
                                           "trust.unknown-key",
                                           "trust.wildcard-under-equals",
                                           "trust.value-under-wrong-key",
                                           "trust.sub-mismatch",
                                           "trust.aud-mismatch",
                                           "trust.condition-mismatch",
                                           "trust.no-allow",
                                           "session.foreign-access-key",
                                           "session.unknown-access-key",
                                           "session.token-missing",
                                           "session.token-invalid",
                                           "session.token-of-another-key",
                                           "session.sealing-key-unknown",
                                           "session.expired",
                                           "session.role-gone",
                                           "session.provider-gone",
                                           "sigv4.missing",
                                           "sigv4.other-scheme",
                                           "sigv4.malformed",
                                           "sigv4.presigned-unsupported",
                                           "sigv4.asymmetric-unsupported",
                                           "sigv4.algorithm-unsupported",
                                           "sigv4.duplicate-header",
                                           "sigv4.signature-expired",
                                           "sigv4.signature-not-yet-current",
                                           "sigv4.host-unsigned",
                                           "sigv4.scope-malformed",
                                           "sigv4.region-empty",
                                           "sigv4.region-wrong",
                                           "sigv4.service-wrong",
                                           "sigv4.payload-unsigned",
                                           "sigv4.payload-streaming",
                                           "sigv4.payload-altered",
                                           "sigv4.signature-mismatch",
                                           "policy.explicit-deny",
                                           "policy.action-missing",
                                           "policy.resource-mismatch",
                                           "policy.condition-mismatch",
                                           "policy.broken",
                                           "policy.no-policies",
                                           "policy.other-account",
                                           "policy.no-allow"};

TEST(RulesTest, PublishedNamesStay) {
  for (const std::string_view name : kPublished) EXPECT_TRUE(find_rule(name)) << name;
  EXPECT_EQ(std::size(kPublished), rules().size()) << "a new rule's name belongs into the list above";
}

TEST(RulesTest, EachRuleSaysWhatHowAndWhatToDo) {
  std::set<std::string_view> names;
  for (const Rule& rule : rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_THAT(std::string(rule.name), MatchesRegex("(token|oidc|sts|trust|session|sigv4|policy)\\.[a-z0-9-]+"));
    EXPECT_THAT(std::string(rule.rows), MatchesRegex("|[0-9]+(, [0-9]+)*")) << rule.name;
    EXPECT_TRUE(rule.title.ends_with('.')) << rule.name;
    EXPECT_FALSE(rule.symptom.empty()) << rule.name;
    EXPECT_GT(rule.fix.size(), 20u) << rule.name;
    EXPECT_EQ(find_rule(rule.name), rule.id);
  }
  EXPECT_FALSE(find_rule("oidc.no-such-rule"));
}

TEST(FindingTest, FillsTheFixWithTheValues) {
  const Finding finding = make_finding(RuleId::kOidcAudienceNotRegistered, "vault", "one of: sts.amazonaws.com");
  EXPECT_THAT(finding.fix, HasSubstr("projection to one of: sts.amazonaws.com; or add vault with"));
  EXPECT_EQ(finding.seen, "vault");
}

TEST(FindingTest, TakesBracesInValuesAsTheyAre) {
  EXPECT_THAT(make_finding(RuleId::kOidcAudienceNotRegistered, "{wanted}", "w").fix, HasSubstr("or add {wanted} with"));
}

TEST(FindingTest, EscapesAndCutsWhatComesFromOutside) {
  const Finding finding = make_finding(RuleId::kTrustSubMismatch, "a\nb\x1b[31m", std::string(100'000, 'w'), "d\x07");
  for (const std::string& text : {finding.seen, finding.wanted, finding.fix, finding.detail}) {
    EXPECT_EQ(text.find_first_of("\n\x1b\x07"), std::string::npos);
    EXPECT_LE(text.size(), limits::kDecisionFieldBytesMax + 8);
  }
  EXPECT_THAT(finding.seen, HasSubstr("31m"));
}

}  // namespace
}  // namespace sluice::diagnosis
