#include "diagnosis/decision_record.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace sluice::diagnosis {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

DecisionRecord record() {
  return {.request_id = "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
          .time_ms = 1'789'124'000'123,
          .operation = "AssumeRoleWithWebIdentity",
          .action = "sts:AssumeRoleWithWebIdentity",
          .issuer =
              "https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/"
              "66666666-7777-8888-9999-000000000000/",
          .subject = "system:serviceaccount:monitoring:prometheus",
          .resource = "arn:aws:iam::111122223333:role/prometheus",
          .source_ip = "192.0.2.7",
          .status = 400,
          .code = "InvalidIdentityToken",
          .message = "No OpenIDConnect provider found in your account for https://westeurope.oic.prod-aks.azure.com/",
          .first_failure = make_finding(RuleId::kOidcIssuerTrailingSlash, "https://h/t/", "https://h/t", "they part")};
}

std::string member(const JsonValue& json, std::string_view name) {
  const JsonValue* value = json.as_object()->find(name);
  return value == nullptr ? "(absent)" : value->as_string() != nullptr ? *value->as_string() : to_json(*value);
}

TEST(DecisionRecordTest, IsOneJsonLine) {
  const std::string line = to_json(record());
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto json = parse_json(line);
  ASSERT_TRUE(json) << json.error().message;
  EXPECT_EQ(member(*json, "kind"), "decision");
  EXPECT_EQ(member(*json, "time"), "2026-09-11T10:53:20.123Z");
  EXPECT_EQ(member(*json, "request_id"), record().request_id);
  EXPECT_EQ(member(*json, "rule"), "oidc.issuer-trailing-slash");
  EXPECT_EQ(member(*json, "principal"), "anonymous");
  EXPECT_EQ(member(*json, "status"), "400");
  EXPECT_EQ(member(*json, "seen"), "https://h/t/");
  EXPECT_EQ(member(*json, "wanted"), "https://h/t");
  EXPECT_THAT(member(*json, "fix"), HasSubstr("letter for letter"));
  EXPECT_EQ(member(*json, "count"), "1");
  EXPECT_EQ(member(*json, "last_time"), "(absent)");
}

TEST(DecisionRecordTest, EscapesControlCharactersInBothForms) {
  DecisionRecord hostile = record();
  hostile.subject =
      "s\r\n{\"kind\":\"decision\"}\x1b[2J\xe2\x80\xae"
      "x\xff";
  hostile.issuer = std::string("i\0j", 3);
  const std::string json = to_json(hostile);
  ASSERT_TRUE(parse_json(json));
  for (const std::string& text : {json, to_text(hostile)}) {
    for (const char c : text) EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << static_cast<int>(c);
    EXPECT_THAT(text, Not(HasSubstr("\xe2\x80\xae")));
  }
}

TEST(DecisionRecordTest, TextBeginsWithTheFixAndStaysWithinItsColumns) {
  DecisionRecord long_message = record();
  for (int i = 0; i < 40; ++i) long_message.message += " more words";
  const std::string text = to_text(long_message, 100);
  EXPECT_THAT(text, StartsWith("Fix\n  Register the provider again"));
  size_t from = 0;
  while (from < text.size()) {
    const size_t end = text.find('\n', from);
    const std::string_view line = std::string_view(text).substr(from, end - from);
    // A single word that is longer stays whole: it is there to be copied.
    const size_t indent = line.find_first_not_of(' ') == std::string_view::npos ? 0 : line.find_first_not_of(' ');
    if (line.substr(indent).find(' ') != std::string_view::npos && !line.contains("https://"))
      EXPECT_LE(line.size(), 100u) << line;
    from = end + 1;
  }
  for (const std::string_view part :
       {"oidc.issuer-trailing-slash", "192.0.2.7", "400 InvalidIdentityToken:", "AssumeRoleWithWebIdentity"}) {
    EXPECT_THAT(text, HasSubstr(std::string(part)));
  }
}

TEST(DecisionRecordTest, ReadsLikeThis) {
  DecisionRecord denied = record();
  denied.status = 403;
  denied.code = "AccessDenied";
  denied.message = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
  denied.first_failure = make_finding(RuleId::kTrustSubMismatch, "system:serviceaccount:monitoring:prometheus",
                                      "system:serviceaccount:prod:prometheus",
                                      "trust policy \"arn:aws:iam::111122223333:role/prometheus\", statement 0; the "
                                      "namespace is 'monitoring', not 'prod'");
  EXPECT_EQ(to_text(denied), R"(Fix
  Run the pod under the service account that the role trusts
  (system:serviceaccount:prod:prometheus), or put system:serviceaccount:monitoring:prometheus into
  the trust policy's :sub condition.

Why it was refused
  The token's subject is not the one the role trusts.
  seen        system:serviceaccount:monitoring:prometheus
  wanted      system:serviceaccount:prod:prometheus
  detail      trust policy "arn:aws:iam::111122223333:role/prometheus", statement 0; the namespace
              is 'monitoring', not 'prod'
  rule        trust.sub-mismatch

The request
  id          f81d4fae-7dec-41d0-a765-00a0c91e6bf6
  time        2026-09-11T10:53:20.123Z
  operation   AssumeRoleWithWebIdentity
  action      sts:AssumeRoleWithWebIdentity
  resource    arn:aws:iam::111122223333:role/prometheus
  principal   anonymous
  issuer      https://westeurope.oic.prod-aks.azure.com/11111111-2222-3333-4444-555555555555/66666666-7777-8888-9999-000000000000/
  subject     system:serviceaccount:monitoring:prometheus
  from        192.0.2.7

What the caller was told
  403 AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity
)");
}

TEST(DecisionRecordTest, SaysHowOftenAFloodCame) {
  DecisionRecord flood = record();
  flood.count = 512;
  flood.last_time_ms = flood.time_ms + 30'000;
  EXPECT_THAT(to_text(flood), HasSubstr("512 such refusals, the last at 2026-09-11T10:53:50.123Z"));
  EXPECT_THAT(to_json(flood), HasSubstr("\"last_time\":\"2026-09-11T10:53:50.123Z\""));
}

}  // namespace
}  // namespace sluice::diagnosis
