#include "tsdb/workspace_verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/maintained_db.h"
#include "tsdb/workspace_reader.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr TimestampMs kStart = MaintainedDb::kStart;
const std::string kDirectory = "dir/ws-00000000-0000-4000-8000-000000000000";

/// A workspace with blocks, a checkpoint and some log behind it, closed or killed.
class WorkspaceVerifyTest : public testing::Test {
 protected:
  void SetUp() override {
    db_.open();
    for (int i = 0; i < 60; ++i) {
      db_.advance(10 * 60 * 1000);
      for (int id = 0; id < 3; ++id) db_.write(id, db_.now(), i);
      db_.harness.db->maintain();
    }
    db_.remove("2", {kStart, kStart + 90 * 60 * 1000});
    db_.write(0, db_.now() + 1, 7);
    shown_ = contents(*db_.harness.db);
    db_.harness.kill();
    ASSERT_TRUE(fs_.rename("dir/ws-test", kDirectory));
    ASSERT_TRUE(fs_.sync_directory("dir"));
  }
  std::string find(std::string_view prefix, const std::string& directory = kDirectory) {
    for (const auto& name : fs_.list(directory).value()) {
      if (name.starts_with(prefix)) return join_path(directory, name);
    }
    ADD_FAILURE() << "no " << prefix;
    return {};
  }
  void flip(const std::string& path, uint64_t offset) {
    std::string bytes = read_file(fs_, path).value();
    ASSERT_LT(offset, bytes.size());
    bytes[offset] = static_cast<char>(bytes[offset] ^ 0x10);
    ASSERT_TRUE(write_file_atomically(fs_, path, bytes));
  }
  VerifyReport verify() {
    auto report = verify_workspace(fs_, kDirectory);
    EXPECT_TRUE(report);
    return report.value_or(VerifyReport{});
  }
  /// That there is damage, and its first line with the way out.
  std::string damage() {
    const auto report = verify();
    for (const auto& finding : report.findings) {
      if (finding.is_damage) return finding.what + " | " + finding.way_out;
    }
    ADD_FAILURE() << "nothing is damaged";
    return {};
  }

  FaultFileSystem fs_;
  MaintainedDb db_{fs_};
  MemoryLogger logger_;
  Contents shown_;
};

TEST_F(WorkspaceVerifyTest, FindsAWholeWorkspaceWholeAndChangesNothing) {
  const uint64_t used = fs_.used_bytes();
  const auto report = verify();
  EXPECT_EQ(report.damaged(), 0u) << report.findings.front().what;
  EXPECT_GE(report.blocks, 1u);
  EXPECT_EQ(report.checkpoints, 1u);
  EXPECT_EQ(report.checkpoint_series, 3u);
  EXPECT_GE(report.log_records, 1u);
  EXPECT_EQ(fs_.used_bytes(), used);
}

TEST_F(WorkspaceVerifyTest, NamesFileOffsetAndWayOutOfEveryDamage) {
  struct Case {
    std::string prefix;
    std::string file;  // below it
    uint64_t offset;
    std::vector<const char*> told;
  };
  for (const auto& [prefix, file, offset, told] : std::vector<Case>{
           {"0", "index", 0, {"/index", "offset 0", "restore this block from a backup"}},
           {"0", "index", 40, {"/index", "offset"}},
           {"0", "chunks/000001", 0, {"/chunks/000001", "offset 0"}},
           {"0", "chunks/000001", 30, {"/chunks/000001", "offset"}},
           {"0", "meta.json", 3, {"/meta.json", "restore this block"}},
           {"checkpoint.", "", 5, {"/checkpoint.", "offset 0", "restore the workspace"}},
           {"checkpoint.", "", 100, {"/checkpoint.", "offset 64", "restore the workspace"}},
           {"wal", "", 20, {"/wal/", "offset 0", "stop it cleanly"}},
       }) {
    SCOPED_TRACE(prefix + " " + file + " " + std::to_string(offset));
    std::string path = find(prefix);
    if (prefix == "wal") {
      auto names = fs_.list(path).value();
      std::erase_if(names, [](const auto& name) { return name.contains('.'); });
      path = join_path(path, names.back());
    } else if (!file.empty()) {
      path = join_path(path, file);
    }
    const std::string whole = read_file(fs_, path).value();
    flip(path, offset);
    const std::string text = damage();
    for (const char* part : told) EXPECT_THAT(text, HasSubstr(part));
    ASSERT_TRUE(write_file_atomically(fs_, path, whole));
    EXPECT_EQ(verify().damaged(), 0u);
  }
}

TEST_F(WorkspaceVerifyTest, NamesMissingFilesAndOtherVersions) {
  const std::string block = find("0");
  const std::string meta = read_file(fs_, join_path(block, "meta.json")).value();
  ASSERT_TRUE(write_file_atomically(fs_, join_path(block, "meta.json"), R"({"ulid":"x","version":2})"));
  EXPECT_THAT(damage(), testing::AllOf(HasSubstr("version 2"), HasSubstr("wanted 1"), HasSubstr("a newer one")));
  ASSERT_TRUE(write_file_atomically(fs_, join_path(block, "meta.json"), meta));
  ASSERT_TRUE(fs_.remove_file(join_path(block, "index")));
  EXPECT_THAT(damage(), testing::AllOf(HasSubstr("/index"), HasSubstr("move its directory away")));
}

TEST_F(WorkspaceVerifyTest, OfADirectoryThatIsNoWorkspaceOnlyBlocksAreRead) {
  ASSERT_TRUE(fs_.rename(kDirectory, "dir/prometheus"));
  ASSERT_TRUE(write_file_atomically(fs_, "dir/prometheus/wal/00000009", "what another program logs"));
  const auto report = verify_workspace(fs_, "dir/prometheus");
  ASSERT_TRUE(report);
  EXPECT_EQ(report->damaged(), 0u);
  EXPECT_GE(report->blocks, 1u);
}

TEST_F(WorkspaceVerifyTest, AReaderShowsWhatTheWorkspaceShowed) {
  const uint64_t used = fs_.used_bytes();
  const auto names = fs_.list(kDirectory).value();
  const auto reader = WorkspaceReader::open(fs_, kDirectory, {.with_head = true}, logger_);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ(contents(*reader->all()), shown_);
  EXPECT_EQ(reader->damaged(), 0u);
  EXPECT_EQ(fs_.used_bytes(), used);
  EXPECT_EQ(fs_.list(kDirectory).value(), names);
  const auto blocks_only = WorkspaceReader::open(fs_, kDirectory, {}, logger_);
  ASSERT_TRUE(blocks_only);
  EXPECT_LT(contents(*blocks_only->all()).at(MaintainedDb::series(0)).size(),
            shown_.at(MaintainedDb::series(0)).size());
}

TEST_F(WorkspaceVerifyTest, AReaderCountsWhatItCannotRead) {
  flip(join_path(find("0"), "meta.json"), 3);
  const auto reader = WorkspaceReader::open(fs_, kDirectory, {.with_head = true}, logger_);
  ASSERT_TRUE(reader);
  EXPECT_EQ(reader->damaged(), 1u);
  EXPECT_THAT(contents(*reader->all()), Not(IsEmpty()));
}

}  // namespace
}  // namespace sluice::tsdb
