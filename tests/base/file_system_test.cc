#include "base/file_system.h"

#include <sys/stat.h>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_file_system.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// The same promises from the real disk and from the one of the tests.
class FileSystemTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      fs_ = std::make_unique<test::FaultFileSystem>();
      root_ = "/data";
      ASSERT_TRUE(fs_->create_directories(root_).has_value());
      return;
    }
    fs_ = make_posix_file_system();
    std::string pattern = ::testing::TempDir() + "sluice_fs_XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override {
    if (GetParam()) std::filesystem::remove_all(root_);
  }
  std::string path(std::string_view name) const { return join_path(root_, name); }
  ErrorCode code_of_opening(const std::string& name, OpenMode mode) {
    const auto file = fs_->open_writable(path(name), mode);
    return file ? ErrorCode::kInternal : file.error().code;
  }
  void put(const std::string& name, std::string_view bytes) {
    auto file = fs_->open_writable(path(name), OpenMode::kTruncate);
    ASSERT_TRUE(file.has_value()) << file.error().message;
    ASSERT_TRUE((*file)->write_at(0, bytes).has_value());
  }
  std::string get(const std::string& name) { return read_file(*fs_, path(name)).value(); }

  std::unique_ptr<FileSystem> fs_;
  std::string root_;
};

INSTANTIATE_TEST_SUITE_P(Disks, FileSystemTest, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "Posix" : "Fault"; });

TEST_P(FileSystemTest, WritesAnywhereAndReadsBack) {
  auto file = fs_->open_writable(path("f"), OpenMode::kCreateNew).value();
  ASSERT_TRUE(file->write_at(4, "abc").has_value());
  ASSERT_TRUE(file->write_at(0, "xy").has_value());
  EXPECT_EQ(file->size().value(), 7u);
  ASSERT_TRUE(file->sync_data().has_value());
  const auto reader = fs_->open_readable(path("f")).value();
  std::string out = "old";
  ASSERT_TRUE(reader->read_at(1, 4, out).has_value());
  EXPECT_EQ(out, std::string("y\0\0a", 4));
  ASSERT_TRUE(reader->read_at(5, 100, out).has_value());
  EXPECT_EQ(out, "bc");
  ASSERT_TRUE(reader->read_at(100, 1, out).has_value());
  EXPECT_EQ(out, "");
  EXPECT_EQ(reader->size().value(), 7u);
}

TEST_P(FileSystemTest, OpensAsTheModeSays) {
  EXPECT_EQ(code_of_opening("missing/f", OpenMode::kCreateOrOpen), ErrorCode::kNotFound);
  put("f", "content");
  EXPECT_EQ(code_of_opening("f", OpenMode::kCreateNew), ErrorCode::kAlreadyExists);
  EXPECT_TRUE(fs_->open_writable(path("f"), OpenMode::kCreateOrOpen).has_value());
  EXPECT_EQ(get("f"), "content");
  EXPECT_TRUE(fs_->open_writable(path("f"), OpenMode::kTruncate).has_value());
  EXPECT_EQ(get("f"), "");
  const auto missing = fs_->open_readable(path("nothing"));
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(missing.error().message, HasSubstr(path("nothing")));
}

TEST_P(FileSystemTest, PreallocatesAndTruncates) {
  auto file = fs_->open_writable(path("f"), OpenMode::kCreateNew).value();
  ASSERT_TRUE(file->write_at(0, "abc").has_value());
  ASSERT_TRUE(file->preallocate(8).has_value());
  EXPECT_EQ(get("f"), std::string("abc\0\0\0\0\0", 8));
  ASSERT_TRUE(file->preallocate(4).has_value());
  EXPECT_EQ(file->size().value(), 8u);
  ASSERT_TRUE(file->truncate(2).has_value());
  ASSERT_TRUE(file->truncate(4).has_value());
  EXPECT_EQ(get("f"), std::string("ab\0\0", 4));
}

TEST_P(FileSystemTest, MakesListsRenamesAndRemoves) {
  ASSERT_TRUE(fs_->create_directories(path("a/b/c")).has_value());
  ASSERT_TRUE(fs_->create_directories(path("a/b/c")).has_value());
  put("a/z", "1");
  put("a/y", "2");
  EXPECT_THAT(fs_->list(path("a")).value(), ElementsAre("b", "y", "z"));
  ASSERT_TRUE(fs_->rename(path("a/z"), path("a/y")).has_value());
  EXPECT_EQ(get("a/y"), "1");
  ASSERT_TRUE(fs_->rename(path("a/b"), path("d")).has_value());
  EXPECT_THAT(fs_->list(path("d")).value(), ElementsAre("c"));
  EXPECT_FALSE(fs_->exists(path("a/b")).value());
  ASSERT_TRUE(fs_->remove_file(path("a/y")).has_value());
  EXPECT_EQ(fs_->remove_file(path("a/y")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fs_->rename(path("a/y"), path("a/x")).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(fs_->list(path("nothing")).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(fs_->sync_directory(path("a")).has_value());
  EXPECT_EQ(fs_->sync_directory(path("nothing")).error().code, ErrorCode::kNotFound);
}

TEST_P(FileSystemTest, RemovesTreesAndMindsNoneMissing) {
  ASSERT_TRUE(fs_->create_directories(path("t/b/c")).has_value());
  put("t/b/f", "1");
  put("t/b/c/g", "2");
  ASSERT_TRUE(fs_->remove_tree(path("t")).has_value());
  EXPECT_FALSE(fs_->exists(path("t")).value());
  EXPECT_TRUE(fs_->remove_tree(path("t")).has_value());
  put("f", "1");
  EXPECT_TRUE(fs_->remove_tree(path("f")).has_value());
  EXPECT_FALSE(fs_->exists(path("f")).value());
}

TEST_P(FileSystemTest, RefusesADirectoryWhereAFileIs) {
  put("f", "1");
  const auto made = fs_->create_directories(path("f"));
  ASSERT_FALSE(made.has_value());
  EXPECT_THAT(made.error().message, HasSubstr(path("f")));
}

TEST_P(FileSystemTest, LockIsHeldUntilItsHolderGoes) {
  auto lock = fs_->lock(path("LOCK"));
  ASSERT_TRUE(lock.has_value());
  const auto second = fs_->lock(path("LOCK"));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("LOCK"));
  lock->reset();
  EXPECT_TRUE(fs_->lock(path("LOCK")).has_value());
}

TEST_P(FileSystemTest, ReplacesAFileAtomically) {
  ASSERT_TRUE(write_file_atomically(*fs_, path("f"), "one").has_value());
  ASSERT_TRUE(write_file_atomically(*fs_, path("f"), "two").has_value());
  EXPECT_EQ(get("f"), "two");
  EXPECT_THAT(fs_->list(root_).value(), ElementsAre("f"));
  EXPECT_EQ(write_file_atomically(*fs_, path("no/f"), "x").error().code, ErrorCode::kNotFound);
}

TEST_P(FileSystemTest, RefusesToReadMoreThanTheBound) {
  put("f", "12345");
  EXPECT_EQ(read_file(*fs_, path("f"), 5).value(), "12345");
  const auto over = read_file(*fs_, path("f"), 4);
  EXPECT_EQ(over.error().code, ErrorCode::kTooLarge);
  EXPECT_THAT(over.error().message, HasSubstr("has 5 bytes; at most 4"));
}

TEST_P(FileSystemTest, KnowsThatSpaceIsLeft) {
  const auto space = fs_->disk_space(root_).value();
  EXPECT_GT(space.available_bytes, 0u);
  EXPECT_GE(space.total_bytes, space.available_bytes);
}

TEST_P(FileSystemTest, TellsDirectoriesFromFiles) {
  put("f", "bytes");
  EXPECT_FALSE(fs_->is_directory(path("f")).value());
  EXPECT_TRUE(fs_->is_directory(root_).value());
  EXPECT_EQ(fs_->is_directory(path("missing")).error().code, ErrorCode::kNotFound);
}

TEST(PosixFileSystem, GivesSecretsTheirPermissionsAlsoOverALeftOver) {
  const auto fs = make_posix_file_system();
  std::string directory = ::testing::TempDir() + "sluice_fs_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string path = join_path(directory, "key");
  {
    ASSERT_TRUE(fs->open_writable(path + ".tmp", OpenMode::kCreateNew, 0644).has_value());
  }
  ASSERT_TRUE(write_file_atomically(*fs, path, "secret", 0600).has_value());
  struct stat status{};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  std::filesystem::remove_all(directory);
}

TEST(PosixFileSystem, RemoveTreeDoesNotFollowSymbolicLinks) {
  const auto fs = make_posix_file_system();
  std::string directory = ::testing::TempDir() + "sluice_fs_XXXXXX";
  ASSERT_NE(::mkdtemp(directory.data()), nullptr);
  ASSERT_TRUE(fs->create_directories(join_path(directory, "kept/inside")).has_value());
  ASSERT_TRUE(fs->create_directories(join_path(directory, "tree")).has_value());
  std::filesystem::create_symlink("../kept", join_path(directory, "tree/link"));
  ASSERT_TRUE(fs->remove_tree(join_path(directory, "tree")).has_value());
  EXPECT_TRUE(fs->exists(join_path(directory, "kept/inside")).value());
  std::filesystem::remove_all(directory);
}

TEST_P(FileSystemTest, MapsAFileThatStaysReadableOnceRemoved) {
  put("f", "mapped bytes");
  put("empty", "");
  const auto mapped = fs_->map(path("f")).value();
  ASSERT_TRUE(fs_->rename(path("f"), path("g")).has_value());
  ASSERT_TRUE(fs_->remove_file(path("g")).has_value());
  EXPECT_EQ(mapped->bytes(), "mapped bytes");
  EXPECT_EQ(fs_->map(path("empty")).value()->bytes(), "");
  EXPECT_EQ(fs_->map(path("f")).error().code, ErrorCode::kNotFound);
}

TEST_P(FileSystemTest, AHardLinkIsASecondNameOfTheFile) {
  put("f", "bytes");
  ASSERT_TRUE(fs_->hard_link(path("f"), path("g")).has_value());
  ASSERT_TRUE(fs_->remove_file(path("f")).has_value());
  EXPECT_EQ(get("g"), "bytes");
  put("f", "other");
  EXPECT_EQ(fs_->hard_link(path("f"), path("g")).error().code, ErrorCode::kAlreadyExists);
  EXPECT_EQ(fs_->hard_link(path("missing"), path("h")).error().code, ErrorCode::kNotFound);
}

TEST(PosixFileSystem, ReadsFilesThatSayTheyAreEmpty) {
  const auto fs = make_posix_file_system();
  EXPECT_THAT(read_file(*fs, "/proc/self/stat").value(), HasSubstr("("));
}

TEST(PosixFileSystem, NamesThePathAndTheSystemsReason) {
  const auto fs = make_posix_file_system();
  EXPECT_THAT(fs->open_readable("/nonexistent/x").error().message, "open /nonexistent/x: No such file or directory");
  const auto full = fs->open_writable("/dev/full", OpenMode::kCreateOrOpen);
  ASSERT_TRUE(full.has_value());
  EXPECT_EQ((*full)->write_at(0, "x").error().code, ErrorCode::kNoSpace);
}

TEST(Paths, AreJoinedAndSplit) {
  EXPECT_EQ(join_path("a", "b"), "a/b");
  EXPECT_EQ(join_path("a/", "b"), "a/b");
  EXPECT_EQ(join_path("", "b"), "b");
  const std::tuple<const char*, const char*, const char*> rows[] = {{"a/b", "a", "b"},  {"a", ".", "a"},
                                                                    {"/a", "/", "a"},   {"/", "/", "/"},
                                                                    {"a/b/", "a", "b"}, {"/a/b/c", "/a/b", "c"}};
  for (const auto& [path, parent, base] : rows) {
    EXPECT_EQ(parent_path(path), parent) << path;
    EXPECT_EQ(base_name(path), base) << path;
  }
}

}  // namespace
}  // namespace sluice
