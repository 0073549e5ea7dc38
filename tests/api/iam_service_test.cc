#include "api/iam_service.h"

#include <gmock/gmock.h>

#include "base/limits.h"
#include "iam_service_fixture.h"

namespace sluice::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

// Protocol and shape.

TEST_F(IamServiceTest, NamesTheActionItDoesNotOffer) {
  EXPECT_EQ(told(plan_iam("CreateUser", {})),
            "400 InvalidAction: Could not find operation CreateUser for version 2010-05-08");
  auto form = http::Form::parse("Action=GetRole&RoleName=r");
  EXPECT_EQ(told(iam_->plan("GetRole", *form, kAccount)),
            "400 InvalidAction: Could not find operation GetRole for version NO_VERSION_SPECIFIED");
  auto sts = http::Form::parse("Action=GetRole&RoleName=r&Version=2011-06-15");
  EXPECT_EQ(told(iam_->plan("GetRole", *sts, kAccount)),
            "400 InvalidAction: Could not find operation GetRole for version 2011-06-15");
}

TEST_F(IamServiceTest, GathersEveryShapeViolation) {
  auto refused =
      plan_iam("CreateRole", {{"RoleName", "a b"}, {"MaxSessionDuration", "60"}, {"Tags.member.1.Key", "k"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "ValidationError");
  EXPECT_THAT(refused.error().message, StartsWith("4 validation errors detected: "));
  EXPECT_THAT(refused.error().message,
              HasSubstr("Value 'a b' at 'roleName' failed to satisfy constraint: Member must satisfy "
                        "regular expression pattern: [\\w+=,.@-]+"));
  EXPECT_THAT(refused.error().message, HasSubstr("Value null at 'assumeRolePolicyDocument'"));
  EXPECT_THAT(
      refused.error().message,
      HasSubstr("Value '60' at 'maxSessionDuration' failed to satisfy constraint: Member must have value greater than "
                "or equal to 3600"));
  EXPECT_THAT(refused.error().message, HasSubstr("Value null at 'tags.1.member.value'"));
}

TEST_F(IamServiceTest, RefusesListsOutOfShape) {
  struct Case {
    const char* action;
    Fields fields;
    const char* told;
  };
  Fields many_tags = {{"RoleName", "r"}};
  for (int i = 1; i <= 51; ++i) {
    many_tags.emplace_back("Tags.member." + std::to_string(i) + ".Key", "k" + std::to_string(i));
    many_tags.emplace_back("Tags.member." + std::to_string(i) + ".Value", "");
  }
  for (const Case& c :
       std::vector<Case>{{"TagRole",
                          {{"RoleName", "r"}},
                          "Value null at 'tags' failed to satisfy constraint: Member must not be null"},
                         {"TagRole", many_tags,
                          "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
                         {"TagRole",
                          {{"RoleName", "r"}, {"Tags.member.1.Key", ""}, {"Tags.member.1.Value", ""}},
                          "at 'tags.1.member.key' failed to satisfy constraint: Member must"},
                         {"TagRole",
                          {{"RoleName", "r"}, {"Tags.member.1.Key", "a{b"}, {"Tags.member.1.Value", ""}},
                          "regular expression"},
                         {"UntagRole", {{"RoleName", "r"}}, "Value null at 'tagKeys'"},
                         {"CreateOpenIDConnectProvider",
                          {{"Url", "https://h"}, {"ThumbprintList.member.1", "abc"}},
                          "'thumbprintList.1.member' failed to satisfy constraint: Member must have length greater "
                          "than or equal to 40"}}) {
    auto refused = plan_iam(c.action, c.fields);
    ASSERT_FALSE(refused) << c.action;
    EXPECT_EQ(refused.error().code, "ValidationError");
    EXPECT_THAT(refused.error().message, HasSubstr(c.told));
  }
}

TEST_F(IamServiceTest, RefusesWhatIsNoValueAtAll) {
  for (const Fields& fields :
       std::vector<Fields>{{{"MaxItems", "many"}}, {{"PathPrefix", "/\xff/"}}, {{"MaxItems", ""}}}) {
    auto refused = plan_iam("ListRoles", fields);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, "MalformedInput");
  }
  auto refused = plan_iam("TagRole", {{"RoleName", "r"}, {"Tags.member.x.Key", "k"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "MalformedInput");
}

// What has to be authorised.

TEST_F(IamServiceTest, PlansTheResourceThatPoliciesName) {
  create_role("Writer", "/team/");
  struct Case {
    const char* action;
    Fields fields;
    const char* resource;
  };
  for (const Case& c : std::vector<Case>{
           {"CreateOpenIDConnectProvider",
            {{"Url", "https://h.example:443/A/"}},
            "arn:aws:iam::111122223333:oidc-provider/h.example/A/"},
           {"GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", kProviderArn}}, kProviderArn},
           {"ListOpenIDConnectProviders", {}, "arn:aws:iam::111122223333:oidc-provider/*"},
           {"CreateRole",
            {{"RoleName", "r"}, {"Path", "/a/b/"}, {"AssumeRolePolicyDocument", "{}"}},
            "arn:aws:iam::111122223333:role/a/b/r"},
           {"GetRole", {{"RoleName", "Writer"}}, "arn:aws:iam::111122223333:role/team/Writer"},
           // Another case finds the same role, under its own name: a Deny on role/team/Writer holds.
           {"DeleteRole", {{"RoleName", "WRITER"}}, "arn:aws:iam::111122223333:role/team/Writer"},
           {"GetRole", {{"RoleName", "missing"}}, "arn:aws:iam::111122223333:role/missing"},
           {"ListRoles", {}, "arn:aws:iam::111122223333:role/"},
           {"ListRoles", {{"PathPrefix", "/team/"}}, "arn:aws:iam::111122223333:role/team/"},
           {"CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", "{}"}}, "arn:aws:iam::111122223333:policy/p"},
           {"GetPolicy", {{"PolicyArn", kPolicyArn}}, kPolicyArn},
           {"AttachRolePolicy",
            {{"RoleName", "Writer"}, {"PolicyArn", kPolicyArn}},
            "arn:aws:iam::111122223333:role/team/Writer"}}) {
    auto plan = plan_iam(c.action, c.fields);
    ASSERT_TRUE(plan) << c.action << ": " << told(plan);
    EXPECT_EQ(plan->operation, c.action);
    ASSERT_THAT(plan->permissions, SizeIs(1)) << c.action;
    EXPECT_EQ(plan->primary().action, std::string("iam:") + c.action);
    EXPECT_EQ(plan->primary().resource_arn, c.resource);
  }
}

TEST_F(IamServiceTest, PlansTheTagsOfRequestAndResource) {
  auto create = plan_iam("CreateRole", {{"RoleName", "r"},
                                        {"AssumeRolePolicyDocument", kTrust},
                                        {"Tags.member.1.Key", "env"},
                                        {"Tags.member.1.Value", "dev"}});
  ASSERT_TRUE(create);
  ASSERT_THAT(create->permissions, SizeIs(2));
  EXPECT_EQ(create->permissions[1].action, "iam:TagRole");
  EXPECT_EQ(create->permissions[1].resource_arn, "arn:aws:iam::111122223333:role/r");
  iam::RequestContext context;
  create->add_to(context);
  ASSERT_NE(context.find("aws:requesttag/env"), nullptr);
  EXPECT_THAT(context.find("aws:requesttag/env")->values, ElementsAre("dev"));
  ASSERT_NE(context.find("aws:tagkeys"), nullptr);
  EXPECT_TRUE(context.find("aws:tagkeys")->is_multivalued);

  ASSERT_EQ(told(call_iam("CreateRole", {{"RoleName", "r"},
                                         {"AssumeRolePolicyDocument", kTrust},
                                         {"Tags.member.1.Key", "env"},
                                         {"Tags.member.1.Value", "dev"}})),
            "success");
  auto attach = plan_iam("AttachRolePolicy", {{"RoleName", "r"}, {"PolicyArn", kPolicyArn}});
  ASSERT_TRUE(attach);
  iam::RequestContext later;
  attach->add_to(later);
  ASSERT_NE(later.find("iam:policyarn"), nullptr);
  EXPECT_THAT(later.find("iam:policyarn")->values, ElementsAre(kPolicyArn));
  ASSERT_NE(later.find("aws:resourcetag/env"), nullptr);
  EXPECT_THAT(later.find("aws:resourcetag/env")->values, ElementsAre("dev"));
}

TEST_F(IamServiceTest, ParametersThatAnOperationDoesNotTakeAreNothingToIt) {
  create_role("r");
  for (const char* action : {"ListRoles", "GetRole"}) {
    SCOPED_TRACE(action);
    // Tags without their values, tag keys that are no text, somebody's policy: none of it was asked for.
    auto plan = plan_iam(action, {{"RoleName", "r"},
                                  {"Tags.member.1.Key", "k"},
                                  {"Tags.member.2.Value", "v"},
                                  {"TagKeys.member.1", "\xff"},
                                  {"PolicyArn", kPolicyArn}});
    ASSERT_TRUE(plan);
    EXPECT_THAT(plan->context_keys.values(), IsEmpty());
    EXPECT_THAT(plan->permissions, SizeIs(1));
  }
}

TEST_F(IamServiceTest, DoesNotActOnAnotherResourceThanTheOneThatWasPlanned) {
  const http::Form form = form_of("DeleteRole", {{"RoleName", "r"}});
  auto plan = iam_->plan("DeleteRole", form, kAccount);
  ASSERT_TRUE(plan);
  create_role("r", "/protected/");
  auto executed = iam_->execute(*plan, form, kAccount);
  ASSERT_FALSE(executed);
  EXPECT_EQ(executed.error().code, "ConcurrentModification");
  EXPECT_EQ(told(call_iam("GetRole", {{"RoleName", "r"}})), "success");
}

// Providers (reference: what Amazon's IAM was recorded to do).

TEST_F(IamServiceTest, KeepsAProviderAsAmazonDoes) {
  auto created = call_iam("CreateOpenIDConnectProvider", {{"Url", "https://H.example/Path/"},
                                                          {"ClientIDList.member.1", "b"},
                                                          {"ClientIDList.member.2", "a"},
                                                          {"ClientIDList.member.3", "b"},
                                                          {"ThumbprintList.member.1", std::string(40, 'A')},
                                                          {"ThumbprintList.member.2", std::string(40, 'A')},
                                                          {"Tags.member.1.Key", "key"},
                                                          {"Tags.member.1.Value", "1 + 2"},
                                                          {"Tags.member.2.Key", "Key"},
                                                          {"Tags.member.2.Value", ""}});
  ASSERT_TRUE(created) << told(created);
  const std::string arn = "arn:aws:iam::111122223333:oidc-provider/H.example/Path/";
  EXPECT_EQ(element_of(*created, "OpenIDConnectProviderArn"), arn);
  EXPECT_THAT(elements_of(*created, "Key"), ElementsAre("key", "Key"));
  auto got = call_iam("GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", arn}});
  ASSERT_TRUE(got);
  EXPECT_EQ(element_of(*got, "Url"), "H.example/Path/");
  EXPECT_EQ(element_of(*got, "CreateDate"), "2026-11-21T22:26:40Z");
  EXPECT_THAT(elements_of(element_of(*got, "ClientIDList"), "member"), ElementsAre("b", "a"));
  EXPECT_THAT(elements_of(element_of(*got, "ThumbprintList"), "member"),
              ElementsAre(std::string(40, 'a'), std::string(40, 'a')));
  EXPECT_THAT(elements_of(*got, "Value"), ElementsAre("1 + 2", ""));
}

TEST_F(IamServiceTest, ASlashMakesAnotherProvider) {
  create_provider();
  EXPECT_EQ(told(call_iam("CreateOpenIDConnectProvider", {{"Url", "https://h.example/id/"}})), "success");
  EXPECT_EQ(told(call_iam("CreateOpenIDConnectProvider", {{"Url", "https://h.example/id"}})),
            "409 EntityAlreadyExists: Provider with url https://h.example/id already exists.");
  auto listed = call_iam("ListOpenIDConnectProviders", {});
  ASSERT_TRUE(listed);
  EXPECT_THAT(elements_of(*listed, "Arn"), ElementsAre(kProviderArn, std::string(kProviderArn) + "/"));
}

TEST_F(IamServiceTest, AnswersForAMissingProviderInAmazonsWords) {
  EXPECT_EQ(told(call_iam("GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", kProviderArn}})),
            std::string("404 NoSuchEntity: OpenIDConnect Provider not found for arn ") + kProviderArn);
  EXPECT_EQ(told(call_iam("DeleteOpenIDConnectProvider", {{"OpenIDConnectProviderArn", kProviderArn}})),
            std::string("404 NoSuchEntity: OpenId connect Provider ") + kProviderArn + " cannot be found.");
  EXPECT_EQ(
      told(call_iam("GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", "arn:aws:iam::111122223333:role/x"}})),
      "400 InvalidInput: Invalid ARN: arn:aws:iam::111122223333:role/x");
}

TEST_F(IamServiceTest, ProvidersOfAnotherAccountAreNotThere) {
  create_provider();
  for (const char* action :
       {"GetOpenIDConnectProvider", "DeleteOpenIDConnectProvider", "ListOpenIDConnectProviderTags"}) {
    auto refused = call_iam(action, {{"OpenIDConnectProviderArn", kProviderArn}}, kOtherAccount);
    ASSERT_FALSE(refused) << action;
    EXPECT_EQ(refused.error().code, "NoSuchEntity");
  }
  EXPECT_EQ(told(call_iam("GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", kProviderArn}})), "success");
}

TEST_F(IamServiceTest, ClientIdsComeAndGoIdempotently) {
  create_provider();
  const auto change = [&](const char* action, const char* id) {
    return told(call_iam(action, {{"OpenIDConnectProviderArn", kProviderArn}, {"ClientID", id}}));
  };
  EXPECT_EQ(change("AddClientIDToOpenIDConnectProvider", "a"), "success");
  EXPECT_EQ(change("AddClientIDToOpenIDConnectProvider", "a"), "success");
  EXPECT_EQ(change("RemoveClientIDFromOpenIDConnectProvider", "absent"), "success");
  auto got = call_iam("GetOpenIDConnectProvider", {{"OpenIDConnectProviderArn", kProviderArn}});
  EXPECT_THAT(elements_of(element_of(*got, "ClientIDList"), "member"), ElementsAre("a"));
  for (int i = 1; i < 100; ++i)
    ASSERT_EQ(change("AddClientIDToOpenIDConnectProvider", std::to_string(i).c_str()), "success");
  EXPECT_EQ(change("AddClientIDToOpenIDConnectProvider", "one more"),
            "409 LimitExceeded: Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100");
}

TEST_F(IamServiceTest, ThumbprintsAreOneToFive) {
  create_provider();
  Fields fields = {{"OpenIDConnectProviderArn", kProviderArn}};
  Fields none = fields;
  none.emplace_back("ThumbprintList", "");
  EXPECT_EQ(told(call_iam("UpdateOpenIDConnectProviderThumbprint", none)),
            "400 InvalidInput: Thumbprint list must contain at least one entry.");
  for (int i = 1; i <= 5; ++i) fields.emplace_back("ThumbprintList.member." + std::to_string(i), std::string(40, 'F'));
  EXPECT_EQ(told(call_iam("UpdateOpenIDConnectProviderThumbprint", fields)), "success");
  fields.emplace_back("ThumbprintList.member.6", std::string(40, 'F'));
  EXPECT_EQ(told(call_iam("UpdateOpenIDConnectProviderThumbprint", fields)),
            "400 InvalidInput: Thumbprint list must contain fewer than 5 entries.");
}

TEST_F(IamServiceTest, TagsOfProvidersTellCasesApartAndThoseOfRolesDoNot) {
  create_provider();
  create_role("r");
  const Fields tags = {{"Tags.member.1.Key", "key"},
                       {"Tags.member.1.Value", "1"},
                       {"Tags.member.2.Key", "Key"},
                       {"Tags.member.2.Value", "2"}};
  Fields provider = tags, role = tags;
  provider.emplace_back("OpenIDConnectProviderArn", kProviderArn);
  role.emplace_back("RoleName", "r");
  EXPECT_EQ(told(call_iam("TagOpenIDConnectProvider", provider)), "success");
  EXPECT_EQ(told(call_iam("TagRole", role)),
            "400 InvalidInput: Duplicate tag keys found. Please note that Tag keys are case insensitive.");
  EXPECT_EQ(told(call_iam("UntagOpenIDConnectProvider",
                          {{"OpenIDConnectProviderArn", kProviderArn}, {"TagKeys.member.1", "key"}})),
            "success");
  auto left = call_iam("ListOpenIDConnectProviderTags", {{"OpenIDConnectProviderArn", kProviderArn}});
  ASSERT_TRUE(left);
  EXPECT_THAT(elements_of(*left, "Key"), ElementsAre("Key"));
  EXPECT_EQ(element_of(*left, "IsTruncated"), "false");
}

// Roles.

TEST_F(IamServiceTest, GivesARoleBackAsItWasSent) {
  auto created = call_iam("CreateRole", {{"RoleName", "Writer"},
                                         {"Path", "/team/"},
                                         {"AssumeRolePolicyDocument", kTrust},
                                         {"Description", "a & b"},
                                         {"MaxSessionDuration", "7200"},
                                         {"Tags.member.1.Key", "env"},
                                         {"Tags.member.1.Value", "dev"}});
  ASSERT_TRUE(created) << told(created);
  auto got = call_iam("GetRole", {{"RoleName", "Writer"}});
  ASSERT_TRUE(got);
  for (const std::string& xml : {*created, *got}) {
    EXPECT_EQ(element_of(xml, "Arn"), "arn:aws:iam::111122223333:role/team/Writer");
    EXPECT_EQ(element_of(xml, "RoleName"), "Writer");
    EXPECT_EQ(element_of(xml, "Path"), "/team/");
    EXPECT_THAT(element_of(xml, "RoleId"), StartsWith("AROA"));
    EXPECT_EQ(element_of(xml, "CreateDate"), "2026-11-21T22:26:40Z");
    EXPECT_EQ(element_of(xml, "MaxSessionDuration"), "7200");
    EXPECT_EQ(element_of(xml, "Description"), "a &amp; b");
    EXPECT_EQ(element_of(xml, "Key"), "env");
    const std::string document = element_of(xml, "AssumeRolePolicyDocument");
    // Go's decoder reads '+' as a blank: neither may stand for itself.
    EXPECT_THAT(document, Not(HasSubstr("+")));
    EXPECT_THAT(document, StartsWith("%7B%22Version%22%3A%20%222012-10-17%22"));
    EXPECT_EQ(percent_decode(document, true), std::string(kTrust));
  }
}

TEST_F(IamServiceTest, AnswersForRolesInAmazonsWords) {
  create_role("Writer");
  EXPECT_EQ(told(call_iam("CreateRole", {{"RoleName", "WRITER"}, {"AssumeRolePolicyDocument", kTrust}})),
            "409 EntityAlreadyExists: Role with name WRITER already exists.");
  for (const char* action : {"GetRole", "DeleteRole", "ListRolePolicies", "ListAttachedRolePolicies", "ListRoleTags",
                             "ListInstanceProfilesForRole"})
    EXPECT_EQ(told(call_iam(action, {{"RoleName", "none"}})),
              "404 NoSuchEntity: The role with name none cannot be found.")
        << action;
  auto other = call_iam("GetRole", {{"RoleName", "Writer"}}, kOtherAccount);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, "NoSuchEntity");
}

TEST_F(IamServiceTest, RefusesABoundaryRatherThanIgnoreIt) {
  auto refused =
      call_iam("CreateRole", {{"RoleName", "r"},
                              {"AssumeRolePolicyDocument", kTrust},
                              {"PermissionsBoundary", "arn:aws:iam::aws:policy/AmazonPrometheusQueryAccess"}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "InvalidInput");
  EXPECT_THAT(refused.error().message, HasSubstr("PermissionsBoundary is not offered"));
}

TEST_F(IamServiceTest, RefusesDocumentsThatAreNoPolicies) {
  create_role("r");
  struct Case {
    const char* action;
    Fields fields;
  };
  for (const Case& c :
       std::vector<Case>{{"CreateRole", {{"RoleName", "x"}, {"AssumeRolePolicyDocument", "{"}}},
                         {"CreateRole", {{"RoleName", "x"}, {"AssumeRolePolicyDocument", kWrite}}},
                         {"UpdateAssumeRolePolicy", {{"RoleName", "r"}, {"PolicyDocument", "[]"}}},
                         {"PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "p"}, {"PolicyDocument", kTrust}}},
                         {"CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", "no JSON"}}}}) {
    auto refused = call_iam(c.action, c.fields);
    ASSERT_FALSE(refused) << c.action;
    EXPECT_EQ(refused.error().status, 400);
    EXPECT_EQ(refused.error().code, "MalformedPolicyDocument") << c.action;
    EXPECT_THAT(refused.error().message, Not(IsEmpty()));
  }
  EXPECT_EQ(told(call_iam("GetRole", {{"RoleName", "x"}})), "404 NoSuchEntity: The role with name x cannot be found.");
}

TEST_F(IamServiceTest, PoliciesHaveTheirSizes) {
  create_role("r");
  const auto padded = [](const std::string& kind, size_t bytes) {
    return R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow",)" + kind +
           R"("Action":"sts:AssumeRoleWithWebIdentity","Sid":")" + std::string(bytes, 'x') + R"("}]})";
  };
  const std::string principal = R"("Principal":{"Federated":"arn:aws:iam::111122223333:oidc-provider/h"},)";
  EXPECT_EQ(told(call_iam("UpdateAssumeRolePolicy", {{"RoleName", "r"}, {"PolicyDocument", padded(principal, 8200)}})),
            "409 LimitExceeded: Cannot exceed quota for ACLSizePerRole: 8192");
  const std::string resource = R"("Resource":"*",)";
  EXPECT_EQ(told(call_iam("CreatePolicy", {{"PolicyName", "p"}, {"PolicyDocument", padded(resource, 6200)}})),
            "409 LimitExceeded: Cannot exceed quota for PolicySize: 6144");
  EXPECT_EQ(told(call_iam("PutRolePolicy",
                          {{"RoleName", "r"}, {"PolicyName", "a"}, {"PolicyDocument", padded(resource, 10200)}})),
            "409 LimitExceeded: Maximum policy size of 10240 bytes exceeded for role r");
}

TEST_F(IamServiceTest, ChangesATrustPolicy) {
  create_role("r");
  const std::string other = std::string(kTrust).replace(std::string(kTrust).find("a+b"), 3, "other");
  EXPECT_EQ(told(call_iam("UpdateAssumeRolePolicy", {{"RoleName", "r"}, {"PolicyDocument", other}})), "success");
  auto got = call_iam("GetRole", {{"RoleName", "r"}});
  EXPECT_EQ(percent_decode(element_of(*got, "AssumeRolePolicyDocument")), other);
}

TEST_F(IamServiceTest, InlinePoliciesComeAndGo) {
  create_role("r");
  EXPECT_EQ(call_iam("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "b"}, {"PolicyDocument", kWrite}}), "");
  EXPECT_EQ(call_iam("PutRolePolicy", {{"RoleName", "r"}, {"PolicyName", "a"}, {"PolicyDocument", kWrite}}), "");
  auto listed = call_iam("ListRolePolicies", {{"RoleName", "r"}});
  ASSERT_TRUE(listed);
  EXPECT_THAT(elements_of(*listed, "member"), ElementsAre("a", "b"));
  auto got = call_iam("GetRolePolicy", {{"RoleName", "r"}, {"PolicyName", "a"}});
  ASSERT_TRUE(got);
  EXPECT_EQ(percent_decode(element_of(*got, "PolicyDocument")), std::string(kWrite));
  EXPECT_EQ(told(call_iam("DeleteRole", {{"RoleName", "r"}})),
            "409 DeleteConflict: Cannot delete entity, must delete policies first.");
  for (const char* name : {"a", "b"})
    EXPECT_EQ(call_iam("DeleteRolePolicy", {{"RoleName", "r"}, {"PolicyName", name}}), "");
  for (const char* action : {"GetRolePolicy", "DeleteRolePolicy"})
    EXPECT_EQ(told(call_iam(action, {{"RoleName", "r"}, {"PolicyName", "a"}})),
              "404 NoSuchEntity: The role policy with name a cannot be found.");
  EXPECT_EQ(call_iam("DeleteRole", {{"RoleName", "r"}}), "");
}

// Pages.

TEST_F(IamServiceTest, PagesStayRightWhileRolesGo) {
  for (const char* name : {"a", "b", "c", "d", "e"}) create_role(name);
  auto first = call_iam("ListRoles", {{"MaxItems", "2"}});
  ASSERT_TRUE(first);
  EXPECT_THAT(elements_of(*first, "RoleName"), ElementsAre("a", "b"));
  EXPECT_EQ(element_of(*first, "IsTruncated"), "true");
  const std::string marker = element_of(*first, "Marker");
  ASSERT_EQ(call_iam("DeleteRole", {{"RoleName", "a"}}), "");
  auto second = call_iam("ListRoles", {{"MaxItems", "3"}, {"Marker", marker}});
  ASSERT_TRUE(second);
  EXPECT_THAT(elements_of(*second, "RoleName"), ElementsAre("c", "d", "e"));
  EXPECT_EQ(element_of(*second, "IsTruncated"), "false");
  EXPECT_EQ(element_of(*second, "Marker"), "(none)");
  EXPECT_EQ(element_of(*second, "Tags"), "(none)");
  for (const char* bad : {"x", "!!", "eA"})
    EXPECT_EQ(told(call_iam("ListRoles", {{"Marker", bad}})), "400 ValidationError: Invalid Marker.") << bad;
}

TEST_F(IamServiceTest, EveryListSaysWhetherItIsWhole) {
  create_provider();
  create_role("r");
  create_policy();
  for (const auto& [action, fields] : std::vector<std::pair<const char*, Fields>>{
           {"ListRoles", {}},
           {"ListPolicies", {}},
           {"ListRolePolicies", {{"RoleName", "r"}}},
           {"ListAttachedRolePolicies", {{"RoleName", "r"}}},
           {"ListRoleTags", {{"RoleName", "r"}}},
           {"ListInstanceProfilesForRole", {{"RoleName", "r"}}},
           {"ListPolicyVersions", {{"PolicyArn", kPolicyArn}}},
           {"ListOpenIDConnectProviderTags", {{"OpenIDConnectProviderArn", kProviderArn}}}}) {
    auto listed = call_iam(action, fields);
    ASSERT_TRUE(listed) << action;
    EXPECT_EQ(element_of(*listed, "IsTruncated"), "false") << action;
  }
}

TEST_F(IamServiceTest, RoleTagsMergeWithoutRegardToCase) {
  create_role("r");
  const auto tag = [&](const char* key, const char* value) {
    return told(call_iam("TagRole", {{"RoleName", "r"}, {"Tags.member.1.Key", key}, {"Tags.member.1.Value", value}}));
  };
  EXPECT_EQ(tag("Env", "1"), "success");
  EXPECT_EQ(tag("env", "2"), "success");
  EXPECT_EQ(tag("aws:x", "1"), "400 InvalidInput: aws: prefixed tag key names are not allowed for external use.");
  auto listed = call_iam("ListRoleTags", {{"RoleName", "r"}});
  EXPECT_THAT(elements_of(*listed, "Key"), ElementsAre("env"));
  EXPECT_THAT(elements_of(*listed, "Value"), ElementsAre("2"));
  EXPECT_EQ(told(call_iam("UntagRole", {{"RoleName", "r"}, {"TagKeys.member.1", "ENV"}})), "success");
  EXPECT_THAT(elements_of(*call_iam("ListRoleTags", {{"RoleName", "r"}}), "Key"), IsEmpty());
  for (int i = 0; i < 50; ++i) ASSERT_EQ(tag(("k" + std::to_string(i)).c_str(), ""), "success");
  EXPECT_EQ(tag("more", ""), "409 LimitExceeded: The number of tags has reached the maximum limit.");
}

TEST_F(IamServiceTest, KnowsWhatBelongsInTheAudit) {
  EXPECT_TRUE(IamService::is_mutating("CreateRole"));
  EXPECT_TRUE(IamService::is_mutating("UntagOpenIDConnectProvider"));
  EXPECT_FALSE(IamService::is_mutating("GetRole"));
  EXPECT_FALSE(IamService::is_mutating("NoSuchAction"));
}

}  // namespace
}  // namespace sluice::api
