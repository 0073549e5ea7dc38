#include <map>
#include <set>

#include <fmt/format.h>

#include "api/iam_operations.h"
#include "base/json.h"
#include "control_plane_fixture.h"

namespace sluice::api {
namespace {

/// IAM's API model, to compare our tables with.
class IamModelTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto path = conformance_directory() / "api-models/iam-service-2.json";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is missing";
    auto parsed = parse_json(read_bytes(path), {.bytes_max = 64 << 20, .depth_max = 64, .values_max = 10'000'000});
    ASSERT_TRUE(parsed) << parsed.error().message;
    model_ = std::move(*parsed);
  }

  const JsonObject& object(const JsonObject& parent, std::string_view name) {
    static const JsonObject kEmpty;
    const JsonValue* value = parent.find(name);
    return value == nullptr || value->as_object() == nullptr ? kEmpty : *value->as_object();
  }
  const JsonObject& shape(std::string_view name) { return object(object(*model_.as_object(), "shapes"), name); }
  const JsonObject& shape_of(const JsonObject& reference) { return shape(*reference.find("shape")->as_string()); }

  const JsonObject& input(std::string_view operation) {
    const JsonObject& described = object(object(*model_.as_object(), "operations"), operation);
    EXPECT_FALSE(described.empty()) << operation << " is no operation of IAM";
    const JsonObject& reference = object(described, "input");
    return reference.empty() ? reference : shape_of(reference);
  }

  static std::set<std::string> names(const JsonValue* list) {
    std::set<std::string> found;
    if (list != nullptr)
      for (const JsonValue& name : *list->as_array()) found.insert(*name.as_string());
    return found;
  }

  static std::string text(const JsonObject& parent, std::string_view name) {
    const JsonValue* value = parent.find(name);
    return value == nullptr ? "" : *value->as_string();
  }
  static int64_t number(const JsonObject& parent, std::string_view name, int64_t otherwise) {
    const JsonValue* value = parent.find(name);
    return value == nullptr ? otherwise : *value->as_integer();
  }

  void expect_same(const aws::ParameterRule& rule, const JsonObject& wanted, const std::string& where) {
    using Type = aws::ParameterRule::Type;
    const std::string type = text(wanted, "type");
    EXPECT_EQ(rule.type, type == "integer"   ? Type::kInteger
                         : type == "boolean" ? Type::kBoolean
                                             : Type::kString)
        << where;
    if (rule.type == Type::kInteger) {
      EXPECT_EQ(rule.value_min, number(wanted, "min", std::numeric_limits<int32_t>::min())) << where;
      EXPECT_EQ(rule.value_max, number(wanted, "max", std::numeric_limits<int32_t>::max())) << where;
    } else {
      EXPECT_EQ(static_cast<int64_t>(rule.length_min), number(wanted, "min", 0)) << where;
      EXPECT_EQ(static_cast<int64_t>(rule.length_max), number(wanted, "max", -1)) << where;
    }
    EXPECT_EQ(rule.pattern == nullptr ? "" : std::string(rule.pattern->expression), text(wanted, "pattern")) << where;
    std::set<std::string> allowed(rule.allowed.begin(), rule.allowed.end());
    EXPECT_EQ(allowed, names(wanted.find("enum"))) << where;
  }

  void expect_same(const ListRule& rule, const JsonObject& wanted, const std::string& where) {
    EXPECT_EQ(static_cast<int64_t>(rule.members_max), number(wanted, "max", -1)) << where;
    const JsonObject& member = shape_of(object(wanted, "member"));
    if (rule.of == ListRule::Of::kStrings) return expect_same(rule.member, member, where + " member");
    const JsonObject& fields = object(member, "members");
    ASSERT_EQ(fields.size(), 2u) << where;
    expect_same(kTagKeyRule, shape_of(object(fields, "Key")), where + " Key");
    expect_same(kTagValueRule, shape_of(object(fields, "Value")), where + " Value");
  }

  JsonValue model_;
};

TEST_F(IamModelTest, EveryOperationTakesExactlyWhatTheModelDescribes) {
  for (const IamOperation& operation : iam_operations()) {
    const JsonObject& wanted = input(operation.name);
    const JsonObject& members = object(wanted, "members");
    const std::set<std::string> required = names(wanted.find("required"));
    std::set<std::string> seen;
    for (const aws::ParameterRule& rule : operation.scalars) {
      const std::string where = fmt::format("{}.{}", operation.name, rule.name);
      ASSERT_NE(members.find(rule.name), nullptr) << where << " is not in the model";
      seen.insert(std::string(rule.name));
      EXPECT_EQ(rule.required, required.contains(std::string(rule.name))) << where;
      expect_same(rule, shape_of(object(members, rule.name)), where);
    }
    for (const ListRule& rule : operation.lists) {
      const std::string where = fmt::format("{}.{}", operation.name, rule.name);
      ASSERT_NE(members.find(rule.name), nullptr) << where << " is not in the model";
      seen.insert(std::string(rule.name));
      EXPECT_EQ(rule.required, required.contains(std::string(rule.name))) << where;
      expect_same(rule, shape_of(object(members, rule.name)), where);
    }
    for (const auto& [name, reference] : members.members())
      EXPECT_TRUE(seen.contains(name)) << operation.name << " lacks " << name;
  }
}

TEST_F(IamModelTest, WhatAnswersNothingInTheModelAnswersNothingHere) {
  // Only operations that change something may have no output; readers always have one.
  for (const IamOperation& operation : iam_operations()) {
    const bool has_output = object(object(*model_.as_object(), "operations"), operation.name).find("output") != nullptr;
    const bool creates = operation.name.starts_with("Create");
    EXPECT_EQ(has_output, creates || !operation.is_mutating) << operation.name;
  }
}

TEST(IamOperationsTest, OfferTheCallsOfTheGuidesAndOfTerraformsModule) {
  for (const char* name : {"CreateOpenIDConnectProvider",
                           "GetOpenIDConnectProvider",
                           "DeleteOpenIDConnectProvider",
                           "ListOpenIDConnectProviders",
                           "ListOpenIDConnectProviderTags",
                           "TagOpenIDConnectProvider",
                           "UntagOpenIDConnectProvider",
                           "AddClientIDToOpenIDConnectProvider",
                           "RemoveClientIDFromOpenIDConnectProvider",
                           "UpdateOpenIDConnectProviderThumbprint",
                           "CreateRole",
                           "GetRole",
                           "DeleteRole",
                           "ListRoles",
                           "UpdateAssumeRolePolicy",
                           "PutRolePolicy",
                           "GetRolePolicy",
                           "DeleteRolePolicy",
                           "ListRolePolicies",
                           "CreatePolicy",
                           "GetPolicy",
                           "DeletePolicy",
                           "ListPolicies",
                           "GetPolicyVersion",
                           "ListPolicyVersions",
                           "AttachRolePolicy",
                           "DetachRolePolicy",
                           "ListAttachedRolePolicies",
                           "TagRole",
                           "UntagRole",
                           "ListRoleTags",
                           "ListInstanceProfilesForRole"})
    EXPECT_NE(find_iam_operation(name), nullptr) << name;
  EXPECT_EQ(find_iam_operation("CreateUser"), nullptr);
  EXPECT_EQ(find_iam_operation("createRole"), nullptr);
}

}  // namespace
}  // namespace sluice::api
