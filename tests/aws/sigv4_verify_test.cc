#include "aws/sigv4_verify.h"

#include <functional>
#include <string>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/raw_request.h"
#include "aws/sigv4_sign.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "crypto/digest.h"

namespace sluice::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::RawRequest;
using ::testing::StartsWith;

constexpr UnixSeconds kNow = 1'440'938'160;  // 20150830T123600Z
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

VerificationPolicy default_policy() { return {.now = kNow, .service = "aps", .regions = {"eu-west-1", "us-east-1"}}; }

RawRequest unsigned_request() {
  return RawRequest{.method = "POST",
                    .path = "/workspaces/ws-1/api/v1/remote_write",
                    .query = "",
                    .headers = {{"Host", "sluice.example:9009"}, {"Content-Type", "application/x-protobuf"}},
                    .body = "samples"};
}

struct SignChoice {
  SigningTarget target = {"eu-west-1", "aps"};
  UnixSeconds at = kNow;
  std::string token = {};
  SignOptions options = {};
};

RawRequest signed_request(RawRequest request = unsigned_request(), const SignChoice& choice = {}) {
  const Credentials credentials{"AKIDEXAMPLE", Secret(std::string(kSecret)), Secret(choice.token)};
  for (auto& header : sign_request(request.view(), credentials, choice.target, choice.at, choice.options)) {
    request.headers.push_back(std::move(header));
  }
  return request;
}

std::expected<Verified, SigV4Failure> verify(const RawRequest& request,
                                             const VerificationPolicy& policy = default_policy()) {
  SigningKeyCache cache(8);
  const RequestView view = request.view();
  const auto parsed = parse_authorization(view);
  if (!parsed) return std::unexpected(parsed.error());
  const auto checked = check_claims(*parsed, view, policy);
  if (!checked) return std::unexpected(checked.error());
  return verify_signature(*checked, Secret(std::string(kSecret)), view, policy, cache);
}

void replace_in(std::string& text, std::string_view from, std::string_view to) {
  const size_t at = text.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
}

TEST(SigV4Verify, AcceptsWhatTheSignerMade) {
  for (const bool with_hash : {false, true}) {
    for (const bool sign_token : {false, true}) {
      for (const std::string token : {"", "token/with+chars=="}) {
        const auto verified = verify(signed_request(
            unsigned_request(),
            {.token = token, .options = {.add_content_sha256 = with_hash, .sign_session_token = sign_token}}));
        ASSERT_TRUE(verified);
        EXPECT_EQ(verified->path_form, PathForm::kNormalizedTwice);
        EXPECT_EQ(verified->host, "sluice.example:9009");
      }
    }
  }
}

// --- One row per refusal: what is done to a good request, the reason, and the text in each dialect.

struct RefusalCase {
  std::string name;
  std::function<RawRequest()> make;
  SigV4Refusal reason;
  int query_status;
  std::string query_code;
  std::string text;  ///< what the Query answer's message begins with
  std::string json_code;
};

RawRequest with_authorization(std::string value) {
  RawRequest request = signed_request();
  *request.header("Authorization") = std::move(value);
  return request;
}

RawRequest with_edited_authorization(std::string_view from, std::string_view to) {
  RawRequest request = signed_request();
  replace_in(*request.header("Authorization"), from, to);
  return request;
}

RawRequest with_header(std::string name, std::string value) {
  RawRequest request = signed_request();
  request.headers.emplace_back(std::move(name), std::move(value));
  return request;
}

const std::string kMismatchText = "The request signature we calculated does not match the signature you provided.";

std::vector<RefusalCase> refusal_cases() {
  using enum SigV4Refusal;
  return {
      {"BothHeaderAndQuery",
       [] {
         RawRequest request = signed_request();
         request.query = "X-Amz-Algorithm=AWS4-HMAC-SHA256";
         return request;
       },
       kBothHeaderAndQuery, 400, "IncompleteSignature",
       "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
       "IncompleteSignatureException"},
      {"NoAuthentication", [] { return unsigned_request(); }, kNoAuthentication, 403, "MissingAuthenticationToken",
       "Request is missing Authentication Token", "MissingAuthenticationTokenException"},
      {"Presigned",
       [] {
         RawRequest request = unsigned_request();
         request.query = "a=b&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00";
         return request;
       },
       kPresignedNotOffered, 400, "IncompleteSignature", "Requests signed in the query string",
       "IncompleteSignatureException"},
      {"AuthorizationTwice", [] { return with_header("authorization", "AWS4-HMAC-SHA256 Credential=x"); },
       kDuplicateHeader, 400, "IncompleteSignature", "Header 'Authorization' must not appear more than once.",
       "IncompleteSignatureException"},
      {"SessionTokenTwice",
       [] {
         RawRequest request = with_header("X-Amz-Security-Token", "a");
         request.headers.emplace_back("x-amz-security-token", "b");
         return request;
       },
       kDuplicateHeader, 400, "IncompleteSignature", "Header 'X-Amz-Security-Token'", "IncompleteSignatureException"},
      {"HostTwice", [] { return with_header("host", "other"); }, kDuplicateHeader, 400, "IncompleteSignature",
       "Header 'Host'", "IncompleteSignatureException"},
      {"SignatureTwice", [] { return with_edited_authorization("Signature=", "Signature=00, Signature="); },
       kDuplicateHeader, 400, "IncompleteSignature", "Authorization header must not have more than one 'Signature'",
       "IncompleteSignatureException"},
      {"AuthorizationTooLarge", [] { return with_authorization("AWS4-HMAC-SHA256 " + std::string(9000, 'x')); },
       kAuthorizationTooLarge, 400, "IncompleteSignature", "Header 'Authorization' is too long: 9017 bytes",
       "IncompleteSignatureException"},
      {"TooManySignedHeaders",
       [] {
         std::string names = "host";
         for (int i = 0; i < 100; ++i) names += fmt::format(";x{}", i);
         return with_edited_authorization("SignedHeaders=", fmt::format("SignedHeaders={};", names));
       },
       kAuthorizationTooLarge, 400, "IncompleteSignature", "SignedHeaders names", "IncompleteSignatureException"},
      {"Bearer", [] { return with_authorization("Bearer eyJhbGciOiJSUzI1NiJ9.secret"); }, kOtherScheme, 400,
       "IncompleteSignature",
       "'...' not a valid key=value pair (missing equal-sign) in Authorization header: 'Bearer ...'.",
       "IncompleteSignatureException"},
      {"SigV4A", [] { return with_edited_authorization("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"); },
       kAsymmetricNotOffered, 400, "IncompleteSignature",
       "Unsupported AWS 'algorithm': 'AWS4-ECDSA-P256-SHA256' (only AWS4-HMAC-SHA256 for now). ",
       "IncompleteSignatureException"},
      {"KeyWithoutEqualSign", [] { return with_edited_authorization("Credential=", "Credential,x="); }, kNotKeyValue,
       400, "IncompleteSignature",
       "'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 ",
       "IncompleteSignatureException"},
      {"DateInNoKnownForm",
       [] {
         RawRequest request = signed_request();
         *request.header("X-Amz-Date") = "201";
         return request;
       },
       kBadDate, 400, "IncompleteSignature",
       "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
       "IncompleteSignatureException"},
      {"SignedTooLongAgo", [] { return signed_request(unsigned_request(), {.at = kNow - 301}); }, kExpired, 403,
       "SignatureDoesNotMatch",
       "Signature expired: 20150830T123059Z is now earlier than 20150830T123100Z (20150830T123600Z - 5 min.)",
       "InvalidSignatureException"},
      {"SignedInTheFuture", [] { return signed_request(unsigned_request(), {.at = kNow + 301}); }, kNotYetCurrent, 403,
       "SignatureDoesNotMatch",
       "Signature not yet current: 20150830T124101Z is still later than 20150830T124100Z (20150830T123600Z + 5 min.)",
       "InvalidSignatureException"},
      {"HostNotSigned", [] { return with_edited_authorization("content-type;host;", "content-type;"); }, kHostNotSigned,
       403, "SignatureDoesNotMatch", "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
       "InvalidSignatureException"},
      {"OtherAlgorithm", [] { return with_edited_authorization("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1"); },
       kUnsupportedAlgorithm, 400, "IncompleteSignature",
       "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). ",
       "IncompleteSignatureException"},
      {"CredentialOfFourParts", [] { return with_edited_authorization("/aws4_request", ""); }, kCredentialShape, 400,
       "IncompleteSignature",
       "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got "
       "'AKIDEXAMPLE/20150830/eu-west-1/aps'",
       "IncompleteSignatureException"},
      {"RegionEmpty", [] { return signed_request(unsigned_request(), {.target = {"", "aps"}}); }, kScopeRegionEmpty,
       403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region. ", "InvalidSignatureException"},
      {"RegionNotAccepted", [] { return signed_request(unsigned_request(), {.target = {"ap-south-1", "aps"}}); },
       kScopeRegion, 403, "SignatureDoesNotMatch", "Credential should be scoped to a valid region. ",
       "InvalidSignatureException"},
      {"OtherService", [] { return signed_request(unsigned_request(), {.target = {"eu-west-1", "s3"}}); },
       kScopeService, 403, "SignatureDoesNotMatch", "Credential should be scoped to correct service: 'aps'. ",
       "InvalidSignatureException"},
      {"OtherTerminator", [] { return with_edited_authorization("aws4_request", "e"); }, kScopeTerminator, 403,
       "SignatureDoesNotMatch", "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. ",
       "InvalidSignatureException"},
      {"OtherDateInScope", [] { return with_edited_authorization("/20150830/", "/b/"); }, kScopeDate, 403,
       "SignatureDoesNotMatch",
       "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20150830', "
       "from "
       "'20150830T123600Z'.",
       "InvalidSignatureException"},
      {"StreamingPayload", [] { return with_header("X-Amz-Content-Sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"); },
       kStreamingPayload, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"UnsignedPayload", [] { return with_header("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"); }, kUnsignedPayload, 403,
       "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"PayloadHashOfAnotherBody",
       [] {
         RawRequest request = signed_request(unsigned_request(), {.options = {.add_content_sha256 = true}});
         request.body = "other";
         return request;
       },
       kPayloadHashMismatch, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"TamperedBody",
       [] {
         RawRequest request = signed_request();
         request.body += "x";
         return request;
       },
       kSignatureMismatch, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"TamperedPath",
       [] {
         RawRequest request = signed_request();
         request.path = "/workspaces/ws-2/api/v1/remote_write";
         return request;
       },
       kSignatureMismatch, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"TamperedQuery",
       [] {
         RawRequest request = signed_request();
         request.query = "a=1";
         return request;
       },
       kSignatureMismatch, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"TamperedSignedHeader",
       [] {
         RawRequest request = signed_request();
         *request.header("Content-Type") = "text/plain";
         return request;
       },
       kSignatureMismatch, 403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
      {"SignatureNotHex", [] { return with_edited_authorization("Signature=", "Signature=zz"); }, kSignatureMismatch,
       403, "SignatureDoesNotMatch", kMismatchText, "InvalidSignatureException"},
  };
}

TEST(SigV4Verify, RefusesEachFaultWithItsReasonAndAwsText) {
  for (const auto& row : refusal_cases()) {
    SCOPED_TRACE(row.name);
    const auto verified = verify(row.make());
    ASSERT_FALSE(verified);
    EXPECT_EQ(to_string(verified.error().reason), to_string(row.reason));
    const AwsError query = to_aws_error(verified.error(), ErrorDialect::kQuery);
    EXPECT_EQ(query.status, row.query_status);
    EXPECT_EQ(query.code, row.query_code);
    EXPECT_THAT(query.message, StartsWith(row.text));
    EXPECT_EQ(to_aws_error(verified.error(), ErrorDialect::kRestJson).code, row.json_code);
    EXPECT_EQ(to_aws_error(verified.error(), ErrorDialect::kDataPlane).status, 403);
    EXPECT_FALSE(explain(row.reason).empty());
  }
}

TEST(SigV4Verify, DataPlaneSaysMissingAuthenticationTokenAsAmpDoes) {
  const auto verified = verify(unsigned_request());
  ASSERT_FALSE(verified);
  EXPECT_EQ(to_aws_error(verified.error(), ErrorDialect::kDataPlane).message, "Missing Authentication Token");
}

TEST(SigV4Verify, ListsEveryMissingPartInOneText) {
  RawRequest request = unsigned_request();
  request.headers.emplace_back("Authorization", "AWS4-HMAC-SHA256 ");
  const auto verified = verify(request);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason, SigV4Refusal::kMissingParts);
  EXPECT_EQ(
      verified.error().message,
      "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. "
      "Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a "
      "'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256");
}

TEST(SigV4Verify, ReportsEveryFaultOfTheScopeTogether) {
  RawRequest request = signed_request();
  replace_in(*request.header("Authorization"), "20150830/eu-west-1/aps/aws4_request", "a/b/c/d");
  const auto verified = verify(request);
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().reason, SigV4Refusal::kScopeRegion);
  EXPECT_EQ(verified.error().seen, "b");
  EXPECT_EQ(verified.error().wanted, "eu-west-1 or us-east-1");
  EXPECT_EQ(
      verified.error().message,
      "Credential should be scoped to a valid region. Credential should be scoped to correct service: 'aps'. "
      "Credential should be scoped with a valid terminator: 'aws4_request', not 'd'. Date in Credential scope does not "
      "match YYYYMMDD from ISO-8601 version of date from HTTP: 'a' != '20150830', from '20150830T123600Z'.");
}

TEST(SigV4Verify, ChecksTheWindowBeforeTheScopeAndTheScopeBeforeTheSignature) {
  RawRequest request = signed_request(unsigned_request(), {.target = {"nowhere", "s3"}, .at = kNow - 3600});
  request.body = "tampered";
  EXPECT_EQ(verify(request).error().reason, SigV4Refusal::kExpired);
  VerificationPolicy policy = default_policy();
  policy.now = kNow - 3600;
  EXPECT_EQ(verify(request, policy).error().reason, SigV4Refusal::kScopeRegion);
  policy.regions = {"nowhere"};
  policy.service = "s3";
  EXPECT_EQ(verify(request, policy).error().reason, SigV4Refusal::kSignatureMismatch);
}

TEST(SigV4Verify, WindowIsInclusiveAndConfigurable) {
  for (const int64_t skew : {-300, 0, 300}) {
    EXPECT_TRUE(verify(signed_request(unsigned_request(), {.at = kNow + skew}))) << skew;
  }
  VerificationPolicy policy = default_policy();
  policy.window = std::chrono::minutes(15);
  EXPECT_TRUE(verify(signed_request(unsigned_request(), {.at = kNow - 900}), policy));
  const auto refused = verify(signed_request(unsigned_request(), {.at = kNow - 901}), policy);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("- 15 min.)"));
}

TEST(SigV4Verify, ShowsJsonCallersTheCanonicalRequestWithoutTheSessionToken) {
  const std::string token = "FwoGZXIvYXdzEJr//////////wEaDNotToBeShown==";
  RawRequest request = signed_request(unsigned_request(), {.token = token});
  request.body = "tampered";
  const auto verified = verify(request);
  ASSERT_FALSE(verified);
  const AwsError json = to_aws_error(verified.error(), ErrorDialect::kDataPlane);
  EXPECT_THAT(json.message,
              HasSubstr("The Canonical String for this request should have been\n'POST\n/workspaces/ws-1/"));
  EXPECT_THAT(json.message, HasSubstr("The String-to-Sign should have been\n'AWS4-HMAC-SHA256\n20150830T123600Z\n"));
  EXPECT_THAT(json.message, HasSubstr("x-amz-security-token:<session token>"));
  EXPECT_THAT(json.message, Not(HasSubstr("NotToBeShown")));
  EXPECT_THAT(to_aws_error(verified.error(), ErrorDialect::kQuery).message, Not(HasSubstr("Canonical")));
}

TEST(SigV4Verify, NeverEchoesASignatureATokenOrAnotherSchemesSecret) {
  for (const std::string secret_bearing :
       {"Bearer eyJtoken", "Basic dXNlcjpwYXNz", "AWS4-HMAC-SHA256 Credential=a/b, Signature=0123456789abcdef",
        "AWS4-HMAC-SHA256 Broken, Signature=0123456789abcdef"}) {
    const auto verified = verify(with_authorization(secret_bearing));
    ASSERT_FALSE(verified);
    for (const std::string& text : {verified.error().message, verified.error().seen, verified.error().wanted}) {
      EXPECT_THAT(text, Not(HasSubstr("eyJtoken")));
      EXPECT_THAT(text, Not(HasSubstr("dXNlcjpwYXNz")));
      EXPECT_THAT(text, Not(HasSubstr("0123456789abcdef")));
    }
  }
}

TEST(SigV4Verify, CapsTheEchoedCanonicalRequest) {
  RawRequest request = unsigned_request();
  request.query = "q=" + std::string(20'000, 'a');
  request = signed_request(request);
  request.body = "tampered";
  const auto verified = verify(request);
  ASSERT_FALSE(verified);
  EXPECT_LE(verified.error().canonical_request.size(), limits::kCanonicalEchoBytesMax + 3);
}

TEST(SigV4Verify, AcceptsThePathFormsOfFieldClientsAndSaysWhichMatched) {
  const std::string path = "/workspaces//ws-1/api/v1/label/a%20b/values";
  for (const auto form :
       {PathForm::kNormalizedTwice, PathForm::kNormalizedOnce, PathForm::kAsSentTwice, PathForm::kAsSentOnce}) {
    RawRequest request = unsigned_request();
    request.path = path;
    const auto verified = verify(signed_request(request, {.options = {.path_form = form}}));
    ASSERT_TRUE(verified) << to_string(form);
    EXPECT_EQ(to_string(verified->path_form), to_string(form));
  }
}

TEST(SigV4Verify, DoesNotAcceptOneSignatureForTwoPathsByEncodingOnce) {
  RawRequest request = unsigned_request();
  request.path = "/label/a%20b/values";
  RawRequest signed_once = signed_request(request);
  ASSERT_TRUE(verify(signed_once));
  // Encoded once, this other path would have the very canonical form of the first.
  signed_once.path = "/label/a%2520b/values";
  EXPECT_FALSE(verify(signed_once));
}

TEST(SigV4Verify, AnEncodedSlashIsNoSeparator) {
  RawRequest request = unsigned_request();
  request.path = "/tags/arn%3Aaws%3Aaps%3A%3A%3Aworkspace%2Fws-1";
  RawRequest sent = signed_request(request);
  ASSERT_TRUE(verify(sent));
  sent.path = "/tags/arn%3Aaws%3Aaps%3A%3A%3Aworkspace/ws-1";
  EXPECT_FALSE(verify(sent));
}

TEST(SigV4Verify, TriesConfiguredPublicHosts) {
  RawRequest request = signed_request();
  *request.header("Host") = "internal:8080";  // a proxy rewrote it
  EXPECT_FALSE(verify(request));
  VerificationPolicy policy = default_policy();
  policy.public_hosts = {"other.example", "sluice.example:9009"};
  const auto verified = verify(request, policy);
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->host, "sluice.example:9009");
}

TEST(SigV4Verify, AcceptsUnsignedPayloadOnlyWhereThePolicyAllowsIt) {
  RawRequest request = unsigned_request();
  request.headers.emplace_back("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD");
  const std::vector<std::string> names = {"host", "x-amz-date"};
  request.headers.emplace_back("X-Amz-Date", "20150830T123600Z");
  const CredentialScope scope{"20150830", "eu-west-1", "aps"};
  const std::string canonical =
      canonical_request(request.view(), {.signed_headers = names, .payload_hash = kUnsignedPayload});
  const std::string signature = hex_encode(
      signature_bytes(derive_signing_key(kSecret, scope), string_to_sign("20150830T123600Z", scope, canonical)));
  request.headers.emplace_back("Authorization",
                               fmt::format("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{}, SignedHeaders=host;x-amz-date, "
                                           "Signature={}",
                                           scope.format(), signature));
  EXPECT_EQ(verify(request).error().reason, SigV4Refusal::kUnsignedPayload);
  VerificationPolicy policy = default_policy();
  policy.allow_unsigned_payload = true;
  EXPECT_TRUE(verify(request, policy));
}

TEST(SigV4Verify, ReadsTheHttpDateHeaderWhenThereIsNoXAmzDate) {
  RawRequest request = unsigned_request();
  request.headers.emplace_back("Date", "Sun, 30 Aug 2015 12:36:00 GMT");
  const std::vector<std::string> names = {"date", "host"};
  const CredentialScope scope{"20150830", "eu-west-1", "aps"};
  const std::string hash = hex_encode(crypto::sha256(request.body));
  const std::string canonical = canonical_request(request.view(), {.signed_headers = names, .payload_hash = hash});
  const std::string signature = hex_encode(
      signature_bytes(derive_signing_key(kSecret, scope), string_to_sign("20150830T123600Z", scope, canonical)));
  request.headers.emplace_back(
      "Authorization", fmt::format("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{},SignedHeaders=date;host,Signature={}",
                                   scope.format(), signature));
  EXPECT_TRUE(verify(request));
}

TEST(SigV4Verify, KeepsTheSessionTokenWhetherItWasSignedOrNot) {
  for (const bool sign_token : {true, false}) {
    const RawRequest request =
        signed_request(unsigned_request(), {.token = "the-token", .options = {.sign_session_token = sign_token}});
    const auto parsed = parse_authorization(request.view());
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->session_token, "the-token");
    EXPECT_EQ(parsed->claimed_service(), "aps");
    EXPECT_EQ(parsed->claimed_access_key_id(), "AKIDEXAMPLE");
  }
}

TEST(SigV4Verify, SpendsAVerificationWithoutAnAnswer) {
  const RawRequest request = signed_request();
  const auto parsed = parse_authorization(request.view());
  ASSERT_TRUE(parsed);
  const auto checked = check_claims(*parsed, request.view(), default_policy());
  ASSERT_TRUE(checked);
  spend_verification(*checked, request.view());
  EXPECT_EQ(checked->scope().format(), "20150830/eu-west-1/aps/aws4_request");
}

TEST(SigV4Refusals, OfTheCallersLookUpsHaveAwsCodes) {
  struct Row {
    SigV4Refusal reason;
    std::string query_code, query_text, json_code, json_text;
  };
  const std::string invalid = "The security token included in the request is invalid";
  const std::string expired = "The security token included in the request is expired";
  const Row rows[] = {
      {SigV4Refusal::kUnknownAccessKey, "InvalidClientTokenId", invalid + ".", "UnrecognizedClientException",
       invalid + "."},
      {SigV4Refusal::kSessionTokenMissing, "InvalidClientTokenId", invalid + ".", "UnrecognizedClientException",
       invalid},
      {SigV4Refusal::kSessionTokenInvalid, "InvalidClientTokenId", invalid + ".", "UnrecognizedClientException",
       invalid},
      {SigV4Refusal::kSessionRoleGone, "InvalidClientTokenId", invalid + ".", "UnrecognizedClientException", invalid},
      {SigV4Refusal::kSessionExpired, "ExpiredToken", expired, "ExpiredTokenException", expired},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(to_string(row.reason)));
    const SigV4Failure failure = refuse(row.reason);
    EXPECT_EQ(to_aws_error(failure, ErrorDialect::kQuery).code, row.query_code);
    EXPECT_EQ(to_aws_error(failure, ErrorDialect::kQuery).message, row.query_text);
    EXPECT_EQ(to_aws_error(failure, ErrorDialect::kRestJson).code, row.json_code);
    EXPECT_EQ(to_aws_error(failure, ErrorDialect::kDataPlane).message, row.json_text);
    EXPECT_EQ(to_aws_error(failure, ErrorDialect::kDataPlane).status, 403);
  }
}

}  // namespace
}  // namespace sluice::aws
