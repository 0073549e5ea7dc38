#include "api/amp_service.h"

#include <gmock/gmock.h>

#include "amp_fixture.h"
#include "aws/rest_json.h"
#include "base/limits.h"

namespace sluice::api {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class AmpServiceTest : public AmpTest {
 protected:
  std::string tags_path(const std::string& id) {
    return "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A111122223333%3Aworkspace%2F" + id;
  }
  std::vector<std::string> listed(std::string_view target, std::string* next = nullptr) {
    auto answer = call_amp("GET", target);
    EXPECT_TRUE(answer) << told(answer);
    std::vector<std::string> aliases;
    if (!answer) return aliases;
    auto value = parse_json(answer->body);
    for (const JsonValue& workspace : *value->as_object()->find("workspaces")->as_array())
      aliases.push_back(*workspace.as_object()->find("alias")->as_string());
    if (next != nullptr) *next = text_at(answer->body, {"nextToken"});
    return aliases;
  }
  catalog::WorkspaceStatus status_of(const std::string& id) {
    auto workspace = catalog_->workspace(id);
    EXPECT_TRUE(workspace);
    return workspace ? (*workspace)->status : catalog::WorkspaceStatus::kCreationFailed;
  }
  void set_status(const std::string& id, catalog::WorkspaceStatus status) {
    ASSERT_TRUE(catalog_->update_workspace(id, [&](catalog::Workspace& workspace) -> Result<void> {
      workspace.status = status;
      return {};
    }));
  }
};

TEST_F(AmpServiceTest, AWorkspaceIsActiveAtOnceWithItsStorage) {
  auto created = call_amp("POST", "/workspaces",
                          R"({"alias":"prod","tags":{"env":"dev","team":"obs"},"clientToken":"t","futureMember":1})");
  ASSERT_TRUE(created) << told(created);
  EXPECT_EQ(created->status, 202);
  const std::string id = text_at(created->body, {"workspaceId"});
  EXPECT_THAT(id, MatchesRegex("ws-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_EQ(text_at(created->body, {"arn"}), "arn:aws:aps:us-west-2:111122223333:workspace/" + id);
  EXPECT_EQ(text_at(created->body, {"status", "statusCode"}), "ACTIVE");
  EXPECT_EQ(text_at(created->body, {"tags", "team"}), "obs");
  EXPECT_TRUE(storage_.has(id));

  auto described = call_amp("GET", "/workspaces/" + id);
  ASSERT_TRUE(described);
  EXPECT_EQ(described->status, 200);
  EXPECT_EQ(text_at(described->body, {"workspace", "alias"}), "prod");
  EXPECT_EQ(text_at(described->body, {"workspace", "prometheusEndpoint"}),
            "https://metrics.example:9009/workspaces/" + id + "/");
  EXPECT_EQ(text_at(described->body, {"workspace", "status", "statusCode"}), "ACTIVE");
  EXPECT_EQ(text_at(described->body, {"workspace", "tags", "env"}), "dev");
  EXPECT_THAT(described->body, HasSubstr(R"("createdAt":1795300000.123,)"));
  EXPECT_THAT(described->body, Not(HasSubstr("kmsKeyArn")));
}

TEST_F(AmpServiceTest, AWorkspaceNeedsNoAliasAndNoBody) {
  const std::string id = create_workspace("");
  auto described = call_amp("GET", "/workspaces/" + id);
  ASSERT_TRUE(described);
  EXPECT_EQ(text_at(described->body, {"workspace", "alias"}), "(none)");
}

TEST_F(AmpServiceTest, ARepeatedCreationIsTheSameWorkspace) {
  const std::string id = create_workspace(R"({"alias":"a","tags":{"x":"1","y":"2"},"clientToken":"t"})");
  EXPECT_EQ(create_workspace(R"({"alias":"a","tags":{"y":"2","x":"1"},"clientToken":"t"})"), id);
  auto other = call_amp("POST", "/workspaces", R"({"alias":"b","clientToken":"t"})");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().status, 409);
  EXPECT_EQ(other.error().code, "ConflictException");
  EXPECT_NE(create_workspace(R"({"alias":"a","tags":{"x":"1","y":"2"},"clientToken":"u"})"), id);
  EXPECT_THAT(storage_.ids, SizeIs(2));
}

TEST_F(AmpServiceTest, ARepeatedCreationFinishesWhatWasCutShort) {
  const std::string id = create_workspace(R"({"clientToken":"t"})");
  set_status(id, catalog::WorkspaceStatus::kCreating);
  storage_.ids.clear();
  EXPECT_EQ(create_workspace(R"({"clientToken":"t"})"), id);
  EXPECT_TRUE(storage_.has(id));
  EXPECT_EQ(status_of(id), catalog::WorkspaceStatus::kActive);
}

TEST_F(AmpServiceTest, LeavesNothingWhenTheStorageFails) {
  storage_.failing = true;
  auto created = call_amp("POST", "/workspaces", R"({"clientToken":"t"})");
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().status, 503);
  EXPECT_EQ(created.error().code, "InternalServerException");
  EXPECT_THAT(created.error().message, Not(HasSubstr("disk")));
  EXPECT_TRUE(catalog_->all_workspaces()->empty());
}

TEST_F(AmpServiceTest, RefusesAKeyItCannotUse) {
  auto refused =
      call_amp("POST", "/workspaces", R"({"kmsKeyArn":"arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "ValidationException");
  EXPECT_THAT(refused.error().message, HasSubstr("kmsKeyArn is not offered"));
  EXPECT_EQ(*refused.error().extra_members.find("reason")->as_string(), "OTHER");
}

TEST_F(AmpServiceTest, NamesTheFieldThatIsWrong) {
  struct Case {
    const char* method;
    std::string target;
    std::string body;
    const char* reason;
    const char* field;
    const char* message;
  };
  const std::string id = create_workspace();
  std::string many = R"({"tags":{)";
  for (int i = 0; i < 51; ++i) many += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":\"\"";
  many += "}}";
  for (const Case& c : std::vector<Case>{
           {"POST", "/workspaces", "{", "CANNOT_PARSE", "", "not valid JSON"},
           {"POST", "/workspaces", "[]", "CANNOT_PARSE", "", "must be a JSON object, not array"},
           {"POST", "/workspaces", R"({"alias":"a","alias":"b"})", "CANNOT_PARSE", "", "not valid JSON"},
           {"POST", "/workspaces", R"({"alias":7})", "FIELD_VALIDATION_FAILED", "alias",
            "must be a string, not integer"},
           {"POST", "/workspaces", R"({"alias":""})", "FIELD_VALIDATION_FAILED", "alias",
            "Value '' at 'alias' failed to satisfy constraint: Member must have length greater than or equal to 1"},
           {"POST", "/workspaces", R"({"alias":")" + std::string(101, 'a') + "\"}", "FIELD_VALIDATION_FAILED", "alias",
            "less than or equal to 100"},
           {"POST", "/workspaces", R"({"clientToken":"a b"})", "FIELD_VALIDATION_FAILED", "clientToken", "[!-~]+"},
           {"POST", "/workspaces", R"({"tags":["a"]})", "FIELD_VALIDATION_FAILED", "tags", "must be an object"},
           {"POST", "/workspaces", R"({"tags":{"a":1}})", "FIELD_VALIDATION_FAILED", "tags", "must be a string"},
           {"POST", "/workspaces", R"({"tags":{"aws:a":"1"}})", "FIELD_VALIDATION_FAILED", "tags",
            "must not begin with aws:"},
           {"POST", "/workspaces", R"({"tags":{"a{":"1"}})", "FIELD_VALIDATION_FAILED", "tags", "regular expression"},
           {"POST", "/workspaces", many, "FIELD_VALIDATION_FAILED", "tags", "less than or equal to 50"},
           {"GET", "/workspaces?maxResults=0", "", "FIELD_VALIDATION_FAILED", "maxResults",
            "greater than or equal to 1"},
           {"GET", "/workspaces?maxResults=1001", "", "FIELD_VALIDATION_FAILED", "maxResults",
            "less than or equal to 1000"},
           {"GET", "/workspaces?maxResults=x", "", "FIELD_VALIDATION_FAILED", "maxResults", "'x'"},
           {"GET", "/workspaces?nextToken=bm9uZQ", "", "FIELD_VALIDATION_FAILED", "nextToken",
            "was not made by this server"},
           {"GET", "/workspaces?alias=%zz", "", "CANNOT_PARSE", "", "query string"},
           {"GET", "/workspaces/" + std::string(65, 'w'), "", "FIELD_VALIDATION_FAILED", "workspaceId", "equal to 64"},
           {"POST", tags_path(id), "{}", "FIELD_VALIDATION_FAILED", "tags", "Value null at 'tags'"},
           {"DELETE", tags_path(id), "", "FIELD_VALIDATION_FAILED", "tagKeys", "Value null at 'tagKeys'"},
           {"GET", "/tags/nonsense", "", "FIELD_VALIDATION_FAILED", "resourceArn", "not the ARN of an aps resource"}}) {
    auto refused = call_amp(c.method, c.target, c.body);
    ASSERT_FALSE(refused) << c.target << " " << c.body;
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_EQ(refused.error().code, "ValidationException") << c.target << " " << c.body;
    EXPECT_EQ(*refused.error().extra_members.find("reason")->as_string(), c.reason) << refused.error().message;
    EXPECT_THAT(refused.error().message, HasSubstr(c.message));
    const JsonValue* fields = refused.error().extra_members.find("fieldList");
    if (*c.field == '\0') {
      EXPECT_EQ(fields, nullptr);
    } else {
      ASSERT_NE(fields, nullptr);
      EXPECT_EQ(*fields->as_array()->front().as_object()->find("name")->as_string(), c.field);
    }
  }
}

TEST_F(AmpServiceTest, GivesEveryWrongFieldItsOwnMessage) {
  auto refused = call_amp("POST", "/workspaces", R"({"alias":"","clientToken":""})");
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, StartsWith("2 validation errors detected: "));
  EXPECT_THAT(*refused.error().extra_members.find("fieldList")->as_array(), SizeIs(2));
  EXPECT_THAT(aws::rest_json_error(refused.error()).body,
              HasSubstr(R"("fieldList":[{"name":"alias","message":"Value)"));
}

TEST_F(AmpServiceTest, PlansTheResourceThatPoliciesName) {
  const std::string id = create_workspace(R"({"tags":{"env":"dev"}})");
  const std::string arn = "arn:aws:aps:us-west-2:111122223333:workspace/" + id;
  struct Case {
    const char* method;
    std::string target;
    std::string body;
    const char* action;
    std::string resource;
  };
  for (const Case& c : std::vector<Case>{
           {"POST", "/workspaces", "{}", "aps:CreateWorkspace", "arn:aws:aps:us-west-2:111122223333:/workspaces"},
           {"GET", "/workspaces", "", "aps:ListWorkspaces", "arn:aws:aps:us-west-2:111122223333:/workspaces"},
           {"GET", "/workspaces/" + id, "", "aps:DescribeWorkspace", arn},
           {"GET", "/workspaces/ws-none", "", "aps:DescribeWorkspace",
            "arn:aws:aps:us-west-2:111122223333:workspace/ws-none"},
           {"DELETE", "/workspaces/" + id, "", "aps:DeleteWorkspace", arn},
           {"POST", "/workspaces/" + id + "/alias", R"({"alias":"x"})", "aps:UpdateWorkspaceAlias", arn},
           {"GET", "/workspaces/" + id + "/logging", "", "aps:DescribeLoggingConfiguration", arn},
           {"GET", tags_path(id), "", "aps:ListTagsForResource", arn},
           {"POST", tags_path(id), R"({"tags":{"a":"b"}})", "aps:TagResource", arn},
           {"DELETE", tags_path(id) + "?tagKeys=a", "", "aps:UntagResource", arn}}) {
    auto call = plan_amp(c.method, c.target, c.body);
    ASSERT_TRUE(call) << c.action << told(call);
    ASSERT_THAT(call->plan.permissions, SizeIs(1)) << c.action;
    EXPECT_EQ(call->plan.primary().action, c.action);
    EXPECT_EQ(call->plan.primary().resource_arn, c.resource);
  }
  auto described = plan_amp("GET", "/workspaces/" + id);
  iam::RequestContext context;
  described->plan.add_to(context);
  ASSERT_NE(context.find("aws:resourcetag/env"), nullptr);
  EXPECT_THAT(context.find("aws:resourcetag/env")->values, ElementsAre("dev"));
}

TEST_F(AmpServiceTest, TagsOnCreationNeedTheirOwnPermission) {
  auto call = plan_amp("POST", "/workspaces", R"({"tags":{"env":"dev"}})");
  ASSERT_TRUE(call);
  ASSERT_THAT(call->plan.permissions, SizeIs(2));
  EXPECT_EQ(call->plan.permissions[1].action, "aps:TagResource");
  EXPECT_EQ(call->plan.permissions[1].resource_arn,
            "arn:aws:aps:us-west-2:111122223333:workspace/" + call->workspace_id);
  iam::RequestContext context;
  call->plan.add_to(context);
  EXPECT_THAT(context.find("aws:requesttag/env")->values, ElementsAre("dev"));
  EXPECT_TRUE(context.find("aws:tagkeys")->is_multivalued);
}

TEST_F(AmpServiceTest, WorkspacesOfAnotherAccountAreNotThere) {
  const std::string id = create_workspace();
  for (const auto& [method, target] :
       std::vector<std::pair<const char*, std::string>>{{"GET", "/workspaces/" + id},
                                                        {"DELETE", "/workspaces/" + id},
                                                        {"POST", "/workspaces/" + id + "/alias"},
                                                        {"GET", tags_path(id)},
                                                        {"GET", "/workspaces/" + id + "/logging"}}) {
    auto refused = call_amp(method, target, "", kOtherAccount);
    ASSERT_FALSE(refused) << method << " " << target;
    EXPECT_EQ(refused.error().status, 404);
    EXPECT_EQ(refused.error().code, "ResourceNotFoundException");
    auto plan = plan_amp(method, target, "", kOtherAccount);
    if (plan) EXPECT_THAT(plan->plan.primary().resource_arn, HasSubstr(kOtherAccount));
  }
  EXPECT_EQ(status_of(id), catalog::WorkspaceStatus::kActive);
  EXPECT_THAT(call_amp("GET", "/workspaces", "", kOtherAccount)->body, R"({"workspaces":[]})");
}

TEST_F(AmpServiceTest, ListsByAliasPrefixAndPage) {
  for (const char* alias : {"prod-a", "dev", "prod-b", "prod-c"}) {
    create_workspace(std::string(R"({"alias":")") + alias + "\"}");
    clock_.advance(std::chrono::milliseconds(1));
  }
  EXPECT_THAT(listed("/workspaces"), ElementsAre("prod-a", "dev", "prod-b", "prod-c"));
  EXPECT_THAT(listed("/workspaces?alias=prod"), ElementsAre("prod-a", "prod-b", "prod-c"));
  EXPECT_THAT(listed("/workspaces?alias=PROD"), IsEmpty());
  std::string next;
  EXPECT_THAT(listed("/workspaces?alias=prod&maxResults=2", &next), ElementsAre("prod-a", "prod-b"));
  EXPECT_THAT(listed("/workspaces?alias=prod&maxResults=2&nextToken=" + next, &next), ElementsAre("prod-c"));
  EXPECT_EQ(next, "(none)");
}

TEST_F(AmpServiceTest, UpdatesAndClearsAnAlias) {
  const std::string id = create_workspace(R"({"alias":"old"})");
  auto updated = call_amp("POST", "/workspaces/" + id + "/alias", R"({"alias":"new","clientToken":"t"})");
  ASSERT_TRUE(updated) << told(updated);
  EXPECT_EQ(updated->status, 204);
  EXPECT_EQ(updated->body, "");
  EXPECT_THAT(listed("/workspaces"), ElementsAre("new"));
  ASSERT_TRUE(call_amp("POST", "/workspaces/" + id + "/alias", "{}"));
  EXPECT_EQ(text_at(call_amp("GET", "/workspaces/" + id)->body, {"workspace", "alias"}), "(none)");
}

TEST_F(AmpServiceTest, TagsComeAndGo) {
  const std::string id = create_workspace(R"({"tags":{"team":"obs"}})");
  auto tagged = call_amp("POST", tags_path(id), R"({"tags":{"a":"b","team":"x"}})");
  ASSERT_TRUE(tagged) << told(tagged);
  EXPECT_EQ(tagged->status, 200);
  EXPECT_EQ(call_amp("GET", tags_path(id))->body, R"({"tags":{"team":"x","a":"b"}})");
  ASSERT_TRUE(call_amp("DELETE", tags_path(id) + "?tagKeys=a&tagKeys=team&tagKeys=none"));
  EXPECT_EQ(call_amp("GET", tags_path(id))->body, R"({"tags":{}})");
  auto missing = call_amp("GET", tags_path("ws-none"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, "ResourceNotFoundException");
  auto scraper = call_amp("GET", "/tags/arn%3Aaws%3Aaps%3Aus-west-2%3A111122223333%3Ascraper%2Fs-1");
  ASSERT_FALSE(scraper);
  EXPECT_EQ(scraper.error().code, "ResourceNotFoundException");
}

TEST_F(AmpServiceTest, DeletesAWorkspaceWithItsStorage) {
  const std::string id = create_workspace();
  auto deleted = call_amp("DELETE", "/workspaces/" + id + "?clientToken=t");
  ASSERT_TRUE(deleted) << told(deleted);
  EXPECT_EQ(deleted->status, 202);
  EXPECT_FALSE(storage_.has(id));
  auto described = call_amp("GET", "/workspaces/" + id);
  ASSERT_FALSE(described);
  EXPECT_EQ(told(described), "404 ResourceNotFoundException: Workspace not found: " + id);
  EXPECT_EQ(*described.error().extra_members.find("resourceId")->as_string(), id);
  EXPECT_EQ(*described.error().extra_members.find("resourceType")->as_string(), "workspace");
  EXPECT_EQ(told(call_amp("DELETE", "/workspaces/" + id + "?clientToken=t")), "success");
  EXPECT_EQ(call_amp("DELETE", "/workspaces/" + id + "?clientToken=u").error().status, 404);
  EXPECT_EQ(call_amp("DELETE", "/workspaces/" + id).error().status, 404);
}

TEST_F(AmpServiceTest, ADeletionThatFailedCanBeRepeated) {
  const std::string id = create_workspace();
  storage_.failing = true;
  EXPECT_EQ(call_amp("DELETE", "/workspaces/" + id).error().status, 503);
  EXPECT_EQ(status_of(id), catalog::WorkspaceStatus::kDeleting);
  EXPECT_EQ(text_at(call_amp("GET", "/workspaces/" + id)->body, {"workspace", "status", "statusCode"}), "DELETING");
  auto alias = call_amp("POST", "/workspaces/" + id + "/alias", R"({"alias":"x"})");
  ASSERT_FALSE(alias);
  EXPECT_EQ(alias.error().code, "ConflictException");
  storage_.failing = false;
  EXPECT_EQ(told(call_amp("DELETE", "/workspaces/" + id)), "success");
  EXPECT_FALSE(storage_.has(id));
}

TEST_F(AmpServiceTest, FinishesAtStartWhatACrashCutShort) {
  const std::string creating = create_workspace(), deleting = create_workspace(), active = create_workspace();
  set_status(creating, catalog::WorkspaceStatus::kCreating);
  set_status(deleting, catalog::WorkspaceStatus::kDeleting);
  std::erase(storage_.ids, creating);
  ASSERT_TRUE(amp_->reconcile());
  EXPECT_TRUE(storage_.has(creating));
  EXPECT_FALSE(storage_.has(deleting));
  EXPECT_EQ(status_of(creating), catalog::WorkspaceStatus::kActive);
  EXPECT_EQ(status_of(active), catalog::WorkspaceStatus::kActive);
  EXPECT_FALSE(catalog_->workspace(deleting));
}

TEST_F(AmpServiceTest, HasNoLoggingConfiguration) {
  const std::string id = create_workspace();
  auto logging = call_amp("GET", "/workspaces/" + id + "/logging");
  ASSERT_FALSE(logging);
  EXPECT_EQ(logging.error().status, 404);
  EXPECT_EQ(logging.error().code, "ResourceNotFoundException");
  EXPECT_THAT(logging.error().message, HasSubstr("No logging configuration"));
}

TEST_F(AmpServiceTest, RefusesMoreWorkspacesThanTheQuota) {
  for (size_t i = 0; i < limits::kWorkspacesPerAccountMax; ++i) create_workspace();
  auto over = call_amp("POST", "/workspaces", "{}");
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().status, 402);
  EXPECT_EQ(over.error().code, "ServiceQuotaExceededException");
  for (const char* member : {"resourceId", "resourceType", "serviceCode", "quotaCode"})
    EXPECT_NE(over.error().extra_members.find(member), nullptr) << member;
}

TEST_F(AmpServiceTest, NamesTheOperationItDoesNotOfferYet) {
  for (const auto& [method, target, name] : std::vector<std::tuple<const char*, const char*, const char*>>{
           {"GET", "/workspaces/ws-1/configuration", "DescribeWorkspaceConfiguration"},
           {"PATCH", "/workspaces/ws-1/configuration", "UpdateWorkspaceConfiguration"},
           {"POST", "/scrapers", "CreateScraper"},
           {"PUT", "/workspaces/ws-1/rulegroupsnamespaces/a", "PutRuleGroupsNamespace"},
           {"PUT", "/workspaces/ws-1/policy", "PutResourcePolicy"},
           {"POST", "/workspaces/ws-1/logging", "CreateLoggingConfiguration"}}) {
    auto refused = call_amp(method, target);
    ASSERT_FALSE(refused) << target;
    EXPECT_EQ(refused.error().code, "ValidationException");
    EXPECT_EQ(*refused.error().extra_members.find("reason")->as_string(), "UNKNOWN_OPERATION");
    EXPECT_THAT(refused.error().message, AllOf(StartsWith(name), HasSubstr("not offered")));
  }
}

}  // namespace
}  // namespace sluice::api
