// Properties that hold for any policies: random documents, random requests, a fixed seed.
#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "iam/fixtures.h"

namespace sluice::iam {
namespace {

using namespace testing;  // NOLINT: the fixtures of this folder

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  std::string statement(std::string_view effect, PolicyKind kind) {
    std::string out =
        fmt::format(R"({{"Effect":"{}",{})", effect, pick({R"("Action":)", R"("Action":)", R"("NotAction":)"}));
    out += pick(
        {R"("aps:RemoteWrite")", R"("aps:*")", R"("*")", R"(["aps:QueryMetrics","iam:Get*"])", R"("aps:Remote?rite")"});
    out += pick({R"(,"Resource":)", R"(,"Resource":)", R"(,"NotResource":)"});
    out += pick({R"("*")", R"("arn:aws:aps:*:111122223333:workspace/ws-1")", R"("arn:aws:aps:*:*:workspace/ws-2")",
                 R"("arn:aws:aps:*")"});
    out += pick(
        {"", "", R"(,"Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}})",
         R"(,"Condition":{"StringNotEquals":{"aws:PrincipalTag/none":"x"}})",
         R"(,"Condition":{"Bool":{"aws:SecureTransport":"true"}})",
         R"(,"Condition":{"StringEqualsIfExists":{"aws:PrincipalTag/none":"x"},"Null":{"aws:SourceIp":"false"}})"});
    if (kind == PolicyKind::kResource) {
      out += pick({R"(,"Principal":"*")", R"(,"Principal":{"AWS":"111122223333"})",
                   R"(,"NotPrincipal":{"AWS":"444455556666"})",
                   R"(,"Principal":{"AWS":"arn:aws:iam::111122223333:role/team/writer"})"});
    }
    return out + "}";
  }

  std::vector<std::string> statements(PolicyKind kind) {
    std::vector<std::string> list(1 + random_() % 4);
    for (auto& text : list) text = statement(pick({"Allow", "Allow", "Deny"}), kind);
    return list;
  }

  std::string pick(std::vector<std::string> choices) { return choices[random_() % choices.size()]; }
  bool flip() { return random_() % 2 == 0; }
  std::mt19937& random() { return random_; }

 private:
  std::mt19937 random_;
};

std::string join(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, ",")); }

struct World {
  std::vector<std::string> identity, resource, boundary, session;

  PolicySet policies() const {
    PolicySet set;
    if (!identity.empty()) set.identity = {testing::identity(join(identity))};
    if (!resource.empty()) set.resource = {testing::resource(join(resource))};
    if (!boundary.empty()) set.boundary = {testing::boundary(join(boundary))};
    if (!session.empty()) set.session = {session_policy(join(session))};
    return set;
  }
};

World random_world(Generator& generator) {
  World world{.identity = generator.statements(PolicyKind::kIdentity)};
  if (generator.flip()) world.resource = generator.statements(PolicyKind::kResource);
  if (generator.flip()) world.boundary = generator.statements(PolicyKind::kIdentity);
  if (generator.flip()) world.session = generator.statements(PolicyKind::kIdentity);
  return world;
}

constexpr int kRounds = 400;
constexpr std::string_view kAction = "aps:RemoteWrite";

TEST(EvaluateProperties, ExplicitDenyAlwaysWins) {
  Generator generator(1);
  for (int i = 0; i < kRounds; ++i) {
    World world = random_world(generator);
    const std::string deny = R"({"Effect":"Deny","Action":"aps:*","Resource":"*"})";
    std::vector<std::string>& list = generator.flip()   ? world.identity
                                     : generator.flip() ? world.boundary
                                                        : world.session;
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(generator.random()() % (list.size() + 1)), deny);
    ASSERT_EQ(decide(world.policies(), session(), kAction).outcome, Outcome::kExplicitDeny) << join(world.identity);
  }
}

TEST(EvaluateProperties, AddingADenyNeverGrants) {
  Generator generator(2);
  int denied = 0;
  for (int i = 0; i < kRounds; ++i) {
    World world = random_world(generator);
    if (decide(world.policies(), session(), kAction).is_allowed()) continue;
    ++denied;
    world.identity.push_back(generator.statement("Deny", PolicyKind::kIdentity));
    if (!world.resource.empty()) world.resource.push_back(generator.statement("Deny", PolicyKind::kResource));
    ASSERT_FALSE(decide(world.policies(), session(), kAction).is_allowed()) << join(world.identity);
  }
  EXPECT_GT(denied, kRounds / 10);
}

TEST(EvaluateProperties, OrderNeverMatters) {
  Generator generator(3);
  for (int i = 0; i < kRounds; ++i) {
    World world = random_world(generator);
    const Outcome before = decide(world.policies(), session(), kAction).outcome;
    for (auto* list : {&world.identity, &world.resource, &world.boundary, &world.session}) {
      std::ranges::shuffle(*list, generator.random());
    }
    ASSERT_EQ(decide(world.policies(), session(), kAction).outcome, before) << join(world.identity);
  }
}

TEST(EvaluateProperties, SplittingAPolicyIntoSeveralNeverMatters) {
  Generator generator(4);
  for (int i = 0; i < kRounds; ++i) {
    const World world = random_world(generator);
    PolicySet split = world.policies();
    split.identity.clear();
    for (const auto& text : world.identity) split.identity.push_back(identity(text));
    ASSERT_EQ(decide(split, session(), kAction).outcome, decide(world.policies(), session(), kAction).outcome);
  }
}

TEST(EvaluateProperties, BoundaryAndSessionPolicyNeverGrant) {
  Generator generator(5);
  int allowed = 0;
  for (int i = 0; i < kRounds; ++i) {
    World world = random_world(generator);
    const bool with = decide(world.policies(), session(), kAction).is_allowed();
    world.boundary.clear();
    world.session.clear();
    const bool without = decide(world.policies(), session(), kAction).is_allowed();
    ASSERT_TRUE(without || !with) << join(world.identity);
    allowed += with ? 1 : 0;
  }
  EXPECT_GT(allowed, kRounds / 50);
}

TEST(EvaluateProperties, EveryDecisionExplainsItself) {
  Generator generator(6);
  for (int i = 0; i < kRounds; ++i) {
    const Decision decision = decide(random_world(generator).policies(), session(), kAction);
    EXPECT_EQ(decision.outcome == Outcome::kImplicitDeny, !decision.deciding.has_value());
    EXPECT_FALSE(explain(decision).empty());
    for (const auto& miss : decision.near_misses) EXPECT_EQ(miss.effect, Effect::kAllow);
  }
}

}  // namespace
}  // namespace sluice::iam
