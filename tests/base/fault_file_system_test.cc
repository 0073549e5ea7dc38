#include "support/fault_file_system.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::test {
namespace {

using ::testing::ElementsAre;

constexpr uint64_t kSeeds = 200;

std::unique_ptr<WritableFile> create(FaultFileSystem& fs, const std::string& path) {
  return fs.open_writable(path, OpenMode::kCreateNew, 0644).value();
}

TEST(FaultFileSystem, ACrashKeepsEverythingSynced) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    FaultFileSystem fs;
    ASSERT_TRUE(fs.create_directories("/d", 0755).has_value());
    const auto file = create(fs, "/d/f");
    ASSERT_TRUE(file->write_at(0, std::string(5000, 'x')).has_value());
    ASSERT_TRUE(file->sync_data().has_value());
    ASSERT_TRUE(fs.sync_directory("/d").has_value());
    fs.crash(seed);
    ASSERT_EQ(fs.content("/d/f"), std::string(5000, 'x'));
  }
}

TEST(FaultFileSystem, ACrashMayLoseKeepOrTearTheRest) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    FaultFileSystem fs;
    const auto file = create(fs, "/f");
    ASSERT_TRUE(file->write_at(0, std::string(1024, 'a')).has_value());
    ASSERT_TRUE(file->sync_data().has_value());
    ASSERT_TRUE(fs.sync_directory("/").has_value());
    ASSERT_TRUE(file->write_at(0, std::string(1024, 'b')).has_value());
    fs.crash(seed);
    const std::string left = fs.content("/f").value();
    ASSERT_EQ(left.size(), 1024u);
    // A sector is old or new, never in between.
    ASSERT_EQ(left.substr(0, 512), std::string(512, left[0]));
    ASSERT_EQ(left.substr(512), std::string(512, left[512]));
    outcomes.insert({left[0], left[512]});
  }
  EXPECT_THAT(outcomes, ElementsAre("aa", "ab", "ba", "bb"));
}

TEST(FaultFileSystem, AFileMayLoseItsNameOrItsBytes) {
  bool lost = false;
  bool empty = false;
  bool zeros = false;
  bool whole = false;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    FaultFileSystem fs;
    ASSERT_TRUE(create(fs, "/f")->write_at(0, "abc").has_value());
    fs.crash(seed);
    const auto left = fs.content("/f");
    lost |= !left;
    empty |= left == "";
    zeros |= left == std::string(3, '\0');
    whole |= left == "abc";
  }
  EXPECT_TRUE(lost && empty && zeros && whole);
}

TEST(FaultFileSystem, ARenameIsAtomicAlsoAcrossDirectories) {
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    FaultFileSystem fs;
    ASSERT_TRUE(fs.create_directories("/a", 0755).has_value());
    ASSERT_TRUE(fs.create_directories("/b", 0755).has_value());
    const auto file = create(fs, "/a/f");
    ASSERT_TRUE(file->write_at(0, "new").has_value());
    ASSERT_TRUE(file->sync_data().has_value());
    const auto old = create(fs, "/b/f");
    ASSERT_TRUE(old->write_at(0, "old").has_value());
    ASSERT_TRUE(old->sync_data().has_value());
    ASSERT_TRUE(fs.sync_directory("/a").has_value());
    ASSERT_TRUE(fs.sync_directory("/b").has_value());
    ASSERT_TRUE(fs.rename("/a/f", "/b/f").has_value());
    fs.crash(seed);
    const bool moved = !fs.content("/a/f").has_value();
    ASSERT_EQ(fs.content("/b/f"), moved ? "new" : "old");
  }
}

TEST(FaultFileSystem, SyncingOneDirectoryTakesAlongWhatMustGoBefore) {
  FaultFileSystem fs;
  ASSERT_TRUE(fs.create_directories("/a", 0755).has_value());
  ASSERT_TRUE(fs.create_directories("/b", 0755).has_value());
  ASSERT_TRUE(create(fs, "/a/f")->sync_data().has_value());
  ASSERT_TRUE(fs.rename("/a/f", "/b/g").has_value());
  ASSERT_TRUE(fs.sync_directory("/b").has_value());
  fs.crash(3);
  EXPECT_THAT(fs.list("/a").value(), ElementsAre());
  EXPECT_THAT(fs.list("/b").value(), ElementsAre("g"));
}

TEST(FaultFileSystem, AFailedSyncDropsBytesThatASecondOneDoesNotBringBack) {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < kSeeds; ++seed) {
    FaultFileSystem fs(seed);
    const auto file = create(fs, "/f");
    ASSERT_TRUE(fs.sync_directory("/").has_value());
    ASSERT_TRUE(file->write_at(0, "abc").has_value());
    fs.fail_syncs(1);
    ASSERT_EQ(file->sync_data().error().code, ErrorCode::kIo);
    ASSERT_EQ(fs.content("/f"), "abc");
    ASSERT_TRUE(file->sync_data().has_value());
    fs.crash(seed);
    outcomes.insert(fs.content("/f").value());
  }
  EXPECT_TRUE(outcomes.contains(std::string(3, '\0')));
}

TEST(FaultFileSystem, FailsTheOperationItIsToldTo) {
  FaultFileSystem fs;
  const auto file = create(fs, "/f");
  EXPECT_EQ(fs.operations(), 1u);
  fs.fail_operation(2, ErrorCode::kNoSpace);
  EXPECT_TRUE(file->write_at(0, "ab").has_value());
  EXPECT_EQ(file->write_at(2, "cd").error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(file->write_at(2, "cd").has_value());
  EXPECT_EQ(fs.content("/f"), "abcd");
}

TEST(FaultFileSystem, IsFullAtItsCapacity) {
  FaultFileSystem fs;
  const auto file = create(fs, "/f");
  fs.set_capacity(10);
  EXPECT_TRUE(file->preallocate(8).has_value());
  EXPECT_EQ(file->preallocate(11).error().code, ErrorCode::kNoSpace);
  EXPECT_TRUE(file->write_at(0, "12345678").has_value());
  EXPECT_EQ(file->write_at(8, "abcd").error().code, ErrorCode::kNoSpace);
  EXPECT_EQ(fs.content("/f"), "12345678ab");
  EXPECT_EQ(fs.disk_space("/").value().available_bytes, 0u);
  ASSERT_TRUE(fs.remove_file("/f").has_value());
  EXPECT_EQ(fs.disk_space("/").value().available_bytes, 10u);
}

TEST(FaultFileSystem, IsDeadFromTheCrashUntilTheRestart) {
  FaultFileSystem fs;
  auto file = create(fs, "/f");
  ASSERT_TRUE(fs.sync_directory("/").has_value());
  auto lock = fs.lock("/LOCK").value();
  fs.crash_at(fs.operations());
  EXPECT_FALSE(file->write_at(0, "abc").has_value());
  EXPECT_TRUE(fs.is_dead());
  EXPECT_FALSE(file->sync_data().has_value());
  EXPECT_FALSE(fs.open_readable("/f").has_value());
  fs.crash(1);
  EXPECT_FALSE(fs.is_dead());
  EXPECT_THAT(file->write_at(0, "abc").error().message, ::testing::HasSubstr("from before a crash"));
  const auto new_lock = fs.lock("/LOCK");
  EXPECT_TRUE(new_lock.has_value());
  lock.reset();
  EXPECT_FALSE(fs.lock("/LOCK").has_value());
  EXPECT_TRUE(fs.exists("/f").value());
}

// The loop of the class comment, on the smallest thing that promises durability.
TEST(FaultFileSystem, AtomicReplacementSurvivesACrashAtEveryOperation) {
  uint64_t crashes = 0;
  for (uint64_t n = 0;; ++n) {
    FaultFileSystem fs(n);
    ASSERT_TRUE(write_file_atomically(fs, "/f", "old").has_value());
    fs.crash_at(fs.operations() + n);
    const bool acknowledged = write_file_atomically(fs, "/f", "new").has_value();
    if (!fs.is_dead()) break;
    ++crashes;
    fs.crash(n);
    const auto left = fs.content("/f");
    ASSERT_TRUE(left == "new" || (!acknowledged && left == "old")) << "operation " << n;
    ASSERT_TRUE(write_file_atomically(fs, "/f", "again").has_value());
  }
  EXPECT_EQ(crashes, 6u);
}

TEST(FaultFileSystem, CorruptsTheMedium) {
  FaultFileSystem fs;
  const auto file = create(fs, "/f");
  ASSERT_TRUE(file->write_at(0, "abc").has_value());
  ASSERT_TRUE(file->sync_data().has_value());
  ASSERT_TRUE(fs.sync_directory("/").has_value());
  fs.corrupt("/f", 1, 0x20);
  fs.crash(1);
  EXPECT_EQ(fs.content("/f"), "aBc");
}

TEST(FaultFileSystem, CallsTheHookBeforeEachOperation) {
  FaultFileSystem fs;
  std::vector<std::string> seen;
  fs.set_hook([&](std::string_view operation, const std::string& path) {
    seen.push_back(std::string(operation) + " " + path);
  });
  ASSERT_TRUE(write_file_atomically(fs, "/f", "x").has_value());
  EXPECT_THAT(seen, ElementsAre("remove /f.tmp", "open /f.tmp", "write /f.tmp", "sync /f.tmp", "rename /f.tmp",
                                "sync_directory /"));
}

}  // namespace
}  // namespace sluice::test
