#include <gmock/gmock.h>

#include "api/iam_service.h"
#include "iam_service_fixture.h"

namespace sluice::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::StartsWith;

TEST_F(IamServiceTest, GivesAManagedPolicyAndItsVersionBack) {
  auto created = call_iam("CreatePolicy", {{"PolicyName", "write"},
                                           {"PolicyDocument", kWrite},
                                           {"Description", "d e"},
                                           {"Tags.member.1.Key", "a"},
                                           {"Tags.member.1.Value", "b"}});
  ASSERT_TRUE(created) << told(created);
  EXPECT_EQ(element_of(*created, "Arn"), kPolicyArn);
  auto got = call_iam("GetPolicy", {{"PolicyArn", kPolicyArn}});
  ASSERT_TRUE(got);
  EXPECT_EQ(element_of(*got, "PolicyName"), "write");
  EXPECT_THAT(element_of(*got, "PolicyId"), StartsWith("ANPA"));
  EXPECT_EQ(element_of(*got, "Path"), "/");
  EXPECT_EQ(element_of(*got, "DefaultVersionId"), "v1");
  EXPECT_EQ(element_of(*got, "AttachmentCount"), "0");
  EXPECT_EQ(element_of(*got, "Description"), "d e");
  EXPECT_EQ(element_of(*got, "Key"), "a");
  auto version = call_iam("GetPolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v1"}});
  ASSERT_TRUE(version);
  EXPECT_EQ(percent_decode(element_of(*version, "Document")), std::string(kWrite));
  EXPECT_EQ(element_of(*version, "IsDefaultVersion"), "true");
  auto versions = call_iam("ListPolicyVersions", {{"PolicyArn", kPolicyArn}});
  ASSERT_TRUE(versions);
  EXPECT_THAT(elements_of(*versions, "VersionId"), ElementsAre("v1"));
  EXPECT_EQ(element_of(*versions, "Document"), "(none)");
}

TEST_F(IamServiceTest, AnswersForManagedPoliciesInAmazonsWords) {
  create_policy();
  const std::string none = "arn:aws:iam::111122223333:policy/none";
  EXPECT_EQ(told(call_iam("CreatePolicy", {{"PolicyName", "Write"}, {"PolicyDocument", kWrite}})),
            "409 EntityAlreadyExists: A policy called Write already exists. Duplicate names are not allowed.");
  for (const char* action : {"GetPolicy", "DeletePolicy", "ListPolicyVersions"})
    EXPECT_EQ(told(call_iam(action, {{"PolicyArn", none}})), "404 NoSuchEntity: Policy " + none + " was not found.")
        << action;
  EXPECT_EQ(told(call_iam("GetPolicyVersion", {{"PolicyArn", kPolicyArn}, {"VersionId", "v2"}})),
            std::string("404 NoSuchEntity: Policy ") + kPolicyArn + " version v2 does not exist or is not attachable.");
  EXPECT_EQ(told(call_iam("GetPolicy", {{"PolicyArn", "arn:aws:iam::111122223333:role/x"}})),
            "400 InvalidInput: ARN arn:aws:iam::111122223333:role/x is not valid.");
  auto other = call_iam("GetPolicy", {{"PolicyArn", kPolicyArn}}, kOtherAccount);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "NoSuchEntity");
}

TEST_F(IamServiceTest, AttachmentsComeAndGo) {
  create_role("r");
  create_policy();
  const Fields both = {{"RoleName", "r"}, {"PolicyArn", kPolicyArn}};
  EXPECT_EQ(told(call_iam("DetachRolePolicy", both)),
            std::string("404 NoSuchEntity: Policy ") + kPolicyArn + " was not found.");
  EXPECT_EQ(call_iam("AttachRolePolicy", both), "");
  EXPECT_EQ(call_iam("AttachRolePolicy", both), "");
  auto listed = call_iam("ListAttachedRolePolicies", {{"RoleName", "r"}});
  ASSERT_TRUE(listed);
  EXPECT_THAT(elements_of(*listed, "PolicyArn"), ElementsAre(kPolicyArn));
  EXPECT_THAT(elements_of(*listed, "PolicyName"), ElementsAre("write"));
  EXPECT_EQ(told(call_iam("DeletePolicy", {{"PolicyArn", kPolicyArn}})),
            "409 DeleteConflict: Cannot delete a policy attached to entities.");
  EXPECT_EQ(told(call_iam("DeleteRole", {{"RoleName", "r"}})),
            "409 DeleteConflict: Cannot delete entity, must detach all policies first.");
  EXPECT_EQ(element_of(*call_iam("GetPolicy", {{"PolicyArn", kPolicyArn}}), "AttachmentCount"), "1");
  EXPECT_EQ(call_iam("DetachRolePolicy", both), "");
  EXPECT_EQ(call_iam("DeletePolicy", {{"PolicyArn", kPolicyArn}}), "");
  const std::string none = "arn:aws:iam::111122223333:policy/none";
  EXPECT_EQ(told(call_iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", none}})),
            "404 NoSuchEntity: Policy " + none + " does not exist or is not attachable.");
}

TEST_F(IamServiceTest, AmazonsPoliciesForAmpAreThere) {
  create_role("r");
  const std::string arn = "arn:aws:iam::aws:policy/AmazonPrometheusRemoteWriteAccess";
  EXPECT_EQ(call_iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", arn}}), "");
  EXPECT_EQ(element_of(*call_iam("GetPolicy", {{"PolicyArn", arn}}), "AttachmentCount"), "1");
  auto version = call_iam("GetPolicyVersion", {{"PolicyArn", arn}, {"VersionId", "v1"}});
  ASSERT_TRUE(version);
  EXPECT_THAT(element_of(*version, "Document"), HasSubstr("aps%3ARemoteWrite"));
  EXPECT_EQ(told(call_iam("DeletePolicy", {{"PolicyArn", arn}})),
            "403 AccessDenied: AWS managed policies cannot be deleted.");
}

TEST_F(IamServiceTest, ListsPoliciesByScopeAndUse) {
  create_role("r");
  create_policy("own");
  const std::string builtin = "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess";
  ASSERT_EQ(call_iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", builtin}}), "");
  const auto names = [&](const Fields& fields) {
    auto listed = call_iam("ListPolicies", fields);
    EXPECT_TRUE(listed) << told(listed);
    return elements_of(listed.value_or(""), "PolicyName");
  };
  EXPECT_THAT(names({{"Scope", "Local"}}), ElementsAre("own"));
  EXPECT_THAT(names({{"Scope", "AWS"}}), SizeIs(4));
  EXPECT_THAT(names({}), SizeIs(5));
  EXPECT_THAT(names({{"OnlyAttached", "true"}}), ElementsAre("AmazonPrometheusQueryAccess"));
  EXPECT_THAT(names({{"PathPrefix", "/x/"}}), IsEmpty());
  EXPECT_THAT(names({{"PolicyUsageFilter", "PermissionsBoundary"}}), IsEmpty());
}

}  // namespace
}  // namespace sluice::api
