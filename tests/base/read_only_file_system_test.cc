#include "base/read_only_file_system.h"

#include <gtest/gtest.h>

#include "support/fault_file_system.h"

namespace sluice {
namespace {

TEST(ReadOnlyFileSystem, ReadsAndChangesNothing) {
  test::FaultFileSystem disk;
  ASSERT_TRUE(disk.create_directories("d", 0755));
  ASSERT_TRUE(write_file_atomically(disk, "d/a", "text"));
  ReadOnlyFileSystem fs(disk);
  EXPECT_EQ(read_file(fs, "d/a").value(), "text");
  EXPECT_EQ(fs.map("d/a").value()->bytes(), "text");
  EXPECT_EQ(fs.list("d").value(), std::vector<std::string>{"a"});
  EXPECT_TRUE(fs.is_directory("d").value());
  EXPECT_TRUE(fs.exists("d/a").value());

  EXPECT_FALSE(fs.open_writable("d/a", OpenMode::kTruncate, 0644));
  EXPECT_FALSE(fs.open_writable("d/b", OpenMode::kCreateNew, 0644));
  EXPECT_FALSE(fs.create_directories("e", 0755));
  EXPECT_FALSE(fs.rename("d/a", "d/b"));
  EXPECT_FALSE(fs.hard_link("d/a", "d/b"));
  EXPECT_FALSE(fs.remove_file("d/a"));
  EXPECT_FALSE(fs.remove_tree("d"));
  EXPECT_FALSE(fs.sync_directory("d"));
  EXPECT_FALSE(fs.lock("d/lock"));
  EXPECT_EQ(disk.list("d").value(), std::vector<std::string>{"a"});
  EXPECT_EQ(read_file(disk, "d/a").value(), "text");
}

}  // namespace
}  // namespace sluice
