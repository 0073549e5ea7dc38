#include "backup/backup.h"

#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "backup/file_copy.h"
#include "journal/journal.h"
#include "support/fault_file_system.h"
#include "support/manual_executor.h"

namespace sluice::backup {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kWorkspace = "data/workspaces/ws-a";
constexpr const char* kBlock = "data/workspaces/ws-a/01ARZ3NDEKTSV4RRFFQ69G5FAV";
constexpr const char* kOtherBlock = "data/workspaces/ws-a/01BX5ZZKBKACTAV9WEVGEMMVRZ";
constexpr const char* kFirst = "backups/20260715T000000Z";
constexpr const char* kSecret = "at-rest c2VjcmV0";
const std::string kChunk(300'000, 'c');

/// A data directory with a catalog, secrets, and a workspace with a log and a block.
class BackupTest : public testing::Test {
 protected:
  void SetUp() override {
    put("key", "0123456789abcdef0123456789abcdef\n");
    put("other-key", "00000000000000000000000000000000");
    put("data/keys/sealing.keys", kSecret);
    put("data/credentials", "aws_secret_access_key = hunter2");
    put("data/format", "sluice data directory, format 1\n");
    put_block(kBlock);
    put(std::string(kWorkspace) + "/checkpoint.7", "a checkpoint");
    put(std::string(kWorkspace) + "/closed", "closed idle\n");
    put(std::string(kWorkspace) + "/chunks_head/000001", "scratch");
    put(std::string(kWorkspace) + "/01CX5ZZKBKACTAV9WEVGEMMVRZ.tmp-for-creation/index", "half a block");
    put("data/workspaces/ws-b.deleted-123/wal/00000009", "not a log");
    put("data/workspaces/ws-c.deleted/index", "being removed");
    append("one");
  }

  void put(const std::string& path, std::string_view bytes) {
    ASSERT_TRUE(fs_.create_directories(std::string(parent_path(path)), 0755));
    auto file = fs_.open_writable(path, OpenMode::kTruncate, 0644).value();
    ASSERT_TRUE(file->write_at(0, bytes));
    ASSERT_TRUE(file->sync_data());
    ASSERT_TRUE(fs_.sync_directory(std::string(parent_path(path))));
  }
  void put_block(const std::string& directory) {
    put(directory + "/meta.json", "{}");
    put(directory + "/index", "the index");
    put(directory + "/tombstones", "none");
    put(directory + "/chunks/000001", kChunk);
  }
  /// To the workspace's log, which is opened for it.
  void append(const std::string& payload) {
    test::ManualExecutor executor;
    auto log =
        journal::Journal::open(fs_, std::string(kWorkspace) + "/wal", {}, executor, clock_, [](const journal::Record&) {
          return Result<void>();
        }).value();
    log->append(1, payload, [](Result<journal::Sequence> r) { EXPECT_TRUE(r); });
    executor.run_all();
    log->close();
  }
  std::vector<std::string> log_of(const std::string& data) {
    std::vector<std::string> all;
    test::ManualExecutor executor;
    const auto log = journal::Journal::open(fs_, data + "/workspaces/ws-a/wal", {}, executor, clock_,
                                            [&](const journal::Record& record) {
                                              all.emplace_back(record.payload);
                                              return Result<void>();
                                            });
    EXPECT_TRUE(log);
    executor.drop_all();
    return all;
  }
  BackupKey key(const std::string& path = "key") { return BackupKey::read(fs_, path).value(); }
  Result<BackupReport> back_up() {
    const auto copy_catalog = [this](const std::string& path) -> Result<void> {
      SLUICE_TRY(write_new_file(fs_, path, "the catalog"));
      return {};
    };
    return make_backup(fs_, clock_, key(), {"data", "backups", copy_catalog, [this] { return is_cancelled_; }});
  }
  /// Path below `directory` -> content.
  std::map<std::string, std::string> tree(const std::string& directory) {
    std::map<std::string, std::string> files;
    add_tree(directory, "", files);
    return files;
  }
  void add_tree(const std::string& root, const std::string& path, std::map<std::string, std::string>& files) {
    const std::string whole = path.empty() ? root : join_path(root, path);
    if (!fs_.is_directory(whole).value()) {
      files[path] = *fs_.content(whole);
      return;
    }
    for (const auto& name : *fs_.list(whole)) add_tree(root, path.empty() ? name : join_path(path, name), files);
  }
  void a_minute_later() { clock_.advance(std::chrono::minutes(1)); }

  test::FaultFileSystem fs_;
  bool is_cancelled_ = false;
  FakeClock clock_{1'784'073'600'000};  // 2026-07-15T00:00:00Z
};

TEST_F(BackupTest, HoldsWhatADataDirectoryIsMadeOfAndMakesItAgain) {
  const auto report = back_up();
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->path, kFirst);
  EXPECT_EQ(report->workspaces, 2u);
  const auto manifest = verify_backup(fs_, kFirst);
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->logs, (std::vector<ManifestLog>{{"ws-a", 1}, {"ws-b.deleted-123", 0}}));

  ASSERT_TRUE(restore_backup(fs_, key(), kFirst, "new"));
  EXPECT_EQ(log_of("new"), log_of("data"));
  auto wanted = tree("data");
  auto found = tree("new");
  for (auto* files : {&wanted, &found}) {
    std::erase_if(*files, [](const auto& file) { return file.first.starts_with("workspaces/ws-a/wal/"); });
  }
  for (const char* left_out :
       {"format", "workspaces/ws-a/closed", "workspaces/ws-a/chunks_head/000001", "workspaces/ws-c.deleted/index",
        "workspaces/ws-a/01CX5ZZKBKACTAV9WEVGEMMVRZ.tmp-for-creation/index"}) {
    EXPECT_EQ(wanted.erase(left_out), 1u) << left_out;
  }
  EXPECT_EQ(found.extract("catalog.db").mapped(), "the catalog");
  EXPECT_TRUE(found == wanted);
}

TEST_F(BackupTest, HoldsNoSecretInPlainText) {
  ASSERT_TRUE(back_up());
  for (const auto& [path, content] : tree("backups")) {
    EXPECT_THAT(content, Not(HasSubstr("c2VjcmV0"))) << path;
    EXPECT_THAT(content, Not(HasSubstr("hunter2"))) << path;
    EXPECT_THAT(content, Not(HasSubstr("0123456789abcdef0123456789abcdef"))) << path;
  }
}

TEST_F(BackupTest, TheNextOneTakesNoSpaceForBlocksThatAreThere) {
  const auto first = back_up().value();
  EXPECT_LT(first.bytes_copied, kChunk.size());
  ASSERT_TRUE(fs_.remove_tree(kBlock));
  put_block(kOtherBlock);
  append("two");
  a_minute_later();
  const auto second = back_up().value();
  EXPECT_LT(second.bytes_copied, 10'000u);
  EXPECT_GT(second.bytes, kChunk.size());
  a_minute_later();
  const auto third = back_up().value();
  EXPECT_LT(third.bytes_copied, 10'000u);
  // Each stands alone.
  ASSERT_TRUE(fs_.remove_tree(first.path));
  ASSERT_TRUE(fs_.remove_tree(second.path));
  ASSERT_TRUE(fs_.remove_tree("data"));
  ASSERT_TRUE(restore_backup(fs_, key(), third.path, "new"));
  EXPECT_EQ(fs_.content("new/workspaces/ws-a/01BX5ZZKBKACTAV9WEVGEMMVRZ/chunks/000001"), kChunk);
  EXPECT_EQ(log_of("new"), (std::vector<std::string>{"one", "two"}));
}

TEST_F(BackupTest, AFileThatMayChangeIsReadAgain) {
  ASSERT_TRUE(back_up());
  put(std::string(kBlock) + "/tombstones", "some");
  a_minute_later();
  const auto second = back_up().value();
  EXPECT_EQ(fs_.content(second.path + "/workspaces/ws-a/01ARZ3NDEKTSV4RRFFQ69G5FAV/tombstones"), "some");
  EXPECT_TRUE(verify_backup(fs_, second.path));
  EXPECT_TRUE(verify_backup(fs_, kFirst)) << "and the older one has it as it was";
}

TEST_F(BackupTest, ABlockMergedAwayMeanwhileBeginsTheWorkspaceAnew) {
  bool is_merged = false;
  fs_.set_hook([&](std::string_view operation, const std::string& path) {
    if (is_merged || operation != "hard_link" || !path.starts_with("data/")) return;
    is_merged = true;
    put_block(kOtherBlock);
    ASSERT_TRUE(fs_.remove_tree(kBlock));
  });
  const auto report = back_up();
  fs_.set_hook({});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(is_merged);
  EXPECT_TRUE(verify_backup(fs_, kFirst));
  const auto files = tree(kFirst);
  EXPECT_TRUE(files.contains("workspaces/ws-a/01BX5ZZKBKACTAV9WEVGEMMVRZ/chunks/000001"));
  EXPECT_FALSE(files.contains("workspaces/ws-a/01ARZ3NDEKTSV4RRFFQ69G5FAV/chunks/000001"));
}

TEST_F(BackupTest, AWorkspaceMadeBeforeTheCatalogWasCopiedIsThere) {
  const auto copy_catalog = [this](const std::string& path) -> Result<void> {
    put("data/workspaces/ws-new/checkpoint.1", "new");
    SLUICE_TRY(write_new_file(fs_, path, "the catalog"));
    return {};
  };
  const auto report = make_backup(fs_, clock_, key(), {"data", "backups", copy_catalog, nullptr});
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(tree(kFirst).contains("workspaces/ws-new/checkpoint.1"));
}

TEST_F(BackupTest, ACrashAtAnyOperationOfABackupHarmsNothing) {
  fs_.crash(0);  // so that nothing but the backup is left unsynced
  const auto before = tree("data");
  for (uint64_t n = 0;; ++n) {
    fs_.crash_at(fs_.operations() + n);
    (void)back_up();
    const bool ended = !fs_.is_dead();
    fs_.crash(n);
    EXPECT_TRUE(tree("data") == before) << "operation " << n;
    if (fs_.exists(join_path(kFirst, kManifestName)).value()) {
      EXPECT_TRUE(verify_backup(fs_, kFirst)) << "with a manifest it is whole, at operation " << n;
      ASSERT_TRUE(fs_.remove_tree(kFirst));
    }
    if (ended) break;
    a_minute_later();
    const auto again = back_up();
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(verify_backup(fs_, again->path));
    EXPECT_FALSE(fs_.exists(kFirst).value()) << "what was cut short is gone";
    ASSERT_TRUE(fs_.remove_tree("backups"));
    ASSERT_TRUE(fs_.sync_directory("/"));
    clock_.set(1'784'073'600'000);
  }
}

TEST_F(BackupTest, AFullDiskIsToldAndLeavesNoBackup) {
  fs_.set_capacity(fs_.used_bytes() + 100);
  EXPECT_EQ(back_up().error().code, ErrorCode::kNoSpace);
  fs_.set_capacity(std::nullopt);
  EXPECT_EQ(verify_backup(fs_, kFirst).error().code, ErrorCode::kNotFound);
  a_minute_later();
  EXPECT_TRUE(back_up());
}

TEST_F(BackupTest, ACrashAtAnyOperationOfARestoreCanBeGoneOnFrom) {
  ASSERT_TRUE(back_up());
  ASSERT_TRUE(restore_backup(fs_, key(), kFirst, "wanted"));
  const auto wanted = tree("wanted");
  for (uint64_t n = 0;; ++n) {
    fs_.crash_at(fs_.operations() + n);
    (void)restore_backup(fs_, key(), kFirst, "new");
    const bool ended = !fs_.is_dead();
    fs_.crash(n);
    const bool is_there = fs_.exists("new").value() && !fs_.list("new")->empty();
    const bool is_marked = fs_.exists(join_path("new", kRestoringName)).value();
    if (is_there && !is_marked) {
      EXPECT_TRUE(tree("new") == wanted) << "operation " << n;
      ASSERT_TRUE(fs_.remove_tree("new"));
    }
    ASSERT_TRUE(restore_backup(fs_, key(), kFirst, "new"));
    EXPECT_TRUE(tree("new") == wanted) << "operation " << n;
    ASSERT_TRUE(fs_.remove_tree("new"));
    if (ended) break;
  }
}

TEST_F(BackupTest, EveryDamagedFileIsFound) {
  ASSERT_TRUE(back_up());
  for (const auto& [path, content] : tree(kFirst)) {
    if (content.empty()) continue;
    const std::string whole = join_path(kFirst, path);
    fs_.corrupt(whole, content.size() / 2, 0x40);
    const auto verified = verify_backup(fs_, kFirst);
    ASSERT_FALSE(verified) << path;
    EXPECT_THAT(verified.error().message, HasSubstr(path));
    EXPECT_FALSE(restore_backup(fs_, key(), kFirst, "new")) << path;
    fs_.corrupt(whole, content.size() / 2, 0x40);
    ASSERT_TRUE(fs_.remove_tree("new"));
  }
  ASSERT_TRUE(fs_.remove_file(join_path(kFirst, "catalog.db")));
  const auto missing = verify_backup(fs_, kFirst);
  EXPECT_EQ(missing.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(missing.error().message, HasSubstr("catalog.db is missing"));
}

TEST_F(BackupTest, AnotherKeyOpensNothing) {
  ASSERT_TRUE(back_up());
  const auto refused = restore_backup(fs_, key("other-key"), kFirst, "new");
  EXPECT_EQ(refused.error().code, ErrorCode::kUnauthenticated);
  EXPECT_THAT(refused.error().message, HasSubstr("another backup key"));
  EXPECT_TRUE(restore_backup(fs_, key(), kFirst, "new")) << "with the right one it goes on";
}

TEST_F(BackupTest, NothingIsRestoredOverWhatIsThere) {
  ASSERT_TRUE(back_up());
  const auto before = tree("data");
  const auto refused = restore_backup(fs_, key(), kFirst, "data");
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("not empty"));
  EXPECT_TRUE(tree("data") == before);
}

TEST_F(BackupTest, TwoInOneSecondAreTwo) {
  ASSERT_TRUE(back_up());
  const auto second = back_up();
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->path, "backups/20260715T000001Z");
  EXPECT_TRUE(verify_backup(fs_, second->path));
}

TEST_F(BackupTest, CanBeCancelled) {
  is_cancelled_ = true;
  EXPECT_EQ(back_up().error().code, ErrorCode::kCancelled);
  is_cancelled_ = false;
  a_minute_later();
  EXPECT_TRUE(back_up());
  EXPECT_FALSE(fs_.exists(kFirst).value());
}

TEST_F(BackupTest, OneIsMadeAtATime) {
  ASSERT_TRUE(back_up());
  const auto lock = fs_.lock("backups/lock").value();
  EXPECT_EQ(back_up().error().code, ErrorCode::kConflict);
}

TEST_F(BackupTest, OfAnotherDirectoryThanABackupIsToldSo) {
  EXPECT_THAT(verify_backup(fs_, "data").error().message, HasSubstr("is no backup"));
}

TEST(BackupKeyTest, IsRandomAndLongEnough) {
  test::FaultFileSystem fs;
  ASSERT_TRUE(write_new_file(fs, "short", "too short\n"));
  const auto refused = BackupKey::read(fs, "short");
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("9 bytes"));
  EXPECT_THAT(refused.error().message, Not(HasSubstr("too short")));
  EXPECT_EQ(BackupKey::read(fs, "none").error().code, ErrorCode::kNotFound);
}

TEST(BackupKeyTest, OpensWhatItSealedUnderThatNameAlone) {
  test::FaultFileSystem fs;
  ASSERT_TRUE(write_new_file(fs, "key", std::string(32, 'k')));
  const auto key = BackupKey::read(fs, "key").value();
  const std::string sealed = key.seal("name", Secret("secret"));
  EXPECT_EQ(key.open("name", sealed)->reveal(), "secret");
  EXPECT_NE(key.seal("name", Secret("secret")), sealed);
  EXPECT_EQ(key.open("other", sealed).error().code, ErrorCode::kUnauthenticated);
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_FALSE(key.open("name", std::string_view(sealed).substr(0, size))) << size;
  }
  EXPECT_EQ(key.open("name", "\x02" + sealed.substr(1)).error().code, ErrorCode::kUnsupported);
}

}  // namespace
}  // namespace sluice::backup
