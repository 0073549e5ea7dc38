#include "sts/session_token.h"

#include <string>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "sts/access_key_id.h"
#include "sts/session_check.h"

namespace sluice::sts {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;

constexpr UnixSeconds kNow = 1'789'124'000;

SessionClaims claims() {
  return {.account_id = "111122223333",
          .role_arn = "arn:aws:iam::111122223333:role/team/prometheus",
          .role_id = "AROAABCDEFGHIJKLMNOPQ",
          .session_name = "x-account",
          .provider_arn = "arn:aws:iam::111122223333:oidc-provider/h/t/g/",
          .provider_id = "provider-1",
          .issuer_key_prefix = "h/t/g/",
          .subject = "system:serviceaccount:monitoring:prometheus",
          .audience = "sts.amazonaws.com",
          .authentication_methods = {"pwd", "mfa"},
          .issued_at = kNow,
          .expires_at = kNow + 3600};
}

std::string text(const Secret& secret) { return std::string(secret.reveal()); }

/// The refusal's sentence, or "" when the token opened.
std::string refusal(const SealingKeys& keys, std::string_view token, std::string_view id) {
  const auto unsealed = unseal_session(keys, token, id);
  return unsealed ? "" : std::string(describe(unsealed.error()));
}

TEST(SessionTokenTest, RoundTripsItsClaimsAndSecret) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(keys, claims());
  EXPECT_EQ(classify_access_key_id(credentials.access_key_id), AccessKeyKind::kSession);
  EXPECT_THAT(text(credentials.secret_access_key), MatchesRegex("[A-Za-z0-9+/]{40}"));
  EXPECT_EQ(credentials.expires_at, kNow + 3600);

  const auto unsealed = unseal_session(keys, credentials.session_token.reveal(), credentials.access_key_id);
  ASSERT_TRUE(unsealed) << describe(unsealed.error());
  EXPECT_EQ(unsealed->claims, claims());
  EXPECT_EQ(text(unsealed->secret_access_key), text(credentials.secret_access_key));
}

TEST(SessionTokenTest, ShowsNothingOfWhatItSeals) {
  const SessionCredentials credentials = issue_session(SealingKeys::generate(kNow), claims());
  const std::string bytes = base64_decode(credentials.session_token.reveal()).value();
  for (const char* part : {"AROA", "prometheus", "sts.amazonaws", "111122223333"})
    EXPECT_THAT(bytes, Not(HasSubstr(part)));
  EXPECT_THAT(bytes, Not(HasSubstr(text(credentials.secret_access_key))));
}

TEST(SessionTokenTest, EachSessionHasItsOwnIdSecretAndToken) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials a = issue_session(keys, claims());
  const SessionCredentials b = issue_session(keys, claims());
  EXPECT_NE(a.access_key_id, b.access_key_id);
  EXPECT_NE(text(a.secret_access_key), text(b.secret_access_key));
  EXPECT_NE(text(a.session_token), text(b.session_token));
}

TEST(SessionTokenTest, RefusesATokenWithAnyBitChanged) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(keys, claims());
  const std::string bytes = base64_decode(credentials.session_token.reveal()).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {0, 7}) {
      std::string altered = bytes;
      altered[i] = static_cast<char>(altered[i] ^ (1 << bit));
      EXPECT_NE(refusal(keys, base64_encode(altered), credentials.access_key_id), "") << i;
    }
  }
}

TEST(SessionTokenTest, SaysWhichPartIsWrong) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(keys, claims());
  const std::string bytes = base64_decode(credentials.session_token.reveal()).value();
  const auto altered_at = [&](size_t at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ 1);
    return refusal(keys, base64_encode(altered), credentials.access_key_id);
  };
  EXPECT_EQ(altered_at(0), describe(UnsealRefusal::kUnknownVersion));
  EXPECT_EQ(altered_at(4), describe(UnsealRefusal::kUnknownSealingKey));
  EXPECT_EQ(altered_at(5), describe(UnsealRefusal::kOtherAccessKeyId)) << "the salt makes the id";
  EXPECT_EQ(altered_at(37), describe(UnsealRefusal::kTampered)) << "nonce";
  EXPECT_EQ(altered_at(60), describe(UnsealRefusal::kTampered)) << "claims";
  EXPECT_EQ(altered_at(bytes.size() - 1), describe(UnsealRefusal::kTampered)) << "tag";
}

TEST(SessionTokenTest, RefusesATokenCutAnywhere) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(keys, claims());
  const std::string bytes = base64_decode(credentials.session_token.reveal()).value();
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_NE(refusal(keys, base64_encode(bytes.substr(0, length)), credentials.access_key_id), "") << length;
  }
  EXPECT_EQ(refusal(keys, "not base64!", credentials.access_key_id), describe(UnsealRefusal::kMalformed));
  EXPECT_EQ(refusal(keys, std::string(limits::kSessionTokenBytesMax + 4, 'A'), credentials.access_key_id),
            describe(UnsealRefusal::kMalformed));
}

TEST(SessionTokenTest, BelongsToItsAccessKeyIdAlone) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const SessionCredentials a = issue_session(keys, claims());
  const SessionCredentials b = issue_session(keys, claims());
  EXPECT_EQ(refusal(keys, a.session_token.reveal(), b.access_key_id), describe(UnsealRefusal::kOtherAccessKeyId));
  EXPECT_EQ(refusal(keys, a.session_token.reveal(), ""), describe(UnsealRefusal::kOtherAccessKeyId));
  EXPECT_EQ(refusal(keys, a.session_token.reveal(), ascii_lower(a.access_key_id)),
            describe(UnsealRefusal::kOtherAccessKeyId));
}

TEST(SessionTokenTest, OpensDuringTheOverlapOfARotationAndNotAfter) {
  const SealingKeys before = SealingKeys::generate(kNow);
  const SessionCredentials credentials = issue_session(before, claims());
  const SealingKeys during = before.rotated(kNow + 60);
  EXPECT_EQ(refusal(during, credentials.session_token.reveal(), credentials.access_key_id), "");
  const SealingKeys after = during.rotated(kNow + 60 + kSealingOverlapSeconds);
  EXPECT_EQ(refusal(after, credentials.session_token.reveal(), credentials.access_key_id),
            describe(UnsealRefusal::kUnknownSealingKey));
  // And what the new key seals, an older replica refuses by name.
  const SessionCredentials newer = issue_session(during, claims());
  EXPECT_EQ(refusal(before, newer.session_token.reveal(), newer.access_key_id),
            describe(UnsealRefusal::kUnknownSealingKey));
}

TEST(SessionTokenTest, IsNotOpenedByAnotherServersKeyOfTheSameId) {
  const SealingKeys ours = SealingKeys::generate(kNow);
  std::string forged = "sluice-sealing-keys 1\nat-rest " + base64_encode(std::string(32, 'r')) + "\n";
  forged += fmt::format("{:08x} 1 {}\n", ours.newest().id, base64_encode(std::string(32, 'k')));
  const SealingKeys theirs = SealingKeys::parse(forged).value();
  const SessionCredentials credentials = issue_session(theirs, claims());
  EXPECT_EQ(refusal(ours, credentials.session_token.reveal(), credentials.access_key_id),
            describe(UnsealRefusal::kTampered));
}

TEST(SessionTokenTest, StaysShortEnoughForAHeader) {
  EXPECT_LT(issue_session(SealingKeys::generate(kNow), claims()).session_token.size(), 1500u);
}

TEST(SessionPrincipalTest, IsTheAssumedRole) {
  const iam::Principal caller = to_principal(claims(), "ASIAX");
  EXPECT_EQ(caller.kind, iam::PrincipalKind::kAssumedRole);
  EXPECT_EQ(caller.arn, "arn:aws:sts::111122223333:assumed-role/prometheus/x-account") << "the role's path is dropped";
  EXPECT_EQ(caller.role_arn, "arn:aws:iam::111122223333:role/team/prometheus");
  EXPECT_EQ(caller.user_id, "AROAABCDEFGHIJKLMNOPQ:x-account");
  EXPECT_EQ(caller.issuer_key_prefix, "h/t/g/");
  ASSERT_EQ(caller.extra_keys.size(), 1u);
  EXPECT_EQ(caller.extra_keys[0].first, "h/t/g/:amr");
}

// What becomes of a session later.

std::string rule_of(const SessionRefusal& refusal) { return std::string(diagnosis::rule(refusal.finding.rule).name); }

TEST(SessionCheckTest, RefusesWhenRoleOrProviderIsGoneOrMadeAnew) {
  iam::Role role{.arn = claims().role_arn, .id = claims().role_id};
  iam::OidcProvider provider{.arn = claims().provider_arn, .id = claims().provider_id};
  EXPECT_FALSE(check_session_entities(claims(), &role, &provider));

  EXPECT_EQ(rule_of(*check_session_entities(claims(), nullptr, &provider)), "session.role-gone");
  EXPECT_EQ(rule_of(*check_session_entities(claims(), &role, nullptr)), "session.provider-gone");
  role.id = "AROAZZZZZZZZZZZZZZZZZ";
  const auto recreated = check_session_entities(claims(), &role, &provider);
  EXPECT_EQ(rule_of(*recreated), "session.role-gone");
  EXPECT_EQ(recreated->failure.reason, aws::SigV4Refusal::kSessionRoleGone);
  role.id = claims().role_id;
  provider.id = "provider-2";
  EXPECT_EQ(rule_of(*check_session_entities(claims(), &role, &provider)), "session.provider-gone");
}

TEST(SessionCheckTest, ExpiresAtTheSecond) {
  EXPECT_FALSE(check_session_expiry(claims(), kNow + 3599));
  const auto expired = check_session_expiry(claims(), kNow + 3600);
  ASSERT_TRUE(expired);
  EXPECT_EQ(expired->failure.reason, aws::SigV4Refusal::kSessionExpired);
  EXPECT_EQ(rule_of(*expired), "session.expired");
}

TEST(SessionCheckTest, TellsForeignKeysFromMissingTokensAndUnknownKeys) {
  const std::string own = issue_session(SealingKeys::generate(kNow), claims()).access_key_id;
  EXPECT_EQ(rule_of(refuse_access_key("ASIAQWERTYUIOPASDFGH", true)), "session.foreign-access-key");
  EXPECT_EQ(rule_of(refuse_access_key(own, false)), "session.token-missing");
  EXPECT_EQ(refuse_access_key(own, false).failure.reason, aws::SigV4Refusal::kSessionTokenMissing);
  EXPECT_EQ(rule_of(refuse_access_key("AKIAIOSFODNN7EXAMPLE", false)), "session.unknown-access-key");
  EXPECT_EQ(refuse_access_key("AKIAIOSFODNN7EXAMPLE", false).failure.reason, aws::SigV4Refusal::kUnknownAccessKey);
}

TEST(SessionCheckTest, NamesWhyATokenDidNotOpen) {
  EXPECT_EQ(rule_of(refuse_session(UnsealRefusal::kOtherAccessKeyId)), "session.token-of-another-key");
  EXPECT_EQ(rule_of(refuse_session(UnsealRefusal::kUnknownSealingKey)), "session.sealing-key-unknown");
  for (const auto refusal : {UnsealRefusal::kMalformed, UnsealRefusal::kUnknownVersion, UnsealRefusal::kTampered,
                             UnsealRefusal::kClaimsUnreadable}) {
    EXPECT_EQ(rule_of(refuse_session(refusal)), "session.token-invalid");
    EXPECT_EQ(refuse_session(refusal).failure.reason, aws::SigV4Refusal::kSessionTokenInvalid);
    EXPECT_EQ(refuse_session(refusal).finding.detail, describe(refusal));
  }
}

}  // namespace
}  // namespace sluice::sts
