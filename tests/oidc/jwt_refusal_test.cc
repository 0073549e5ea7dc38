#include "oidc/jwt_refusal.h"

#include <set>
#include <string>

#include <gtest/gtest.h>

namespace sluice::oidc {
namespace {

constexpr std::string_view kGeneral =
    "The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for "
    "requirements.";
constexpr std::string_view kNoKey =
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity "
    "documentation for requirements";
constexpr std::string_view kNotAJwt =
    "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)";

TEST(JwtRefusalTest, EveryValueHasItsOwnNameAndASentence) {
  std::set<std::string_view> names;
  std::set<std::string_view> sentences;
  for (int i = 0; i < kJwtRefusalCount; ++i) {
    const auto refusal = static_cast<JwtRefusal>(i);
    EXPECT_TRUE(names.insert(to_string(refusal)).second) << to_string(refusal);
    EXPECT_TRUE(sentences.insert(describe(refusal)).second) << to_string(refusal);
    EXPECT_TRUE(describe(refusal).ends_with('.')) << to_string(refusal);
    if (i > 0) EXPECT_LE(stage(static_cast<JwtRefusal>(i - 1)), stage(refusal)) << to_string(refusal);
  }
}

struct Text {
  std::string name;
  JwtRejection rejection;
  std::string_view message;
  std::string_view code = "InvalidIdentityToken";
};
class AwsTextTest : public ::testing::TestWithParam<Text> {};

TEST_P(AwsTextTest, IsAnsweredLetterForLetter) {
  const WireAnswer answer = wire_answer(GetParam().rejection);
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.code, GetParam().code);
  EXPECT_EQ(answer.message, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    JwtRefusalTest, AwsTextTest,
    ::testing::Values(
        Text{"Row_1_4_NoProvider",
             {.refusal = JwtRefusal::kIssuerNotRegistered, .seen = "https://h/p/"},
             "No OpenIDConnect provider found in your account for https://h/p/"},
        Text{"Row_1_4_Audience", {.refusal = JwtRefusal::kAudienceNotRegistered}, "Incorrect token audience"},
        Text{"Row_1_4_AuthorizedParty",
             {.refusal = JwtRefusal::kAuthorizedPartyNotRegistered},
             "Incorrect token audience"},
        Text{"Row_1_4_AuthorizedPartyBlank", {.refusal = JwtRefusal::kAuthorizedPartyBlank}, kGeneral},
        Text{"Row_1_4_Signature", {.refusal = JwtRefusal::kSignatureInvalid}, kGeneral},
        Text{"Row_1_4_MissingIss", {.refusal = JwtRefusal::kIssuerMissing}, "Missing a required claim: iss"},
        Text{"Row_1_4_MissingSub", {.refusal = JwtRefusal::kSubjectMissing}, "Missing a required claim: sub"},
        Text{"Row_1_4_MissingAud", {.refusal = JwtRefusal::kAudienceMissing}, "Missing a required claim: aud"},
        Text{"Row_1_4_MissingIat", {.refusal = JwtRefusal::kIssuedAtMissing}, "Missing a required claim: iat"},
        Text{"Row_1_4_MissingExp", {.refusal = JwtRefusal::kExpiryMissing}, "Missing a required claim: exp"},
        Text{"Row_1_4_SeveralAudiences",
             {.refusal = JwtRefusal::kSeveralAudiences},
             "Token audience contains more than one audience while authorized party is not present"},
        Text{"Row_1_4_Timestamp", {.refusal = JwtRefusal::kTimestampInvalid}, "Invalid timestamp in token claims."},
        Text{"Row_1_4_Garbage", {.refusal = JwtRefusal::kNotThreeSegments}, kNotAJwt},
        Text{"Row_1_4_CriticalHeader", {.refusal = JwtRefusal::kCriticalHeader}, kNotAJwt},
        Text{"Row_1_4_UnknownKid", {.refusal = JwtRefusal::kKidUnknown}, kNoKey},
        Text{"Row_1_4_MissingKid", {.refusal = JwtRefusal::kKidMissing}, kNoKey},
        Text{"Row_1_4_Unreachable", {.refusal = JwtRefusal::kKeysUnavailable}, kNoKey},
        Text{"Row_1_4_TooManyKeys", {.refusal = JwtRefusal::kKeyTypeDisabled}, kNoKey},
        Text{"Row_1_4_EmptyAudience",
             {.refusal = JwtRefusal::kAudienceListEmpty},
             "Claim is not allowed to be empty: aud"},
        Text{"Row_1_4_BlankAudience", {.refusal = JwtRefusal::kAudienceBlank}, kGeneral},
        Text{"Row_1_4_Future",
             {.refusal = JwtRefusal::kIssuedInFuture, .clock = 1, .claim = 1789127298},
             "Token issued in the future: 1789127298"},
        Text{"Row_1_4_NotYet",
             {.refusal = JwtRefusal::kNotYetValid, .clock = 1789124026, .claim = 1789127298},
             "Token not yet valid: current date/time 1789124026 must be after or equal to the not-before date/time "
             "1789127298"},
        Text{"Row_1_4_Expired",
             {.refusal = JwtRefusal::kExpired, .clock = 1789123337, .claim = 1789123312},
             "Token expired: current date/time 1789123337 must be before the expiration date/time 1789123312",
             "ExpiredTokenException"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace sluice::oidc
