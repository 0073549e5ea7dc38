#include "api/deleted_workspaces.h"

#include <gmock/gmock.h>

#include "amp_fixture.h"
#include "api/workspace_actions.h"

namespace sluice::api {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DeletedWorkspacesTest : public AmpTest {
 protected:
  std::string create_and_delete(std::string_view body = R"({"alias":"prod","tags":{"team":"obs"}})") {
    const std::string id = create_workspace(body);
    EXPECT_TRUE(call_amp("DELETE", "/workspaces/" + id));
    return id;
  }
};

TEST_F(DeletedWorkspacesTest, AMP_SeesNothingOfADeletedWorkspace) {
  const std::string id = create_and_delete();
  EXPECT_EQ(call_amp("GET", "/workspaces/" + id).error().status, 404);
  EXPECT_THAT(call_amp("GET", "/workspaces")->body, testing::Not(HasSubstr(id)));
  EXPECT_FALSE(storage_.has(id));
  EXPECT_THAT(storage_.set_aside_ids, ElementsAre(id));
}

TEST_F(DeletedWorkspacesTest, BringsAWorkspaceBackAsItWasWithAnAuditRecord) {
  const std::string id = create_and_delete();
  const auto restored = deleted_->undelete(id, "request-1");
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_TRUE(storage_.has(id));
  const auto described = call_amp("GET", "/workspaces/" + id);
  ASSERT_TRUE(described);
  EXPECT_EQ(text_at(described->body, {"workspace", "alias"}), "prod");
  EXPECT_EQ(text_at(described->body, {"workspace", "tags", "team"}), "obs");
  EXPECT_EQ(text_at(described->body, {"workspace", "status", "statusCode"}), "ACTIVE");
  const auto audit = catalog_->audit(0, 1).value();
  ASSERT_EQ(audit.size(), 1u);
  EXPECT_EQ(audit[0].action, "sluice:UndeleteWorkspace");
  EXPECT_EQ(audit[0].request_id, "request-1");
  EXPECT_EQ(audit[0].outcome, "Success");
  EXPECT_THAT(audit[0].resource, HasSubstr(id));
}

TEST_F(DeletedWorkspacesTest, SaysWhatIsKeptAndUntilWhen) {
  const std::string first = create_and_delete();
  clock_.advance(std::chrono::hours(1));
  const std::string second = create_and_delete("{}");
  const auto entries = deleted_->list().value();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].workspace.id, first);
  EXPECT_EQ(entries[0].deleted_at_ms, kStartMs);
  EXPECT_EQ(entries[0].kept_until_ms, kStartMs + 7 * 86'400'000);
  EXPECT_EQ(entries[1].workspace.id, second);
}

TEST_F(DeletedWorkspacesTest, RemovesForGoodWhatWasKeptLongEnough) {
  const std::string first = create_and_delete();
  clock_.advance(std::chrono::hours(24 * 7) - std::chrono::milliseconds(1));
  const std::string second = create_and_delete();
  deleted_->purge_expired();
  EXPECT_EQ(deleted_->list()->size(), 2u);
  clock_.advance(std::chrono::milliseconds(1));
  deleted_->purge_expired();
  EXPECT_EQ(deleted_->list()->size(), 1u);
  EXPECT_THAT(storage_.set_aside_ids, ElementsAre(second));
  EXPECT_EQ(deleted_->undelete(first, "r").error().code, ErrorCode::kNotFound);
}

TEST_F(DeletedWorkspacesTest, WithoutRetentionADeletionIsForGood) {
  DeletedWorkspaces at_once(*catalog_, storage_, clock_, *logger_, std::chrono::seconds(0));
  const std::string id = create_workspace();
  ASSERT_TRUE(at_once.remove(id, "token"));
  EXPECT_THAT(storage_.set_aside_ids, IsEmpty());
  EXPECT_THAT(at_once.list().value(), IsEmpty());
  EXPECT_TRUE(catalog_->was_deleted_by(kAccount, id, "token").value());
}

TEST_F(DeletedWorkspacesTest, ARemovalThatFailsIsTriedAgain) {
  const std::string id = create_and_delete();
  clock_.advance(kRetention);
  storage_.failing = true;
  deleted_->purge_expired();
  EXPECT_EQ(deleted_->list()->size(), 1u);
  storage_.failing = false;
  deleted_->purge_expired();
  EXPECT_THAT(deleted_->list().value(), IsEmpty());
}

TEST_F(DeletedWorkspacesTest, SamplesTheCatalogKnowsNothingOfGoInTheirTimeToo) {
  storage_.set_aside_ids = {"ws-orphan"};
  storage_.kept_at_ms = kStartMs;
  deleted_->purge_expired();
  EXPECT_THAT(storage_.set_aside_ids, ElementsAre("ws-orphan"));
  clock_.advance(kRetention);
  deleted_->purge_expired();
  EXPECT_THAT(storage_.set_aside_ids, IsEmpty());
}

TEST_F(DeletedWorkspacesTest, AStartFinishesADeletionAndTakesBackHalfAnUndeletion) {
  const std::string half_deleted = create_workspace();
  ASSERT_TRUE(catalog_->update_workspace(half_deleted, [](catalog::Workspace& workspace) -> Result<void> {
    workspace.status = catalog::WorkspaceStatus::kDeleting;
    return {};
  }));
  const std::string half_back = create_and_delete();
  ASSERT_TRUE(storage_.restore(half_back));
  ASSERT_TRUE(amp_->reconcile());
  EXPECT_THAT(storage_.ids, IsEmpty());
  EXPECT_EQ(deleted_->list()->size(), 2u);
  EXPECT_TRUE(deleted_->undelete(half_back, "r"));
  EXPECT_TRUE(deleted_->undelete(half_deleted, "r"));
}

TEST_F(DeletedWorkspacesTest, AnUndeletionThatFailsLeavesItDeleted) {
  const std::string id = create_and_delete();
  storage_.failing = true;
  EXPECT_EQ(deleted_->undelete(id, "r").error().code, ErrorCode::kIo);
  EXPECT_EQ(catalog_->audit(0, 1)->front().outcome, "Io");
  storage_.failing = false;
  EXPECT_TRUE(deleted_->undelete(id, "r"));
  EXPECT_EQ(deleted_->undelete(id, "r").error().code, ErrorCode::kNotFound) << "once";
}

class WorkspaceActionsTest : public DeletedWorkspacesTest {
 protected:
  void SetUp() override {
    DeletedWorkspacesTest::SetUp();
    add_workspace_actions(routes_, *deleted_);
  }
  http::Response ask(const std::string& method, const std::string& target, bool is_admin = true,
                     const char* extra_header = nullptr) {
    http::Request request;
    request.method = method;
    request.target = target;
    request.is_admin_listener = is_admin;
    request.headers.set("Host", "localhost:9010");
    if (extra_header != nullptr) request.headers.set(extra_header, "x");
    return routes_.handle(request).value_or(http::Response::text(0, "none of these"));
  }

  MetricRegistry metrics_;
  diagnosis::DecisionLog decisions_{diagnosis::DecisionLogOptions{}};
  AdminRoutes routes_{metrics_, decisions_, [] { return Result<void>(); }, true};
};

TEST_F(WorkspaceActionsTest, ListsAndUndeletes) {
  EXPECT_EQ(ask("GET", "/-/deleted-workspaces?format=text").body, "no deleted workspace is kept\n");
  const std::string id = create_and_delete();
  EXPECT_THAT(ask("GET", "/-/deleted-workspaces?format=text").body, HasSubstr(id + "  deleted 20"));
  const auto json = ask("GET", "/-/deleted-workspaces");
  EXPECT_EQ(json.status, 200);
  EXPECT_THAT(json.body, HasSubstr("\"workspaceId\":\"" + id + "\""));
  EXPECT_THAT(json.body, HasSubstr("\"keptUntil\":\"20"));
  const auto back = ask("POST", "/-/undelete-workspace/" + id);
  EXPECT_EQ(back.status, 200);
  EXPECT_EQ(back.body, "workspace " + id + " is back (prod)\n");
  EXPECT_EQ(ask("POST", "/-/undelete-workspace/" + id).status, 404);
}

TEST_F(WorkspaceActionsTest, AnswersTheOperatorAlone) {
  const std::string id = create_and_delete();
  const std::string target = "/-/undelete-workspace/" + id;
  EXPECT_EQ(ask("POST", target, false).status, 403) << "the API's listener";
  EXPECT_EQ(ask("POST", target, true, "Origin").status, 403) << "a web page";
  EXPECT_EQ(ask("GET", target).status, 405);
  EXPECT_EQ(ask("POST", "/-/deleted-workspaces").status, 405);
  EXPECT_EQ(ask("POST", "/-/undelete-workspace/").status, 0) << "no id, no such address";
  EXPECT_EQ(deleted_->list()->size(), 1u);
}

TEST_F(WorkspaceActionsTest, AreInTheIndex) {
  const auto index = ask("GET", "/");
  EXPECT_THAT(index.body, HasSubstr("POST /-/undelete-workspace/{workspace id}\n"));
  EXPECT_THAT(index.body, HasSubstr("GET  /-/deleted-workspaces\n"));
  EXPECT_THAT(index.body, HasSubstr("web.listen_address"));
}

}  // namespace
}  // namespace sluice::api
