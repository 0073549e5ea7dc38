#include "oidc/jwt.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "oidc/tokens.h"

namespace sluice::oidc {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace sluice::test;

constexpr std::string_view kHeader = R"({"alg":"RS256","kid":"k"})";

/// A token whose signature is not looked at: three base64url segments.
std::string token(std::string_view header, std::string_view claims) {
  return unsigned_token(header, claims) + "." + base64url_encode("signature");
}
std::string claims_token(std::string_view claims) { return token(kHeader, claims); }

TEST(JwtTest, ReadsAProjectedTokenOfKubernetes) {
  const auto jwt = Jwt::parse(claims_token(kubernetes_claims()));
  ASSERT_TRUE(jwt) << to_string(jwt.error().refusal);
  EXPECT_EQ(jwt->header().algorithm, crypto::SignatureAlgorithm::kRs256);
  EXPECT_EQ(jwt->header().kid, "k");
  EXPECT_EQ(jwt->claims().issuer, kEksIssuer);
  EXPECT_EQ(jwt->claims().subject, kSubject);
  EXPECT_THAT(jwt->claims().audiences, ElementsAre("sts.amazonaws.com"));
  EXPECT_EQ(jwt->claims().issued_at, kNow - 60);
  EXPECT_EQ(jwt->claims().expires_at, kNow + 3540);
  EXPECT_EQ(jwt->claims().not_before, kNow - 60);
  EXPECT_FALSE(jwt->claims().authorized_party);
  EXPECT_NE(jwt->claims().all.find("kubernetes.io"), nullptr);
  EXPECT_EQ(jwt->signature(), "signature");
  EXPECT_EQ(jwt->signing_input(), unsigned_token(kHeader, kubernetes_claims()));
  EXPECT_EQ(jwt->fingerprint().size(), 16u);
}

struct Accepted {
  std::string name;
  std::string claims;
  std::string subject = "s";
  std::string audience = "a";
};
class AcceptedClaimsTest : public ::testing::TestWithParam<Accepted> {};

TEST_P(AcceptedClaimsTest, Parses) {
  const auto jwt = Jwt::parse(claims_token(GetParam().claims));
  ASSERT_TRUE(jwt) << to_string(jwt.error().refusal) << ": " << jwt.error().seen;
  EXPECT_EQ(jwt->claims().subject, GetParam().subject);
  EXPECT_EQ(jwt->claims().effective_audience(), GetParam().audience);
  EXPECT_EQ(jwt->claims().issued_at, 100);
  EXPECT_EQ(jwt->claims().expires_at, 200);
}

INSTANTIATE_TEST_SUITE_P(
    JwtTest, AcceptedClaimsTest,
    ::testing::Values(
        Accepted{"AudienceAsString", R"({"iss":"https://i","sub":"s","aud":"a","iat":100,"exp":200})"},
        Accepted{"AudienceAsListOfOne", R"({"iss":"https://i","sub":"s","aud":["a"],"iat":100,"exp":200})"},
        Accepted{"Row_1_4_TimesAsIntegerStrings",
                 R"({"iss":"https://i","sub":"s","aud":"a","iat":"100","exp":"0200"})"},
        Accepted{"Row_1_5_NumericSubject", R"({"iss":"https://i","sub":12345,"aud":"a","iat":100,"exp":200})", "12345"},
        Accepted{"Row_1_5_AuthorizedPartyReplacesAudience",
                 R"({"iss":"https://i","sub":"s","aud":["x","y"],"azp":"client","iat":100,"exp":200})", "s", "client"},
        Accepted{"NullAuthorizedPartyIsAbsent",
                 R"({"iss":"https://i","sub":"s","aud":"a","azp":null,"iat":100,"exp":200})"},
        Accepted{"UnknownClaimsAreKept",
                 R"({"iss":"https://i","sub":"s","aud":"a","iat":100,"exp":200,"x":[1,{"y":null}]})"}),
    [](const auto& info) { return info.param.name; });

struct Refused {
  std::string name;
  std::string token;
  JwtRefusal refusal;
};
class RefusedTokenTest : public ::testing::TestWithParam<Refused> {};

TEST_P(RefusedTokenTest, SaysWhy) {
  const auto jwt = Jwt::parse(GetParam().token);
  ASSERT_FALSE(jwt);
  EXPECT_EQ(to_string(jwt.error().refusal), to_string(GetParam().refusal)) << jwt.error().seen;
  EXPECT_FALSE(jwt.error().seen.empty());
  EXPECT_FALSE(jwt.error().wanted.empty());
  EXPECT_EQ(stage(jwt.error().refusal), JwtStage::kStructure);
}

std::string nested(size_t depth) {
  return R"({"iss":"https://i","sub":"s","aud":"a","iat":100,"exp":200,"x":)" + std::string(depth, '[') +
         std::string(depth, ']') + "}";
}
std::string times(std::string_view iat, std::string_view exp, std::string_view more = "") {
  return fmt::format(R"({{"iss":"https://i","sub":"s","aud":"a","iat":{},"exp":{}{}}})", iat, exp, more);
}

const std::string kGood = R"({"iss":"https://i","sub":"s","aud":"a","iat":100,"exp":200})";

INSTANTIATE_TEST_SUITE_P(
    Structure, RefusedTokenTest,
    ::testing::Values(
        Refused{"Empty", "", JwtRefusal::kNotThreeSegments},
        Refused{"Row_1_4_Garbage", "garbage", JwtRefusal::kNotThreeSegments},
        Refused{"Row_1_4_OpaqueAccessToken", "ya29.a0AfH6SMBx", JwtRefusal::kNotThreeSegments},
        Refused{"Row_9_1_TwoSegments", unsigned_token(kHeader, kGood), JwtRefusal::kNotThreeSegments},
        Refused{"Row_9_1_FourSegments", claims_token(kGood) + ".x", JwtRefusal::kNotThreeSegments},
        Refused{"EmptyHeader", "." + base64url_encode(kGood) + ".c2ln", JwtRefusal::kNotThreeSegments},
        Refused{"Row_6_6_FilePath", "/var/run/secrets/aws/token", JwtRefusal::kFilePath},
        Refused{"Row_6_6_FileUrl", "file:///var/run/secrets/aws/token", JwtRefusal::kFilePath},
        Refused{"Row_9_1_EncryptedByFiveSegments", "a.b.c.d.e", JwtRefusal::kEncrypted},
        Refused{"Row_9_1_EncryptedByHeader", token(R"({"alg":"RS256","enc":"A256GCM"})", kGood),
                JwtRefusal::kEncrypted},
        Refused{"Row_9_1_TooLong", std::string(limits::kJwtBytesMax + 1, 'a'), JwtRefusal::kTooLong},
        Refused{"Row_9_1_HeaderTooLong", token("{\"alg\":\"RS256\",\"x\":\"" + std::string(2048, 'x') + "\"}", kGood),
                JwtRefusal::kHeaderTooLong},
        Refused{"Row_9_1_PaddedHeader", base64url_encode(kHeader) + "=." + base64url_encode(kGood) + ".c2ln",
                JwtRefusal::kBadBase64},
        Refused{"Row_9_1_PlainBase64Signature", unsigned_token(kHeader, kGood) + ".++//", JwtRefusal::kBadBase64},
        Refused{"Row_9_1_StrayBitsAtTheEnd", unsigned_token(kHeader, kGood) + ".c2lh_x", JwtRefusal::kBadBase64},
        Refused{"TrailingLineFeed", claims_token(kGood) + "\n", JwtRefusal::kBadBase64},
        Refused{"HeaderIsNoJson", token("alg=RS256", kGood), JwtRefusal::kHeaderNotJson},
        Refused{"HeaderIsAList", token("[]", kGood), JwtRefusal::kHeaderNotJson},
        Refused{"Row_9_1_DuplicateMemberInHeader", token(R"({"alg":"none","alg":"RS256"})", kGood),
                JwtRefusal::kHeaderNotJson},
        Refused{"Row_1_4_CriticalHeader", token(R"({"alg":"RS256","crit":["exp"]})", kGood),
                JwtRefusal::kCriticalHeader},
        Refused{"Row_9_1_UnencodedPayload", token(R"({"alg":"RS256","b64":false})", kGood),
                JwtRefusal::kUnencodedPayload},
        Refused{"AlgorithmMissing", token(R"({"kid":"k"})", kGood), JwtRefusal::kAlgorithmMissing},
        Refused{"AlgorithmNotAString", token(R"({"alg":["RS256"]})", kGood), JwtRefusal::kAlgorithmMissing},
        Refused{"Row_9_1_AlgNone", token(R"({"alg":"none"})", kGood), JwtRefusal::kAlgorithmNone},
        Refused{"Row_9_1_AlgNoneInOddCase", token(R"({"alg":"nOnE"})", kGood), JwtRefusal::kAlgorithmNone},
        Refused{"Row_9_1_AlgNoneWithoutSignature", unsigned_token(R"({"alg":"none"})", kGood) + ".",
                JwtRefusal::kAlgorithmNone},
        Refused{"Row_9_1_HS256", token(R"({"alg":"HS256"})", kGood), JwtRefusal::kAlgorithmSymmetric},
        Refused{"Row_9_1_PS256", token(R"({"alg":"PS256"})", kGood), JwtRefusal::kAlgorithmUnsupported},
        Refused{"Row_9_1_EdDSA", token(R"({"alg":"EdDSA"})", kGood), JwtRefusal::kAlgorithmUnsupported},
        Refused{"AlgorithmInLowerCase", token(R"({"alg":"rs256"})", kGood), JwtRefusal::kAlgorithmUnsupported},
        Refused{"AlgorithmOfASpecialCurve", token(R"({"alg":"ES256K"})", kGood), JwtRefusal::kAlgorithmUnsupported},
        Refused{"KidIsANumber", token(R"({"alg":"RS256","kid":1})", kGood), JwtRefusal::kKidNotString},
        Refused{"ClaimsAreNoJson", claims_token("iss=x"), JwtRefusal::kPayloadNotJson},
        Refused{"ClaimsAreAString", claims_token("\"x\""), JwtRefusal::kPayloadNotJson},
        Refused{"Row_9_1_DuplicateClaim",
                claims_token(R"({"iss":"https://i","sub":"s","sub":"t","aud":"a","iat":100,"exp":200})"),
                JwtRefusal::kPayloadNotJson},
        Refused{"Row_9_1_InvalidUtf8", claims_token("{\"iss\":\"\xff\"}"), JwtRefusal::kPayloadNotJson},
        Refused{"Row_9_1_TooDeep", claims_token(nested(16)), JwtRefusal::kPayloadNotJson}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Claims, RefusedTokenTest,
    ::testing::Values(
        Refused{"Row_1_4_MissingIss", claims_token("{}"), JwtRefusal::kIssuerMissing},
        Refused{"Row_1_4_MissingSub", claims_token(R"({"iss":"https://i"})"), JwtRefusal::kSubjectMissing},
        Refused{"Row_1_4_NullSub", claims_token(R"({"iss":"https://i","sub":null})"), JwtRefusal::kSubjectMissing},
        Refused{"Row_1_4_MissingAud", claims_token(R"({"iss":"https://i","sub":"s"})"), JwtRefusal::kAudienceMissing},
        Refused{"Row_1_4_MissingIat", claims_token(R"({"iss":"https://i","sub":"s","aud":"a"})"),
                JwtRefusal::kIssuedAtMissing},
        Refused{"Row_1_4_MissingExp", claims_token(R"({"iss":"https://i","sub":"s","aud":"a","iat":1})"),
                JwtRefusal::kExpiryMissing},
        Refused{"IssuerIsANumber", claims_token(R"({"iss":1})"), JwtRefusal::kClaimWrongType},
        Refused{"SubjectIsAList", claims_token(R"({"iss":"https://i","sub":["s"]})"), JwtRefusal::kClaimWrongType},
        Refused{"SubjectIsFractional", claims_token(R"({"iss":"https://i","sub":1.5})"), JwtRefusal::kClaimWrongType},
        Refused{"Row_9_1_EmptySub", claims_token(R"({"iss":"https://i","sub":""})"), JwtRefusal::kSubjectEmpty},
        Refused{"AudienceIsAnObject", claims_token(R"({"iss":"https://i","sub":"s","aud":{}})"),
                JwtRefusal::kClaimWrongType},
        Refused{"AudienceListsANumber", claims_token(R"({"iss":"https://i","sub":"s","aud":["a",1]})"),
                JwtRefusal::kClaimWrongType},
        Refused{"Row_1_4_EmptyAudienceList", claims_token(R"({"iss":"https://i","sub":"s","aud":[]})"),
                JwtRefusal::kAudienceListEmpty},
        Refused{"Row_1_4_BlankAudience", claims_token(R"({"iss":"https://i","sub":"s","aud":""})"),
                JwtRefusal::kAudienceBlank},
        Refused{"AuthorizedPartyIsANumber", claims_token(R"({"iss":"https://i","sub":"s","aud":"a","azp":1})"),
                JwtRefusal::kClaimWrongType},
        Refused{"Row_1_4_FractionalIat", claims_token(times("100.0", "200")), JwtRefusal::kTimestampInvalid},
        Refused{"Row_1_4_ExponentExp", claims_token(times("100", "2e9")), JwtRefusal::kTimestampInvalid},
        Refused{"Row_1_4_NullExp", claims_token(times("100", "null")), JwtRefusal::kTimestampInvalid},
        Refused{"Row_1_4_NullNbf", claims_token(times("100", "200", R"(,"nbf":null)")), JwtRefusal::kTimestampInvalid},
        Refused{"Row_1_4_TextIat", claims_token(times("\"today\"", "200")), JwtRefusal::kTimestampInvalid},
        Refused{"Row_1_4_FractionalString", claims_token(times("\"100.5\"", "200")), JwtRefusal::kTimestampInvalid},
        Refused{"SignedString", claims_token(times("\"+100\"", "200")), JwtRefusal::kTimestampInvalid},
        Refused{"NegativeTime", claims_token(times("-1", "200")), JwtRefusal::kTimestampInvalid},
        Refused{"TimeBeyondYear9999", claims_token(times("100", "253402300800")), JwtRefusal::kTimestampInvalid},
        Refused{"TimeBeyond64Bits", claims_token(times("100", "99999999999999999999")), JwtRefusal::kTimestampInvalid},
        Refused{"AuthenticationMethodIsANumber", claims_token(times("100", "200", R"(,"amr":[1])")),
                JwtRefusal::kClaimWrongType}),
    [](const auto& info) { return info.param.name; });

TEST(JwtTest, NamesMissingClaimsInOneOrder) {
  // iss, sub, aud, iat, exp: a token without any is told of the first, then of the next.
  std::string claims;
  std::vector<JwtRefusal> order;
  for (const std::string_view next :
       {R"("iss":"https://i")", R"("sub":"s")", R"("aud":"a")", R"("iat":1)", R"("exp":2)"}) {
    order.push_back(Jwt::parse(claims_token("{" + claims + "}")).error().refusal);
    claims += std::string(claims.empty() ? "" : ",").append(next);
  }
  EXPECT_THAT(order, ElementsAre(JwtRefusal::kIssuerMissing, JwtRefusal::kSubjectMissing, JwtRefusal::kAudienceMissing,
                                 JwtRefusal::kIssuedAtMissing, JwtRefusal::kExpiryMissing));
}

TEST(JwtTest, DoesNotQuoteWhatMayBeASecret) {
  for (const std::string& secret : {std::string("hunter2-hunter2"), std::string("hunter2.hunter2!.hunter2"),
                                    "/" + std::string("hunter2"), claims_token("hunter2")}) {
    const auto jwt = Jwt::parse(secret);
    ASSERT_FALSE(jwt);
    EXPECT_THAT(jwt.error().seen + jwt.error().wanted + wire_answer(jwt.error()).message, Not(HasSubstr("hunter2")));
  }
}

TEST(JwtTest, IgnoresKeysThatTheTokenBringsAlong) {
  const auto jwt =
      Jwt::parse(token(R"({"alg":"ES256","kid":"","jku":"https://evil/","jwk":{},"x5u":"x","x5c":[]})", kGood));
  ASSERT_TRUE(jwt);
  EXPECT_EQ(jwt->header().kid, "");
}

TEST(JwtTest, ReadsAuthenticationMethodsAsStringOrList) {
  EXPECT_THAT(Jwt::parse(claims_token(times("100", "200", R"(,"amr":"pwd")")))->claims().authentication_methods,
              ElementsAre("pwd"));
  EXPECT_THAT(Jwt::parse(claims_token(times("100", "200", R"(,"amr":["pwd","mfa"])")))->claims().authentication_methods,
              ElementsAre("pwd", "mfa"));
}

}  // namespace
}  // namespace sluice::oidc
