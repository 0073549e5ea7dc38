// Requests of real clients, as they came over the wire.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "aws/query_protocol.h"
#include "aws/raw_request.h"
#include "aws/sigv4_verify.h"
#include "base/clock.h"

namespace sluice::aws {
namespace {

using testing::conformance_dir;
using testing::RawRequest;
using testing::read_text;

constexpr std::string_view kKeyId = "AKIAACCEPTANCEADMIN1";
constexpr std::string_view kSecret = "acceptanceAdminSecretKeyNumberOne0000001";

class Captures : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto root = conformance_dir();
    if (!root) GTEST_SKIP() << "the recorded requests are not there";
    for (const auto& entry : std::filesystem::directory_iterator(*root / "captures")) {
      if (entry.path().extension() == ".raw") paths_.push_back(entry.path());
    }
    std::ranges::sort(paths_);
    ASSERT_FALSE(paths_.empty());
  }

  VerificationPolicy policy_for(const ParsedAuthorization& parsed) const {
    return {.now = parsed.signed_at,
            .service = std::string(parsed.claimed_service()),
            .regions = {"us-west-2", "us-east-1"}};
  }

  std::vector<std::filesystem::path> paths_;
  SigningKeyCache cache_;
};

TEST_F(Captures, EverySignedRequestParsesAndItsClaimsHold) {
  size_t signed_requests = 0;
  for (const auto& path : paths_) {
    SCOPED_TRACE(path.filename().string());
    const RawRequest request = RawRequest::parse(read_text(path));
    const auto parsed = parse_authorization(request.view());
    if (!parsed) {
      EXPECT_EQ(parsed.error().reason, SigV4Refusal::kNoAuthentication);
      continue;
    }
    ++signed_requests;
    EXPECT_TRUE(check_claims(*parsed, request.view(), policy_for(*parsed)));
  }
  EXPECT_GE(signed_requests, 60u);
}

TEST_F(Captures, EveryRequestSignedWithTheAdministratorsKeyVerifies) {
  size_t verified_requests = 0;
  for (const auto& path : paths_) {
    SCOPED_TRACE(path.filename().string());
    const RawRequest request = RawRequest::parse(read_text(path));
    const auto parsed = parse_authorization(request.view());
    if (!parsed || parsed->claimed_access_key_id() != kKeyId) continue;
    const auto checked = check_claims(*parsed, request.view(), policy_for(*parsed));
    ASSERT_TRUE(checked);
    const auto verified =
        verify_signature(*checked, Secret(std::string(kSecret)), request.view(), policy_for(*parsed), cache_);
    EXPECT_TRUE(verified);
    if (verified) {
      EXPECT_EQ(verified->path_form, PathForm::kNormalizedTwice);
    }
    ++verified_requests;

    RawRequest tampered = request;
    tampered.body += " ";
    EXPECT_FALSE(
        verify_signature(*checked, Secret(std::string(kSecret)), tampered.view(), policy_for(*parsed), cache_));
  }
  EXPECT_GE(verified_requests, 40u);
}

TEST_F(Captures, NoRequestOfAnotherKeyVerifies) {
  size_t refused = 0;
  for (const auto& path : paths_) {
    const RawRequest request = RawRequest::parse(read_text(path));
    const auto parsed = parse_authorization(request.view());
    if (!parsed || parsed->claimed_access_key_id() == kKeyId) continue;
    const auto checked = check_claims(*parsed, request.view(), policy_for(*parsed));
    ASSERT_TRUE(checked);
    const auto verified =
        verify_signature(*checked, Secret(std::string(kSecret)), request.view(), policy_for(*parsed), cache_);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().reason, SigV4Refusal::kSignatureMismatch);
    const std::string& token = checked->session_token();
    EXPECT_TRUE(token.empty() || verified.error().canonical_request.find(token) == std::string::npos);
    ++refused;
  }
  EXPECT_GE(refused, 10u);
}

}  // namespace
}  // namespace sluice::aws
