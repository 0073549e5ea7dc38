// The request's shape against the API model, and against what real clients send. Both data sets lie beside the
// repository; without them these tests are skipped.
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/query_protocol.h"
#include "base/encoding.h"
#include "base/json.h"
#include "sts/assume_role_with_web_identity.h"

namespace sluice::sts {
namespace {

using ::testing::HasSubstr;

std::filesystem::path conformance(const std::string& name) {
  const char* directory = std::getenv("SLUICE_CONFORMANCE_DIR");
  const std::filesystem::path base = directory != nullptr
                                         ? std::filesystem::path(directory)
                                         : std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/conformance";
  return base / name;
}

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Real clients.

/// The parameters of a recorded request: of the body, or of the query for GET.
aws::Parameters parameters_of(const std::string& request) {
  const size_t end = request.find("\r\n\r\n");
  std::string form = request.substr(end + 4);
  if (request.starts_with("GET")) {
    const std::string target = request.substr(4, request.find(' ', 4) - 4);
    form = target.substr(target.find('?') + 1);
  }
  aws::Parameters result;
  for (size_t from = 0; from < form.size();) {
    const size_t to = std::min(form.find('&', from), form.size());
    const std::string pair = form.substr(from, to - from);
    const size_t equals = pair.find('=');
    result.emplace_back(percent_decode(pair.substr(0, equals), true).value(),
                        percent_decode(pair.substr(equals + 1), true).value());
    from = to + 1;
  }
  return result;
}

TEST(RecordedClientsTest, LoginsOfCliBotoPrometheusAndVmagentAreRead) {
  const auto directory = conformance("captures");
  if (!std::filesystem::exists(directory)) GTEST_SKIP() << directory << " is not there";
  int logins = 0;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.find(".AssumeRoleWithWebIdentity.") == std::string::npos) continue;
    const auto request = parse_request(parameters_of(read(entry.path())));
    ++logins;
    if (name.find("badtoken") != std::string::npos) {
      ASSERT_FALSE(request) << name;
      EXPECT_EQ(request.error().error.code, "InvalidIdentityToken");
      continue;
    }
    ASSERT_TRUE(request) << name << ": " << request.error().error.message;
    EXPECT_EQ(request->role.name, "aws-managed-prometheus-ops") << name;
    EXPECT_THAT(request->token.claims().issuer, HasSubstr("https://issuer.test:8443/id/")) << name;
    EXPECT_EQ(request->token.claims().subject, "system:serviceaccount:monitoring:prometheus") << name;
    EXPECT_EQ(request->duration_seconds, name.find("module") != std::string::npos ? 1500 : 3600) << name;
  }
  EXPECT_GT(logins, 40);
}

// The API model.

/// Whether `value` for the parameter passes the shape checks, all others being right.
bool passes_shape(const std::string& parameter, const std::string& value) {
  aws::Parameters parameters = {{parameter, value}};
  for (const auto& [name, good] : aws::Parameters{{"RoleArn", "arn:aws:iam::111122223333:role/prometheus"},
                                                  {"RoleSessionName", "x-account"},
                                                  {"WebIdentityToken", "a.b.c"}}) {
    if (name != parameter) parameters.emplace_back(name, good);
  }
  const auto request = parse_request(parameters);
  return request || request.error().error.message.find("validation error") == std::string::npos;
}

class ApiModelTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto path = conformance("api-models/sts-service-2.json");
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is not there";
    auto parsed = parse_json(read(path), {.bytes_max = 16 << 20, .depth_max = 64, .values_max = 1'000'000});
    ASSERT_TRUE(parsed) << parsed.error().message;
    model_ = *std::move(parsed);
  }
  const JsonObject& shape(const std::string& name) const {
    return *model_.as_object()->find("shapes")->as_object()->find(name)->as_object();
  }

  JsonValue model_;
};

TEST_F(ApiModelTest, RequiredParametersAreRequired) {
  const JsonValue* required = shape("AssumeRoleWithWebIdentityRequest").find("required");
  ASSERT_NE(required, nullptr);
  const auto request = parse_request({});
  ASSERT_FALSE(request);
  EXPECT_THAT(request.error().error.message,
              HasSubstr(std::to_string(required->as_array()->size()) + " validation errors"));
  for (const JsonValue& name : *required->as_array()) {
    std::string member = *name.as_string();
    member[0] = static_cast<char>(std::tolower(member[0]));
    EXPECT_THAT(request.error().error.message, HasSubstr("Value null at '" + member + "'"));
  }
}

TEST_F(ApiModelTest, LengthsAndRangesAreTheModels) {
  for (const auto& [name, member] : shape("AssumeRoleWithWebIdentityRequest").find("members")->as_object()->members()) {
    if (name == "Policy" || name == "PolicyArns") continue;  // refused as a whole
    const JsonObject& constraints = shape(*member.as_object()->find("shape")->as_string());
    const int64_t min = *constraints.find("min")->as_integer();
    const int64_t max = *constraints.find("max")->as_integer();
    const bool is_integer = *constraints.find("type")->as_string() == "integer";
    const auto value = [is_integer](int64_t size) {
      return is_integer ? std::to_string(size) : std::string(static_cast<size_t>(size), 'x');
    };
    EXPECT_FALSE(passes_shape(name, value(min - 1))) << name;
    EXPECT_TRUE(passes_shape(name, value(min))) << name;
    EXPECT_TRUE(passes_shape(name, value(max))) << name;
    EXPECT_FALSE(passes_shape(name, value(max + 1))) << name;
  }
}

}  // namespace
}  // namespace sluice::sts
