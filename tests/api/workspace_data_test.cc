#include "api/workspace_data.h"

#include <gmock/gmock.h>

#include "amp_fixture.h"
#include "api/workspace_data_actions.h"
#include "base/executor.h"
#include "support/fault_file_system.h"

namespace sluice::api {
namespace {

using testing::HasSubstr;

class WorkspaceDataTest : public AmpTest {
 protected:
  void SetUp() override {
    AmpTest::SetUp();
    tsdb::StoreOptions options;
    options.workspace.clock = &clock_;
    options.workspace.syncer = &inline_;
    options.workspace.logger = logger_.get();
    options.keeper = &inline_;
    store_ = tsdb::Store::open(disk_, "data/workspaces", std::move(options)).value();
    data_.emplace(WorkspaceData::Parts{*catalog_, *store_, clock_, *logger_, disk_, "data"});
    add_workspace_data_actions(routes_, *data_);
    id_ = create_workspace();
    ASSERT_TRUE(store_->create_workspace(id_));
    for (const char* job : {"a", "b"}) write(job, {clock_.now_ms() - 2'000, clock_.now_ms() - 1'000});
  }

  void write(const std::string& job, const std::vector<TimestampMs>& times) {
    const auto labels = model::Labels::from({{"__name__", "up"}, {"job", job}});
    model::AppendBatch batch;
    model::AppendBatch::SeriesEntry entry;
    entry.hash = labels.hash();
    entry.packed_size = static_cast<uint32_t>(labels.packed().size());
    entry.sample_count = static_cast<uint32_t>(times.size());
    batch.packed = labels.packed();
    batch.series.push_back(entry);
    for (const TimestampMs t_ms : times) batch.samples.push_back({t_ms, 1});
    store_->workspace(id_).value()->append(std::move(batch), [](auto result) { ASSERT_TRUE(result); });
  }
  size_t series() {
    model::QueryBudget budget(1'000, {});
    return store_->workspace(id_).value()->select({}, {}, budget)->size();
  }
  http::Response ask(const std::string& target, const std::string& body = "") {
    http::Request request;
    request.method = "POST";
    request.target = target;
    request.body = body;
    request.request_id = "request-1";
    request.is_admin_listener = true;
    request.headers.set("Host", "localhost:9010");
    return routes_.handle(request).value_or(http::Response::text(0, "none of these"));
  }

  test::FaultFileSystem disk_;
  InlineExecutor inline_;
  std::unique_ptr<tsdb::Store> store_;
  std::optional<WorkspaceData> data_;
  std::string id_;
  MetricRegistry metrics_;
  diagnosis::DecisionLog decisions_{diagnosis::DecisionLogOptions{}};
  AdminRoutes routes_{metrics_, decisions_, [] { return Result<void>(); }, true};
};

TEST_F(WorkspaceDataTest, DeletesSeriesWithAnAuditRecord) {
  const auto answer = ask("/-/delete-series/" + id_ + "?match[]=%7Bjob%3D%22a%22%7D");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.body, R"({"headSeries":1,"headSamples":2,"blockSeries":0,"blocks":0})");
  EXPECT_EQ(series(), 1u);
  const auto audit = catalog_->audit(0, 1).value();
  ASSERT_EQ(audit.size(), 1u);
  EXPECT_EQ(audit[0].action, "sluice:DeleteSeries");
  EXPECT_EQ(audit[0].principal_arn, "operator");
  EXPECT_EQ(audit[0].request_id, "request-1");
  EXPECT_EQ(audit[0].outcome, "Success");
  EXPECT_THAT(audit[0].resource, HasSubstr(id_));
}

TEST_F(WorkspaceDataTest, TakesParametersFromTheBodyToo) {
  const auto answer = ask("/-/delete-series/" + id_ + "?format=text", "match[]=up&match[]=down&start=0&end=1");
  EXPECT_EQ(answer.status, 200) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("deleted 0 samples of 0 series in the head"));
  EXPECT_EQ(series(), 2u);
}

TEST_F(WorkspaceDataTest, RefusesWhatDoesNotSayWhatToDelete) {
  for (const auto& [query, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "no match[] parameter"},
           {"?match[]=%7B%7D", "at least one non-empty matcher"},
           {"?match[]=%7Bjob%3D~%22.*%22%7D", "at least one non-empty matcher"},
           {"?match[]=up&start=x", "cannot parse \"x\""},
           {"?match[]=up&start=2&end=1", "must not be before"},
       }) {
    const auto answer = ask("/-/delete-series/" + id_ + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_THAT(answer.body, HasSubstr(message)) << query;
  }
  EXPECT_EQ(ask("/-/delete-series/ws-00000000-0000-4000-8000-000000000000?match[]=up").status, 404);
  EXPECT_EQ(series(), 2u);
}

TEST_F(WorkspaceDataTest, MakesSnapshotsAndTakesOverTheirBlocks) {
  const auto answer = ask("/-/snapshot-workspace/" + id_);
  EXPECT_EQ(answer.status, 200) << answer.body;
  const std::string path = text_at(answer.body, {"path"});
  EXPECT_THAT(path, HasSubstr("data/snapshots/" + id_ + "-20"));
  EXPECT_THAT(answer.body, HasSubstr("\"headSamples\":4"));
  EXPECT_EQ(disk_.list(path)->size(), 2u) << "a block, and an empty log for promtool";
  EXPECT_EQ(catalog_->audit(0, 1)->front().action, "sluice:SnapshotWorkspace");
  EXPECT_EQ(ask("/-/snapshot-workspace/" + id_).status, 503) << "one a second";

  const std::string name = "01HF7YAT00000000000000000A";
  ASSERT_TRUE(disk_.create_directories("data/imports", 0755));
  ASSERT_TRUE(disk_.rename(path, "data/imports/" + name));
  const std::string other = create_workspace();
  ASSERT_TRUE(store_->create_workspace(other));
  const auto imported = ask("/-/import-blocks/" + other + "?name=" + name);
  EXPECT_EQ(imported.status, 200) << imported.body;
  EXPECT_EQ(imported.body, "{\"blocks\":1}");
  EXPECT_EQ(catalog_->audit(0, 1)->front().action, "sluice:ImportBlocks");
  EXPECT_EQ(ask("/-/import-blocks/" + other + "?name=" + name).status, 409);
  EXPECT_EQ(ask("/-/import-blocks/" + other + "?name=../snapshots").status, 400);
  EXPECT_EQ(ask("/-/import-blocks/" + other).status, 400);
  EXPECT_EQ(ask("/-/import-blocks/" + other + "?name=01HF7YAT00000000000000000B").status, 404);
  EXPECT_EQ(ask("/-/snapshot-workspace/ws-00000000-0000-4000-8000-000000000000").status, 404);
}

TEST_F(WorkspaceDataTest, AFailureIsInTheAuditToo) {
  disk_.set_capacity(disk_.used_bytes());
  disk_.fail_syncs(10);
  EXPECT_EQ(ask("/-/delete-series/" + id_ + "?match[]=up").status, 503);
  EXPECT_NE(catalog_->audit(0, 1)->front().outcome, "Success");
  disk_.set_capacity(std::nullopt);
  disk_.fail_syncs(0);
  EXPECT_EQ(ask("/-/delete-series/" + id_ + "?match[]=up").status, 200) << "a retry does the rest";
  EXPECT_EQ(series(), 0u);
}

}  // namespace
}  // namespace sluice::api
