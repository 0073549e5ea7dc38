#include "diagnosis/explain_sigv4.h"

#include <map>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::diagnosis {
namespace {

using aws::SigV4Refusal;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ExplainSigV4Test, EveryRefusalHasARuleOfItsLinkAndADetail) {
  for (size_t i = 0; i < aws::kSigV4RefusalCount; ++i) {
    const auto reason = static_cast<SigV4Refusal>(i);
    const Finding finding = explain(aws::refuse(reason, "seen", "wanted"));
    EXPECT_THAT(std::string(rule(finding.rule).name), AnyOf(StartsWith("sigv4."), StartsWith("session.")))
        << aws::to_string(reason);
    EXPECT_FALSE(finding.detail.empty()) << aws::to_string(reason);
  }
}

struct Case {
  SigV4Refusal reason;
  std::string_view rule;
};
class RuleOfSigV4Test : public ::testing::TestWithParam<Case> {};

TEST_P(RuleOfSigV4Test, IsTheExpectedOne) {
  EXPECT_EQ(rule(explain(aws::refuse(GetParam().reason)).rule).name, GetParam().rule);
}

INSTANTIATE_TEST_SUITE_P(Rows_5_4_and_6_5, RuleOfSigV4Test,
                         ::testing::Values(Case{SigV4Refusal::kNoAuthentication, "sigv4.missing"},
                                           Case{SigV4Refusal::kOtherScheme, "sigv4.other-scheme"},
                                           Case{SigV4Refusal::kMissingParts, "sigv4.malformed"},
                                           Case{SigV4Refusal::kExpired, "sigv4.signature-expired"},
                                           Case{SigV4Refusal::kNotYetCurrent, "sigv4.signature-not-yet-current"},
                                           Case{SigV4Refusal::kScopeRegionEmpty, "sigv4.region-empty"},
                                           Case{SigV4Refusal::kScopeRegion, "sigv4.region-wrong"},
                                           Case{SigV4Refusal::kScopeService, "sigv4.service-wrong"},
                                           Case{SigV4Refusal::kUnknownAccessKey, "session.unknown-access-key"},
                                           Case{SigV4Refusal::kSessionTokenMissing, "session.token-missing"},
                                           Case{SigV4Refusal::kSessionRoleGone, "session.role-gone"},
                                           Case{SigV4Refusal::kPayloadHashMismatch, "sigv4.payload-altered"},
                                           Case{SigV4Refusal::kSignatureMismatch, "sigv4.signature-mismatch"},
                                           Case{SigV4Refusal::kSessionExpired, "session.expired"}),
                         [](const auto& info) {
                           std::string name(info.param.rule);
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
                           return name;
                         });

TEST(ExplainSigV4Test, PutsTheRegionIntoTheFix) {
  const Finding finding = explain(aws::refuse(SigV4Refusal::kScopeRegion, "eu-north-1", "us-east-1"));
  EXPECT_THAT(finding.fix, HasSubstr("region to us-east-1, or add eu-north-1"));
}

TEST(ExplainSigV4Test, LeavesTheCanonicalRequestOut) {
  aws::SigV4Failure failure = aws::refuse(SigV4Refusal::kSignatureMismatch, "s", "w");
  failure.canonical_request = "POST\n/secret-path";
  const Finding finding = explain(failure);
  EXPECT_EQ((finding.seen + finding.wanted + finding.fix + finding.detail).find("secret-path"), std::string::npos);
}

}  // namespace
}  // namespace sluice::diagnosis
