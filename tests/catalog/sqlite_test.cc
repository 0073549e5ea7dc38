#include "catalog/sqlite.h"

#include <gmock/gmock.h>

#include "catalog_fixture.h"
#include "failing_vfs.h"

namespace sluice::catalog {
namespace {

using testing::HasSubstr;

class SqliteTest : public testing::Test {
 protected:
  void SetUp() override {
    auto opened = sqlite::Database::open(directory_.file("test.db"));
    ASSERT_TRUE(opened) << opened.error().message;
    database_ = std::move(*opened);
    ASSERT_TRUE(database_->script("CREATE TABLE t (k INTEGER PRIMARY KEY, v TEXT NOT NULL, b BLOB) STRICT"));
  }
  int64_t count() { return database_->integer("SELECT count(*) FROM t").value_or(-1); }

  TemporaryDirectory directory_;
  std::unique_ptr<sqlite::Database> database_;
};

TEST_F(SqliteTest, KeepsEveryByte) {
  const std::string text("a\0'; DROP TABLE t; --", 22), bytes("\0\xff\x80", 3);
  ASSERT_TRUE(database_->run("INSERT INTO t VALUES (?, ?, ?)", {int64_t{-1} << 62, text, sqlite::Blob{bytes}}));
  ASSERT_TRUE(database_->run("INSERT INTO t VALUES (?, ?, ?)", {int64_t{1}, std::string_view(), sqlite::Blob{}}));
  int rows = 0;
  ASSERT_TRUE(database_->each("SELECT k, v, b FROM t ORDER BY k", {}, [&](const sqlite::Row& row) -> Result<void> {
    if (rows++ == 0) {
      EXPECT_EQ(row.integer(0), int64_t{-1} << 62);
      EXPECT_EQ(row.text(1), text);
      EXPECT_EQ(row.text(2), bytes);
    } else {
      EXPECT_EQ(row.text(1), "");
      EXPECT_EQ(row.text(2), "");
    }
    return {};
  }));
  EXPECT_EQ(rows, 2);
}

TEST_F(SqliteTest, RunsWithEverySafetyOn) {
  EXPECT_EQ(database_->integer("PRAGMA synchronous").value_or(-1), 2);
  EXPECT_EQ(database_->integer("PRAGMA foreign_keys").value_or(-1), 1);
  ASSERT_TRUE(database_->each("PRAGMA journal_mode", {}, [](const sqlite::Row& row) -> Result<void> {
    EXPECT_EQ(row.text(0), "wal");
    return {};
  }));
}

TEST_F(SqliteTest, RollsBackWithoutACommit) {
  {
    auto transaction = sqlite::Transaction::begin(*database_);
    ASSERT_TRUE(transaction);
    ASSERT_TRUE(database_->run("INSERT INTO t VALUES (1, 'x', NULL)"));
    EXPECT_EQ(count(), 1);
  }
  EXPECT_EQ(count(), 0);
  auto transaction = sqlite::Transaction::begin(*database_);
  ASSERT_TRUE(transaction);
  ASSERT_TRUE(database_->run("INSERT INTO t VALUES (1, 'x', NULL)"));
  ASSERT_TRUE(transaction->commit());
  EXPECT_EQ(count(), 1);
}

TEST_F(SqliteTest, AnErrorOfARowEndsTheQuery) {
  ASSERT_TRUE(database_->script("INSERT INTO t VALUES (1, 'a', NULL), (2, 'b', NULL)"));
  int rows = 0;
  auto ended = database_->each("SELECT k FROM t", {}, [&](const sqlite::Row&) -> Result<void> {
    ++rows;
    return fail(ErrorCode::kMalformed, "enough");
  });
  EXPECT_EQ(code_of(ended), ErrorCode::kMalformed);
  EXPECT_EQ(rows, 1);
}

TEST_F(SqliteTest, AFullDiskIsNoSpaceAndChangesNothing) {
  ASSERT_TRUE(database_->script("INSERT INTO t VALUES (1, 'a', NULL); PRAGMA max_page_count = 2"));
  {
    auto transaction = sqlite::Transaction::begin(*database_);
    ASSERT_TRUE(transaction);
    auto full = database_->run("INSERT INTO t VALUES (2, ?, NULL)", {std::string(1 << 20, 'x')});
    EXPECT_EQ(code_of(full), ErrorCode::kNoSpace);
    EXPECT_THAT(full.error().message, HasSubstr("test.db"));
  }
  EXPECT_EQ(count(), 1);
  EXPECT_TRUE(database_->run("INSERT INTO t VALUES (3, 'small', NULL)"));
}

TEST(SqliteSyncTest, AfterAFailedSyncNothingMoreIsWrittenUntilItIsOpenedAnew) {
  TemporaryDirectory directory;
  FakeClock clock(kStartMs);
  sqlite::FailingSyncs syncs;
  {
    auto opened = open_sqlite_catalog(directory.file("catalog.db"), clock);
    ASSERT_TRUE(opened) << opened.error().message;
    Catalog& catalog = **opened;
    ASSERT_TRUE(catalog.create_account({std::string(kAccount), "kept", 0}));
    const uint64_t revision = catalog.revision();
    syncs.failing = true;
    auto lost = catalog.create_account({std::string(kOtherAccount), "", 0});
    EXPECT_EQ(code_of(lost), ErrorCode::kIo);
    // The disk says it is well again. What it dropped it does not say.
    syncs.failing = false;
    auto refused = catalog.create_account({"555566667777", "", 0});
    EXPECT_EQ(code_of(refused), ErrorCode::kIo);
    EXPECT_THAT(refused.error().message, HasSubstr("restart the server"));
    EXPECT_EQ(catalog.revision(), revision);
    auto accounts = catalog.accounts();
    ASSERT_TRUE(accounts);
    EXPECT_EQ(accounts->size(), 1u);
  }
  auto opened = open_sqlite_catalog(directory.file("catalog.db"), clock);
  ASSERT_TRUE(opened) << opened.error().message;
  EXPECT_TRUE((*opened)->create_account({"555566667777", "", 0}));
}

}  // namespace
}  // namespace sluice::catalog
