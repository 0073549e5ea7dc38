#include "tsdb/data_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/fault_file_system.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;
using testing::AllOf;
using testing::HasSubstr;

TEST(DataDirectory, IsMadeAndFoundAgain) {
  FaultFileSystem fs;
  {
    const auto first = DataDirectory::open(fs, "data");
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->workspaces_path(), "data/workspaces");
    EXPECT_EQ(fs.content("data/format"), "sluice data directory, format 1\n");
  }
  EXPECT_TRUE(DataDirectory::open(fs, "data"));
}

TEST(DataDirectory, InUseIsRefusedWithTheWayOut) {
  FaultFileSystem fs;
  const auto first = DataDirectory::open(fs, "data");
  ASSERT_TRUE(first);
  const auto second = DataDirectory::open(fs, "data");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, AllOf(HasSubstr("data directory data is in use"),
                                            HasSubstr("stop the other sluice process"), HasSubstr("--storage.path")));
}

TEST(DataDirectory, HalfRestoredIsRefusedWithTheWayOut) {
  FaultFileSystem fs;
  ASSERT_TRUE(fs.create_directories("data/.restoring", 0755));
  const auto opened = DataDirectory::open(fs, "data");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kConflict);
  EXPECT_THAT(opened.error().message, AllOf(HasSubstr("a restore into it has not ended"), HasSubstr("sluice restore")));
  EXPECT_FALSE(fs.exists("data/format").value());
}

TEST(DataDirectory, OfANewerFormatIsRefusedWithTheWayOut) {
  FaultFileSystem fs;
  ASSERT_TRUE(fs.create_directories("data", 0755));
  ASSERT_TRUE(write_file_atomically(fs, "data/format", "sluice data directory, format 12\n"));
  const auto opened = DataDirectory::open(fs, "data");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(opened.error().message,
              AllOf(HasSubstr("has format 12"), HasSubstr("up to 1"), HasSubstr("start the version of sluice")));
}

TEST(DataDirectory, WithAnUnreadableFormatIsRefused) {
  for (const char* text : {"", "something else\n", "sluice data directory, format x\n",
                           "sluice data directory, format 0\n", "sluice data directory, format 1 or so\n"}) {
    FaultFileSystem fs;
    ASSERT_TRUE(fs.create_directories("data", 0755));
    ASSERT_TRUE(write_file_atomically(fs, "data/format", text));
    const auto opened = DataDirectory::open(fs, "data");
    ASSERT_FALSE(opened) << text;
    EXPECT_EQ(opened.error().code, ErrorCode::kDataLoss);
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("data/format"), HasSubstr("wanted")));
  }
}

TEST(DataDirectory, ThatTakesNoWritesIsRefusedWithTheWayOut) {
  for (uint64_t operation = 0; operation < 4; ++operation) {
    FaultFileSystem fs;
    fs.fail_operation(operation, ErrorCode::kPermissionDenied);
    const auto opened = DataDirectory::open(fs, "data");
    ASSERT_FALSE(opened) << operation;
    EXPECT_EQ(opened.error().code, ErrorCode::kPermissionDenied);
    EXPECT_THAT(opened.error().message, AllOf(HasSubstr("data directory data cannot be used"),
                                              HasSubstr("mounted read-only"), HasSubstr("--storage.path")));
  }
}

}  // namespace
}  // namespace sluice::tsdb
