// AWS's own signature vectors in the two published editions, as signer and as verifier.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/raw_request.h"
#include "aws/sigv4_sign.h"
#include "aws/sigv4_verify.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/digest.h"

namespace sluice::aws {
namespace {

using testing::conformance_dir;
using testing::RawRequest;
using testing::read_text;
namespace fs = std::filesystem;

constexpr std::string_view kKeyId = "AKIDEXAMPLE";
constexpr std::string_view kSecret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
constexpr std::string_view kDate = "20150830T123600Z";

std::string trimmed(std::string text) {
  text.erase(std::ranges::remove(text, '\r').begin(), text.end());
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

VerificationPolicy policy_of_the_suites() {
  return {.now = *parse_amz_date(kDate), .service = "service", .regions = {"us-east-1"}};
}

::testing::AssertionResult verifies(const RawRequest& request, SigningKeyCache& cache, PathForm* matched = nullptr) {
  const RequestView view = request.view();
  const auto parsed = parse_authorization(view);
  if (!parsed) return ::testing::AssertionFailure() << "parse: " << to_string(parsed.error().reason);
  const auto checked = check_claims(*parsed, view, policy_of_the_suites());
  if (!checked) return ::testing::AssertionFailure() << "claims: " << checked.error().message;
  const auto verified = verify_signature(*checked, Secret(std::string(kSecret)), view, policy_of_the_suites(), cache);
  if (!verified) return ::testing::AssertionFailure() << verified.error().canonical_request;
  if (matched) *matched = verified->path_form;
  return ::testing::AssertionSuccess();
}

// --- aws-c-auth edition: a directory a case, with header and query forms.

struct Context {
  bool normalize = true;
  bool sign_body = false;
  bool omit_session_token = false;
  int64_t expires_s = 0;
  Credentials credentials;
};

Context read_context(const fs::path& dir) {
  const auto json = parse_json(read_text(dir / "context.json"));
  EXPECT_TRUE(json) << dir;
  const JsonObject& object = *json->as_object();
  const auto flag = [&](std::string_view name) {
    const JsonValue* value = object.find(name);
    return value && *value->as_bool();
  };
  Context context{.normalize = flag("normalize"),
                  .sign_body = flag("sign_body"),
                  .omit_session_token = flag("omit_session_token"),
                  .expires_s = *object.find("expiration_in_seconds")->as_integer()};
  const JsonObject& credentials = *object.find("credentials")->as_object();
  context.credentials.access_key_id = *credentials.find("access_key_id")->as_string();
  context.credentials.secret_access_key = Secret(*credentials.find("secret_access_key")->as_string());
  if (const JsonValue* token = credentials.find("token"))
    context.credentials.session_token = Secret(*token->as_string());
  return context;
}

// The suite's input paths are not encoded yet, so that encoding the path once more is the encoding.
SignOptions options_of(const Context& context) {
  return {.path_form = context.normalize ? PathForm::kNormalizedTwice : PathForm::kAsSentTwice,
          .add_content_sha256 = context.sign_body,
          .sign_session_token = !context.omit_session_token};
}

std::vector<fs::path> case_dirs(std::string_view suite) {
  std::vector<fs::path> dirs;
  if (const auto root = conformance_dir()) {
    for (const auto& entry : fs::directory_iterator(*root / "sigv4" / suite)) {
      if (entry.is_directory()) dirs.push_back(entry.path());
    }
  }
  std::ranges::sort(dirs);
  return dirs;
}

class AwsCAuthSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    dirs_ = case_dirs("aws-c-auth");
    if (dirs_.empty()) GTEST_SKIP() << "the signature vectors are not there";
    ASSERT_GE(dirs_.size(), 37u);
  }
  std::vector<fs::path> dirs_;
  SigningKeyCache cache_;
};

TEST_F(AwsCAuthSuite, SignsEveryRequestByHeaders) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const Context context = read_context(dir);
    const RawRequest request = RawRequest::parse(read_text(dir / "request.txt"));
    const auto added = sign_request(request.view(), context.credentials, {"us-east-1", "service"},
                                    *parse_amz_date(kDate), options_of(context));
    ASSERT_EQ(added.back().first, "Authorization");
    EXPECT_THAT(added.back().second,
                ::testing::EndsWith("Signature=" + trimmed(read_text(dir / "header-signature.txt"))));
  }
}

TEST_F(AwsCAuthSuite, CanonicalisesEverySignedRequest) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const Context context = read_context(dir);
    const RawRequest request = RawRequest::parse(read_text(dir / "header-signed-request.txt"));
    const RequestView view = request.view();
    const auto parsed = parse_authorization(view);
    ASSERT_TRUE(parsed);
    const std::string hash = hex_encode(crypto::sha256(request.body));
    const std::string canonical = canonical_request(
        view,
        {.path_form = options_of(context).path_form, .signed_headers = parsed->signed_headers, .payload_hash = hash});
    EXPECT_EQ(canonical, trimmed(read_text(dir / "header-canonical-request.txt")));
    EXPECT_EQ(string_to_sign(parsed->amz_date, {"20150830", "us-east-1", "service"}, canonical),
              trimmed(read_text(dir / "header-string-to-sign.txt")));
  }
}

TEST_F(AwsCAuthSuite, VerifiesEverySignedRequestInTheFormItWasSigned) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    PathForm matched{};
    const RawRequest request = RawRequest::parse(read_text(dir / "header-signed-request.txt"));
    ASSERT_TRUE(verifies(request, cache_, &matched));
    const bool paths_differ = canonical_path(request.path, PathForm::kNormalizedTwice) !=
                              canonical_path(request.path, PathForm::kAsSentTwice);
    const bool was_normalized = read_context(dir).normalize;
    EXPECT_EQ(matched, paths_differ && !was_normalized ? PathForm::kAsSentTwice : PathForm::kNormalizedTwice);
  }
}

TEST_F(AwsCAuthSuite, RefusesEverySignedRequestAfterOneEdit) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const RawRequest original = RawRequest::parse(read_text(dir / "header-signed-request.txt"));
    RawRequest edited = original;
    edited.method = "DELETE";
    EXPECT_FALSE(verifies(edited, cache_)) << "method";
    edited = original;
    edited.path += "x";
    EXPECT_FALSE(verifies(edited, cache_)) << "path";
    edited = original;
    edited.query += edited.query.empty() ? "a=b" : "&a=b";
    EXPECT_FALSE(verifies(edited, cache_)) << "query";
    edited = original;
    edited.body += "x";
    EXPECT_FALSE(verifies(edited, cache_)) << "body";
    edited = original;
    *edited.header("Host") += "x";
    EXPECT_FALSE(verifies(edited, cache_)) << "host";
  }
}

TEST_F(AwsCAuthSuite, PresignsEveryRequest) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const Context context = read_context(dir);
    const RawRequest request = RawRequest::parse(read_text(dir / "request.txt"));
    const std::string query = presign_query(request.view(), context.credentials, {"us-east-1", "service"},
                                            *parse_amz_date(kDate), context.expires_s, options_of(context));
    EXPECT_THAT(query, ::testing::EndsWith("X-Amz-Signature=" + trimmed(read_text(dir / "query-signature.txt"))));
  }
}

TEST_F(AwsCAuthSuite, CanonicalisesEveryPresignedRequest) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const Context context = read_context(dir);
    RawRequest request = RawRequest::parse(read_text(dir / "query-signed-request.txt"));
    if (context.omit_session_token) {  // added beside the signature, so no part of what was signed
      const size_t at = request.query.find("&X-Amz-Security-Token=");
      ASSERT_NE(at, std::string::npos);
      request.query.erase(at, request.query.find('&', at + 1) - at);
    }
    std::vector<std::string> names;
    for (const auto& [name, value] : request.headers) names.push_back(ascii_lower(name));
    std::ranges::sort(names);
    names.erase(std::ranges::unique(names).begin(), names.end());
    const std::string hash = hex_encode(crypto::sha256(request.body));
    EXPECT_EQ(canonical_request(request.view(), {.path_form = options_of(context).path_form,
                                                 .signed_headers = names,
                                                 .payload_hash = hash,
                                                 .presigned = true}),
              trimmed(read_text(dir / "query-canonical-request.txt")));
  }
}

TEST_F(AwsCAuthSuite, RecognisesPresignedRequestsAndRefusesThem) {
  for (const auto& dir : dirs_) {
    SCOPED_TRACE(dir.filename().string());
    const RawRequest request = RawRequest::parse(read_text(dir / "query-signed-request.txt"));
    const auto parsed = parse_authorization(request.view());
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().reason, SigV4Refusal::kPresignedNotOffered);
  }
}

// --- botocore edition: <case>.req, .creq, .sts, .authz, .sreq, some cases one directory deeper.

std::vector<fs::path> botocore_cases() {
  std::vector<fs::path> cases;
  if (const auto root = conformance_dir()) {
    for (const auto& entry : fs::recursive_directory_iterator(*root / "sigv4" / "botocore")) {
      if (entry.path().extension() == ".authz") cases.push_back(fs::path(entry.path()).replace_extension());
    }
  }
  std::ranges::sort(cases);
  return cases;
}

std::string read_part(const fs::path& stem, std::string_view extension) {
  return read_text(stem.string() + std::string(extension));
}

// The suite's requests lack the token where a signer is to add it from its credentials.
Credentials credentials_of(const fs::path& stem) {
  Credentials credentials{std::string(kKeyId), Secret(std::string(kSecret)), {}};
  if (stem.filename() == "get-vanilla-with-session-token") {
    credentials.session_token = Secret(*RawRequest::parse(read_part(stem, ".sreq")).header("X-Amz-Security-Token"));
  }
  return credentials;
}

RawRequest signed_request_of(const fs::path& stem) {
  RawRequest request = RawRequest::parse(read_part(stem, ".sreq"));
  // One .sreq of the suite carries the signature of another case; its .authz is the right one.
  if (stem.filename() == "get-vanilla-with-session-token") {
    *request.header("Authorization") = trimmed(read_part(stem, ".authz"));
  }
  return request;
}

class BotocoreSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    cases_ = botocore_cases();
    if (cases_.empty()) GTEST_SKIP() << "the signature vectors are not there";
    ASSERT_GE(cases_.size(), 30u);
  }
  std::vector<fs::path> cases_;
  SigningKeyCache cache_;
};

TEST_F(BotocoreSuite, SignsEveryRequest) {
  for (const auto& stem : cases_) {
    SCOPED_TRACE(stem.filename().string());
    RawRequest request = RawRequest::parse(read_part(stem, ".req"));
    request.remove_header("X-Amz-Date");
    const auto added =
        sign_request(request.view(), credentials_of(stem), {"us-east-1", "service"}, *parse_amz_date(kDate));
    EXPECT_EQ(added.back().second, trimmed(read_part(stem, ".authz")));
  }
}

TEST_F(BotocoreSuite, CanonicalisesEveryRequest) {
  for (const auto& stem : cases_) {
    SCOPED_TRACE(stem.filename().string());
    const RawRequest request = signed_request_of(stem);
    const auto parsed = parse_authorization(request.view());
    ASSERT_TRUE(parsed);
    const std::string hash = hex_encode(crypto::sha256(request.body));
    const std::string canonical =
        canonical_request(request.view(), {.signed_headers = parsed->signed_headers, .payload_hash = hash});
    EXPECT_EQ(canonical, trimmed(read_part(stem, ".creq")));
    EXPECT_EQ(string_to_sign(parsed->amz_date, {"20150830", "us-east-1", "service"}, canonical),
              trimmed(read_part(stem, ".sts")));
  }
}

TEST_F(BotocoreSuite, VerifiesEverySignedRequest) {
  for (const auto& stem : cases_) {
    SCOPED_TRACE(stem.filename().string());
    EXPECT_TRUE(verifies(signed_request_of(stem), cache_));
  }
}

}  // namespace
}  // namespace sluice::aws
