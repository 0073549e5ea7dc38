#include <set>

#include <fmt/format.h>

#include "amp_fixture.h"
#include "api/amp_operations.h"

namespace sluice::api {
namespace {

/// AMP's API model, to compare our tables with.
class AmpModelTest : public AmpTest {
 protected:
  void SetUp() override {
    AmpTest::SetUp();
    const auto path = conformance_directory() / "api-models/amp-service-2.json";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is missing";
    auto parsed = parse_json(read_bytes(path), {.bytes_max = 64 << 20, .depth_max = 64, .values_max = 1'000'000});
    ASSERT_TRUE(parsed) << parsed.error().message;
    model_ = std::move(*parsed);
  }
  const JsonObject& shape(std::string_view name) {
    return *model_.as_object()->find("shapes")->as_object()->find(name)->as_object();
  }
  const JsonObject& operations() { return *model_.as_object()->find("operations")->as_object(); }

  JsonValue model_;
};

TEST_F(AmpModelTest, EveryOperationOfTheModelHasItsRoute) {
  std::set<std::string> seen;
  for (const AmpOperation& operation : amp_operations()) {
    const JsonValue* described = operations().find(operation.name);
    ASSERT_NE(described, nullptr) << operation.name << " is no operation of AMP";
    seen.insert(std::string(operation.name));
    const JsonObject& http = *described->as_object()->find("http")->as_object();
    EXPECT_EQ(operation.method, *http.find("method")->as_string()) << operation.name;
    if (operation.id != AmpOperationId::kNotOffered)
      EXPECT_EQ(operation.status, *http.find("responseCode")->as_integer()) << operation.name;
    // The model's URI with something in its places leads to this very operation.
    std::string uri = *http.find("requestUri")->as_string();
    for (size_t open = uri.find('{'); open != std::string::npos; open = uri.find('{'))
      uri.replace(open, uri.find('}') - open + 1, "x");
    const auto match = amp_->match(operation.method, uri);
    ASSERT_EQ(match.kind, http::RouteTable::Match::Kind::kFound) << operation.method << " " << uri;
    EXPECT_EQ(AmpService::operation_name(match.route), operation.name);
  }
  EXPECT_EQ(seen.size(), operations().size());
}

TEST_F(AmpModelTest, RulesAreThoseOfTheModel) {
  struct Case {
    const aws::ParameterRule& rule;
    const char* shape;
  };
  for (const Case& c : {Case{amp_rules::kAlias, "WorkspaceAlias"}, Case{amp_rules::kClientToken, "IdempotencyToken"},
                        Case{amp_rules::kWorkspaceId, "WorkspaceId"}, Case{amp_rules::kNextToken, "PaginationToken"},
                        Case{amp_rules::kTagKey, "TagKey"}, Case{amp_rules::kTagValue, "TagValue"},
                        Case{amp_rules::kMaxResults, "ListWorkspacesRequestMaxResultsInteger"}}) {
    const JsonObject& wanted = shape(c.shape);
    const bool is_integer = *wanted.find("type")->as_string() == "integer";
    EXPECT_EQ(c.rule.type == aws::ParameterRule::Type::kInteger, is_integer) << c.shape;
    const int64_t low = is_integer ? c.rule.value_min : static_cast<int64_t>(c.rule.length_min);
    const int64_t high = is_integer ? c.rule.value_max : static_cast<int64_t>(c.rule.length_max);
    EXPECT_EQ(low, *wanted.find("min")->as_integer()) << c.shape;
    EXPECT_EQ(high, *wanted.find("max")->as_integer()) << c.shape;
    const JsonValue* pattern = wanted.find("pattern");
    EXPECT_EQ(c.rule.pattern == nullptr ? "" : std::string(c.rule.pattern->expression),
              pattern == nullptr ? "" : *pattern->as_string())
        << c.shape;
  }
}

}  // namespace
}  // namespace sluice::api
