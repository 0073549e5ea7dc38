// The requests that the AWS CLI and boto3 sent, against our services, in the order in which they were sent.
#include <algorithm>

#include <gmock/gmock.h>

#include "amp_fixture.h"

namespace sluice::api {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

struct Capture {
  std::string name;
  std::string date;  ///< X-Amz-Date, which gives the order
  std::string method;
  std::string target;
  std::string body;
};

std::vector<Capture> captures_beginning_with(std::initializer_list<std::string_view> prefixes) {
  std::vector<Capture> found;
  for (const auto& entry : std::filesystem::directory_iterator(conformance_directory() / "captures")) {
    const std::string name = entry.path().filename();
    if (std::ranges::none_of(prefixes, [&](std::string_view prefix) { return name.starts_with(prefix); })) continue;
    std::string bytes = read_bytes(entry.path());
    std::erase(bytes, '\r');
    const size_t line = bytes.find('\n'), head = bytes.find("\n\n"), date = bytes.find("X-Amz-Date: ");
    if (head == std::string::npos || date == std::string::npos) continue;
    const size_t space = bytes.find(' '), second = bytes.find(' ', space + 1);
    if (second > line) continue;
    found.push_back({name, bytes.substr(date + 12, 16), bytes.substr(0, space),
                     bytes.substr(space + 1, second - space - 1), bytes.substr(head + 2)});
  }
  std::ranges::sort(found, {}, [](const Capture& capture) { return std::pair(capture.date, capture.name); });
  return found;
}

class CapturesTest : public AmpTest {
 protected:
  void SetUp() override {
    AmpTest::SetUp();
    if (!std::filesystem::exists(conformance_directory() / "captures")) GTEST_SKIP() << "no captures";
  }
};

TEST_F(CapturesTest, IamOfTheCliAndBoto3) {
  const auto captures = captures_beginning_with({"cli-iam-", "boto3-iam-"});
  ASSERT_THAT(captures, SizeIs(26));
  for (const Capture& capture : captures) {
    auto form = http::Form::parse(capture.body);
    ASSERT_TRUE(form) << capture.name;
    auto plan = iam_->plan(*form->find("Action"), *form, kAccount);
    // The recording server took a value with '&', which the model's pattern excludes.
    if (capture.name.starts_with("cli-iam-tag-role.")) {
      EXPECT_THAT(told(plan), HasSubstr("'y z+/&=' at 'tags.1.member.value'"));
      continue;
    }
    ASSERT_TRUE(plan) << capture.name << ": " << told(plan);
    EXPECT_THAT(plan->primary().resource_arn, HasSubstr("arn:aws:iam::111122223333:")) << capture.name;
    auto answer = iam_->execute(*plan, *form, kAccount);
    const bool is_about_nothing = capture.name.find("nosuchentity") != std::string::npos;
    EXPECT_EQ(answer.has_value(), !is_about_nothing) << capture.name << ": " << told(answer);
  }
}

TEST_F(CapturesTest, AmpOfTheCliAndBoto3) {
  const auto captures = captures_beginning_with({"cli-amp-", "boto3-amp-"});
  ASSERT_THAT(captures, SizeIs(12));
  std::string of_cli, of_boto3;
  for (const Capture& capture : captures) {
    std::string target = capture.target;
    std::string& id = capture.name.starts_with("cli-") ? of_cli : of_boto3;
    // The recorded server gave other ids.
    if (const size_t at = target.find("ws-"); at != std::string::npos) target.replace(at, 39, id);
    auto answer = call_amp(capture.method, target, capture.body);
    ASSERT_TRUE(answer) << capture.name << ": " << told(answer);
    if (capture.method == "POST" && target == "/workspaces") id = text_at(answer->body, {"workspaceId"});
  }
}

}  // namespace
}  // namespace sluice::api
