#include "tsdb/block_import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/block_set_harness.h"

namespace sluice::tsdb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::string kFrom = "prometheus";
const std::string kTo = "imports";

class BlockImportTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto& name : {kFrom, kTo, workspace_}) ASSERT_TRUE(fs_.create_directories(name, 0755));
    write(kFrom, 1, 0, 20);
    write(kFrom, 2, 20, 40);
  }
  void write(const std::string& directory, int number, TimestampMs min_ms, TimestampMs max_ms, double value = 1) {
    BlockMeta meta = test_meta(number, min_ms, max_ms);
    meta.parents = {{test_ulid(77), 0, 1}};
    ASSERT_TRUE(make_block(fs_, directory, meta, {{{{"a", "1"}}, {{min_ms, value}, {max_ms - 1, value}}}}));
  }
  Result<ImportedBlocks> import(const std::string& from = kFrom, TimestampMs now_ms = 1'000) {
    return import_blocks(fs_, from, kTo, {[this] { return test_ulid(next_++); }, now_ms, workspace_});
  }
  std::vector<std::string> written() { return fs_.list(kTo).value(); }

  test::FaultFileSystem fs_;
  const std::string workspace_ = "workspace";
  int next_ = 50;
};

TEST_F(BlockImportTest, CopiesBlocksUnderTheirNames) {
  const auto imported = import();
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_THAT(written(), ElementsAre(test_ulid(1).to_string(), test_ulid(2).to_string()));
  ASSERT_THAT(imported->blocks, SizeIs(2));
  EXPECT_THAT(imported->blocks[0].parents, IsEmpty()) << "else blocks of those names would be removed";
  const auto block = Block::open(fs_, join_path(kTo, test_ulid(1).to_string()));
  ASSERT_TRUE(block);
  EXPECT_THAT((*block)->verify(), IsEmpty());
  EXPECT_EQ(contents(**block), contents(**Block::open(fs_, join_path(kFrom, test_ulid(1).to_string()))));
}

TEST_F(BlockImportTest, TakesOneBlockToo) {
  const auto imported = import(join_path(kFrom, test_ulid(2).to_string()));
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_THAT(written(), ElementsAre(test_ulid(2).to_string()));
}

TEST_F(BlockImportTest, GivesANewNameWhereItIsTakenAndLeavesOutWhatIsThere) {
  write(workspace_, 1, 0, 20);      // from an import before
  write(workspace_, 2, 500, 520);  // another block
  const auto imported = import();
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_THAT(imported->known, ElementsAre(test_ulid(1)));
  EXPECT_THAT(written(), ElementsAre(test_ulid(50).to_string()));
  EXPECT_THAT(imported->blocks.front().sources, ElementsAre(test_ulid(50)));
}

TEST_F(BlockImportTest, LeavesOutWhatIsDeleted) {
  const std::string path = join_path(kFrom, test_ulid(1).to_string());
  const auto block = Block::open(fs_, path).value();
  ASSERT_TRUE(write_tombstones(fs_, path, block->delete_series({}, {0, 5})->tombstones));
  ASSERT_TRUE(import(path));
  const auto copy = Block::open(fs_, join_path(kTo, test_ulid(1).to_string())).value();
  EXPECT_THAT(contents(*copy).begin()->second, SizeIs(1));
  EXPECT_TRUE(copy->tombstones().empty());
}

TEST_F(BlockImportTest, RefusesDamageBeforeItWritesAnything) {
  const std::string path = join_path(kFrom, test_ulid(2).to_string());
  std::string chunks = read_file(fs_, path + "/chunks/000001").value();
  chunks[12] = static_cast<char>(chunks[12] ^ 1);
  ASSERT_TRUE(write_file_atomically(fs_, path + "/chunks/000001", chunks));
  const auto imported = import();
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kDataLoss);
  EXPECT_THAT(imported.error().message, HasSubstr("/chunks/000001"));
  EXPECT_THAT(imported.error().message, HasSubstr("at offset"));
  EXPECT_THAT(imported.error().message, HasSubstr("nothing was imported"));
  EXPECT_THAT(written(), IsEmpty());
}

TEST_F(BlockImportTest, RefusesTimesThatNoSampleHas) {
  write(kFrom, 3, 200'000'000'000, 200'000'000'001);
  const auto imported = import();
  ASSERT_FALSE(imported);
  EXPECT_EQ(imported.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(imported.error().message, HasSubstr("200000000000"));
  EXPECT_FALSE(check_import_times(-1, 5, 10));
  EXPECT_TRUE(check_import_times(0, 24 * 60 * 60 * 1000, 0));
  EXPECT_FALSE(check_import_times(0, 24 * 60 * 60 * 1000 + 1, 0));
}

TEST_F(BlockImportTest, SaysWhereThereIsNoBlock) {
  EXPECT_EQ(import(workspace_).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(import(workspace_).error().message, HasSubstr("found no block"));
}

}  // namespace
}  // namespace sluice::tsdb
