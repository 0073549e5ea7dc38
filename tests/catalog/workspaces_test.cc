#include <gmock/gmock.h>

#include "base/limits.h"
#include "catalog/ids.h"
#include "catalog_fixture.h"

namespace sluice::catalog {
namespace {

using testing::HasSubstr;

class WorkspacesTest : public CatalogTest {
 protected:
  Workspace draft(std::string_view alias = "") {
    Workspace workspace;
    workspace.id = make_workspace_id();
    workspace.account_id = kAccount;
    workspace.region = "us-west-2";
    workspace.arn = workspace_arn(workspace.region, workspace.account_id, workspace.id);
    workspace.alias = alias;
    workspace.created_at_ms = clock_.now_ms();
    return workspace;
  }
};

TEST_F(WorkspacesTest, KeepsAWorkspaceWithItsSettings) {
  Workspace made = draft("prod");
  made.tags = {{"team", "obs"}};
  made.settings.retention_days = 30;
  ASSERT_TRUE(catalog_->create_workspace(made, std::nullopt));
  auto found = catalog_->workspace(made.id);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->arn, "arn:aws:aps:us-west-2:111122223333:workspace/" + made.id);
  EXPECT_EQ((*found)->status, WorkspaceStatus::kCreating);
  EXPECT_EQ((*found)->settings, made.settings);
  EXPECT_EQ((*found)->tags, made.tags);
  EXPECT_EQ((*found)->created_at_ms, kStartMs);
}

TEST_F(WorkspacesTest, ChangesShowAtOnceAndDoNotTouchTheIdentityRevision) {
  const Workspace made = draft();
  ASSERT_TRUE(catalog_->create_workspace(made, std::nullopt));
  ASSERT_TRUE(catalog_->workspace(made.id));
  const uint64_t revision = catalog_->revision();
  ASSERT_TRUE(catalog_->update_workspace(made.id, [](Workspace& workspace) -> Result<void> {
    workspace.status = WorkspaceStatus::kActive;
    workspace.alias = "new";
    return {};
  }));
  auto found = catalog_->workspace(made.id);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->status, WorkspaceStatus::kActive);
  EXPECT_EQ((*found)->alias, "new");
  EXPECT_EQ(catalog_->revision(), revision);
}

TEST_F(WorkspacesTest, TheSameTokenMakesOneWorkspace) {
  auto first = catalog_->create_workspace(draft("a"), Idempotency{"token", "same"});
  auto again = catalog_->create_workspace(draft("a"), Idempotency{"token", "same"});
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->id, again->id);
  auto other = catalog_->create_workspace(draft("b"), Idempotency{"token", "different"});
  EXPECT_EQ(code_of(other), ErrorCode::kConflict);
  EXPECT_THAT(other.error().message, HasSubstr("clientToken"));
  auto listed = catalog_->workspaces(kAccount);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->size(), 1u);
}

TEST_F(WorkspacesTest, ATokenBelongsToItsAccount) {
  auto first = catalog_->create_workspace(draft(), Idempotency{"token", "x"});
  Workspace foreign = draft();
  foreign.account_id = kOtherAccount;
  auto second = catalog_->create_workspace(foreign, Idempotency{"token", "y"});
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id, second->id);
}

TEST_F(WorkspacesTest, ATokenIsForgottenAfterADay) {
  auto first = catalog_->create_workspace(draft(), Idempotency{"token", "x"});
  clock_.advance(std::chrono::hours(25));
  auto second = catalog_->create_workspace(draft(), Idempotency{"token", "x"});
  ASSERT_TRUE(first && second);
  EXPECT_NE(first->id, second->id);
}

TEST_F(WorkspacesTest, RemembersWhichTokenDeletedAWorkspace) {
  auto made = catalog_->create_workspace(draft(), std::nullopt);
  ASSERT_TRUE(made);
  ASSERT_TRUE(catalog_->delete_workspace(made->id, "bye"));
  EXPECT_EQ(code_of(catalog_->workspace(made->id)), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(catalog_->delete_workspace(made->id, "bye")), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->was_deleted_by(kAccount, made->id, "bye").value());
  EXPECT_FALSE(catalog_->was_deleted_by(kAccount, made->id, "other").value());
  EXPECT_FALSE(catalog_->was_deleted_by(kOtherAccount, made->id, "bye").value());
  EXPECT_FALSE(catalog_->was_deleted_by(kAccount, "ws-other", "bye").value());
}

TEST_F(WorkspacesTest, BringsARetiredWorkspaceBackAsItWas) {
  Workspace made = draft("prod");
  made.tags = {{"team", "obs"}};
  made.settings.retention_days = 30;
  ASSERT_TRUE(catalog_->create_workspace(made, std::nullopt));
  ASSERT_TRUE(catalog_->update_workspace(made.id, [](Workspace& workspace) -> Result<void> {
    workspace.status = WorkspaceStatus::kDeleting;
    return {};
  }));
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(catalog_->retire_workspace(made.id, "bye"));
  EXPECT_EQ(code_of(catalog_->workspace(made.id)), ErrorCode::kNotFound);
  EXPECT_TRUE(catalog_->was_deleted_by(kAccount, made.id, "bye").value());
  const auto retired = catalog_->retired_workspaces().value();
  ASSERT_EQ(retired.size(), 1u);
  EXPECT_EQ(retired[0].workspace.alias, "prod");
  EXPECT_EQ(retired[0].deleted_at_ms, clock_.now_ms());

  const auto restored = catalog_->restore_workspace(made.id);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(restored->status, WorkspaceStatus::kActive);
  const auto found = catalog_->workspace(made.id).value();
  EXPECT_EQ(found->arn, made.arn);
  EXPECT_EQ(found->tags, made.tags);
  EXPECT_EQ(found->settings, made.settings);
  EXPECT_EQ(found->created_at_ms, made.created_at_ms);
  EXPECT_TRUE(catalog_->retired_workspaces()->empty());
  EXPECT_EQ(code_of(catalog_->restore_workspace(made.id)), ErrorCode::kNotFound);
}

TEST_F(WorkspacesTest, ARetiredWorkspaceCanBeForgotten) {
  const auto made = catalog_->create_workspace(draft(), std::nullopt).value();
  ASSERT_TRUE(catalog_->retire_workspace(made.id, ""));
  EXPECT_EQ(code_of(catalog_->retire_workspace(made.id, "")), ErrorCode::kNotFound);
  ASSERT_TRUE(catalog_->forget_retired_workspace(made.id));
  ASSERT_TRUE(catalog_->forget_retired_workspace(made.id)) << "twice changes nothing";
  EXPECT_EQ(code_of(catalog_->restore_workspace(made.id)), ErrorCode::kNotFound);
}

TEST_F(WorkspacesTest, ARetiredWorkspaceCountsForTheQuotaOnlyWhenItComesBack) {
  const auto retired = catalog_->create_workspace(draft(), std::nullopt).value();
  ASSERT_TRUE(catalog_->retire_workspace(retired.id, ""));
  std::string last;
  for (size_t i = 0; i < limits::kWorkspacesPerAccountMax; ++i) {
    const auto made = catalog_->create_workspace(draft(), std::nullopt);
    ASSERT_TRUE(made);
    last = made->id;
  }
  EXPECT_EQ(code_of(catalog_->restore_workspace(retired.id)), ErrorCode::kQuotaExceeded);
  EXPECT_EQ(catalog_->retired_workspaces()->size(), 1u) << "and stays retired";
  ASSERT_TRUE(catalog_->delete_workspace(last, ""));
  EXPECT_TRUE(catalog_->restore_workspace(retired.id));
}

TEST_F(WorkspacesTest, RefusesMoreThanTheQuota) {
  for (size_t i = 0; i < limits::kWorkspacesPerAccountMax; ++i)
    ASSERT_TRUE(catalog_->create_workspace(draft(), std::nullopt));
  EXPECT_EQ(code_of(catalog_->create_workspace(draft(), std::nullopt)), ErrorCode::kQuotaExceeded);
  auto all = catalog_->all_workspaces();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), limits::kWorkspacesPerAccountMax);
}

TEST(WorkspaceSettingsTest, TellsWhatItCannotRead) {
  struct Case {
    std::string_view json;
    std::string_view message;
  };
  for (const Case& c : std::vector<Case>{{"[]", "not a JSON object"},
                                         {R"({"retention_days":"7"})", "\"retention_days\" is not an integer"},
                                         {R"({"retention_weeks":7})", "\"retention_weeks\" is unknown"}}) {
    auto parsed = parse_workspace_settings(c.json);
    EXPECT_EQ(code_of(parsed), ErrorCode::kMalformed) << c.json;
    EXPECT_THAT(parsed.error().message, HasSubstr(std::string(c.message)));
  }
  auto defaults = parse_workspace_settings("{}");
  ASSERT_TRUE(defaults);
  EXPECT_EQ(*defaults, WorkspaceSettings{});
  WorkspaceSettings changed{7, 0, 60};
  auto read = parse_workspace_settings(to_json(changed));
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, changed);
}

TEST(WorkspaceStatusTest, NamesAreAmps) {
  for (const char* name : {"CREATING", "ACTIVE", "UPDATING", "DELETING", "CREATION_FAILED"}) {
    auto status = parse_workspace_status(name);
    ASSERT_TRUE(status) << name;
    EXPECT_EQ(to_string(*status), name);
  }
  EXPECT_FALSE(parse_workspace_status("active"));
}

TEST_F(CatalogTest, AuditComesNewestFirstAndPages) {
  for (int i = 1; i <= 5; ++i)
    ASSERT_TRUE(catalog_->append_audit({0, kStartMs + i, fmt::format("r{}", i), std::string(kAccount), "arn",
                                        "iam:CreateRole", "res", i % 2 ? "Success" : "AccessDenied"}));
  auto newest = catalog_->audit(0, 2);
  ASSERT_TRUE(newest);
  ASSERT_EQ(newest->size(), 2u);
  EXPECT_EQ((*newest)[0].request_id, "r5");
  EXPECT_EQ((*newest)[1].outcome, "AccessDenied");
  auto older = catalog_->audit((*newest)[1].sequence, 10);
  ASSERT_TRUE(older);
  ASSERT_EQ(older->size(), 3u);
  EXPECT_EQ((*older)[0].request_id, "r3");
  EXPECT_EQ((*older)[2].at_ms, kStartMs + 1);
}

}  // namespace
}  // namespace sluice::catalog
