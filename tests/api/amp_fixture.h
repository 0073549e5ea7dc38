#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "api/amp_service.h"
#include "base/json.h"
#include "control_plane_fixture.h"

namespace sluice::api {

/// Remembers which storages there are; fails on demand.
class FakeStorage final : public WorkspaceStorage {
 public:
  Result<void> create(std::string_view workspace_id) override {
    if (failing) return fail(ErrorCode::kNoSpace, "the disk is full");
    if (!has(workspace_id)) ids.emplace_back(workspace_id);
    return {};
  }
  Result<void> set_aside(std::string_view workspace_id) override {
    if (failing) return fail(ErrorCode::kIo, "the disk does not answer");
    if (std::erase(ids, workspace_id) > 0) set_aside_ids.emplace_back(workspace_id);
    return {};
  }
  Result<void> restore(std::string_view workspace_id) override {
    if (failing) return fail(ErrorCode::kIo, "the disk does not answer");
    if (has(workspace_id)) return {};
    if (std::erase(set_aside_ids, workspace_id) == 0) return fail(ErrorCode::kNotFound, "nothing is kept");
    ids.emplace_back(workspace_id);
    return {};
  }
  Result<void> purge(std::string_view workspace_id) override {
    if (failing) return fail(ErrorCode::kIo, "the disk does not answer");
    std::erase(set_aside_ids, workspace_id);
    return {};
  }
  Result<std::vector<KeptStorage>> kept() override {
    std::vector<KeptStorage> all;
    for (const auto& id : set_aside_ids) all.push_back({id, kept_at_ms});
    return all;
  }
  bool has(std::string_view workspace_id) const { return std::ranges::find(ids, workspace_id) != ids.end(); }

  std::vector<std::string> ids;
  std::vector<std::string> set_aside_ids;
  TimestampMs kept_at_ms = 0;
  bool failing = false;
};

class AmpTest : public ControlPlaneTest {
 protected:
  void SetUp() override {
    ControlPlaneTest::SetUp();
    if (catalog_ == nullptr) return;
    deleted_.emplace(*catalog_, storage_, clock_, *logger_, kRetention);
    amp_.emplace(*catalog_, storage_, *deleted_, clock_, *logger_, AmpOptions{"https://metrics.example:9009"});
  }

  std::expected<AmpCall, aws::AwsError> plan_amp(std::string_view method, std::string_view target,
                                                 std::string_view body = "", std::string_view account = kAccount) {
    const size_t mark = std::min(target.find('?'), target.size());
    const auto match = amp_->match(method, target.substr(0, mark));
    EXPECT_EQ(match.kind, http::RouteTable::Match::Kind::kFound) << method << " " << target;
    if (match.kind != http::RouteTable::Match::Kind::kFound)
      return std::unexpected(aws::AwsError{404, "NoRoute", "", true, {}});
    const std::string_view query = mark == target.size() ? std::string_view() : target.substr(mark + 1);
    return amp_->plan(match.route, match.parameters, query, body, account, "us-west-2");
  }

  /// Plans and, as if authorised, executes.
  std::expected<AmpAnswer, aws::AwsError> call_amp(std::string_view method, std::string_view target,
                                                   std::string_view body = "", std::string_view account = kAccount) {
    auto call = plan_amp(method, target, body, account);
    if (!call) return std::unexpected(call.error());
    return amp_->execute(*call);
  }

  std::string create_workspace(std::string_view body = "{}") {
    auto created = call_amp("POST", "/workspaces", body);
    EXPECT_TRUE(created) << told(created);
    if (!created) return "";
    return text_at(created->body, {"workspaceId"});
  }

  /// The string at that path of members; "(none)" when there is none.
  static std::string text_at(const std::string& json, std::initializer_list<std::string_view> path) {
    auto value = parse_json(json);
    const JsonValue* at = value ? &*value : nullptr;
    for (const std::string_view name : path) {
      const JsonObject* object = at == nullptr ? nullptr : at->as_object();
      at = object == nullptr ? nullptr : object->find(name);
    }
    return at == nullptr || at->as_string() == nullptr ? "(none)" : *at->as_string();
  }

  static constexpr std::chrono::hours kRetention{24 * 7};
  FakeStorage storage_;
  std::optional<DeletedWorkspaces> deleted_;
  std::optional<AmpService> amp_;
};

}  // namespace sluice::api
