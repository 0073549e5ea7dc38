#include "catalog/sqlite_catalog.h"

#include <fstream>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "catalog/sqlite.h"
#include "catalog/sqlite_migrations.h"
#include "catalog_fixture.h"

namespace sluice::catalog {
namespace {

using testing::HasSubstr;

class CatalogFileTest : public testing::Test {
 protected:
  std::unique_ptr<Catalog> open_or_die() {
    auto opened = open_sqlite_catalog(path_, clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("catalog.db");
  FakeClock clock_{kStartMs};
};

TEST_F(CatalogFileTest, KeepsEverythingAcrossReopening) {
  std::string role_id;
  uint64_t revision = 0;
  {
    auto catalog = open_or_die();
    ASSERT_TRUE(catalog->create_account({std::string(kAccount), "ops", 7}));
    auto role = catalog->create_role({.account_id = std::string(kAccount),
                                      .name = "writer",
                                      .path = "/team/",
                                      .description = "d",
                                      .trust_policy = "{}",
                                      .tags = {{"b", "1"}, {"a", "2"}}});
    ASSERT_TRUE(role) << role.error().message;
    role_id = role->id;
    ASSERT_TRUE(catalog->put_inline_policy(role_id, {"p", R"({"a": "é"})"}));
    ASSERT_TRUE(catalog->create_access_key({"AKIA1", std::string(kAccount), "arn", std::string("\0\xff", 2), true, 5}));
    revision = catalog->revision();
  }
  auto catalog = open_or_die();
  EXPECT_EQ(catalog->revision(), revision);
  auto accounts = catalog->accounts();
  ASSERT_TRUE(accounts);
  ASSERT_EQ(accounts->size(), 1u);
  EXPECT_EQ((*accounts)[0].alias, "ops");
  auto role = catalog->role_by_id(role_id);
  ASSERT_TRUE(role) << role.error().message;
  EXPECT_EQ((*role)->role.arn, "arn:aws:iam::111122223333:role/team/writer");
  EXPECT_EQ((*role)->role.tags, (iam::Tags{{"b", "1"}, {"a", "2"}}));
  ASSERT_EQ((*role)->inline_policies.size(), 1u);
  EXPECT_EQ((*role)->inline_policies[0].document, R"({"a": "é"})");
  auto key = catalog->access_key("AKIA1");
  ASSERT_TRUE(key);
  EXPECT_EQ((*key)->sealed_secret, std::string("\0\xff", 2));
}

TEST_F(CatalogFileTest, ABackUpIsACatalogOfItsOwnWhateverIsWrittenMeanwhile) {
  const std::string copy = directory_.file("copy.db");
  auto catalog = open_or_die();
  ASSERT_TRUE(catalog->create_account({std::string(kAccount), "ops", 7}));
  const auto append = [&](int i) {
    ASSERT_TRUE(catalog->append_audit({0, i, std::string(4'000, 'r'), std::string(kAccount), "a", "b", "c", "d"}));
  };
  for (int i = 0; i < 500; ++i) append(i);  // some megabytes: several steps
  {
    std::jthread writer([&](std::stop_token stop) {
      for (int i = 500; !stop.stop_requested(); ++i) append(i);
    });
    ASSERT_TRUE(catalog->back_up(copy));
  }
  EXPECT_EQ(code_of(catalog->back_up(copy)), ErrorCode::kAlreadyExists);
  EXPECT_FALSE(std::filesystem::exists(copy + "-wal")) << "one file";
  EXPECT_EQ(std::filesystem::status(copy).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);

  auto restored = open_sqlite_catalog(copy, clock_);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ((*restored)->accounts()->front().alias, "ops");
  const auto newest = (*restored)->audit(0, 1).value();
  ASSERT_EQ(newest.size(), 1u);
  EXPECT_GE(newest[0].at_ms, 499);
  EXPECT_EQ(newest[0].sequence, newest[0].at_ms + 1) << "none is missing in between";
}

TEST_F(CatalogFileTest, ABackUpThatCannotBeWrittenSaysWhere) {
  auto catalog = open_or_die();
  const auto refused = catalog->back_up(directory_.file("none/copy.db"));
  EXPECT_EQ(code_of(refused), ErrorCode::kIo);
  EXPECT_THAT(refused.error().message, HasSubstr("none/copy.db"));
}

TEST_F(CatalogFileTest, MakesItsFileReadableByItsOwnerAlone) {
  auto catalog = open_or_die();
  ASSERT_TRUE(catalog->create_account({std::string(kAccount), "", 0}));
  for (const char* name : {"catalog.db", "catalog.db-wal"}) {
    const auto permissions = std::filesystem::status(directory_.file(name)).permissions();
    EXPECT_EQ(permissions, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write) << name;
  }
}

TEST_F(CatalogFileTest, RefusesASecondOpener) {
  auto catalog = open_or_die();
  auto second = open_sqlite_catalog(path_, clock_);
  EXPECT_EQ(code_of(second), ErrorCode::kConflict);
  EXPECT_THAT(second.error().message, HasSubstr("another process"));
}

TEST_F(CatalogFileTest, RefusesAMissingDirectory) {
  auto opened = open_sqlite_catalog(directory_.file("none/catalog.db"), clock_);
  EXPECT_EQ(code_of(opened), ErrorCode::kIo);
  EXPECT_THAT(opened.error().message, HasSubstr("No such file or directory"));
}

TEST_F(CatalogFileTest, MigratesACatalogOfTheFirstSchema) {
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE(database) << database.error().message;
    auto migrated = sqlite::migrate(**database, sqlite::migrations().first(1), 1);
    ASSERT_TRUE(migrated) << migrated.error().message;
    ASSERT_TRUE((*database)->run("INSERT INTO accounts VALUES (?, 'old', 3)", {kAccount}));
    ASSERT_FALSE((*database)->run("SELECT * FROM workspaces"));
  }
  auto catalog = open_or_die();
  auto accounts = catalog->accounts();
  ASSERT_TRUE(accounts);
  ASSERT_EQ(accounts->size(), 1u);
  EXPECT_EQ((*accounts)[0].alias, "old");
  EXPECT_TRUE(catalog->all_workspaces());
  EXPECT_TRUE(catalog->append_audit({}));
}

TEST_F(CatalogFileTest, RecordsEveryMigrationOnce) {
  open_or_die();
  open_or_die();
  auto database = sqlite::Database::open(path_);
  ASSERT_TRUE(database);
  auto count = (*database)->integer("SELECT count(*) FROM migrations");
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, static_cast<int64_t>(sqlite::migrations().size()));
}

TEST_F(CatalogFileTest, RefusesASchemaOfANewerVersion) {
  open_or_die();
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE((*database)->run("INSERT INTO migrations VALUES (99, 'future', 0)"));
  }
  auto opened = open_sqlite_catalog(path_, clock_);
  EXPECT_EQ(code_of(opened), ErrorCode::kUnsupported);
  EXPECT_THAT(opened.error().message, HasSubstr("schema 99, this one knows up to"));
  EXPECT_THAT(opened.error().message, HasSubstr("start that version again"));
}

TEST_F(CatalogFileTest, LeavesNothingOfAMigrationThatFails) {
  const std::array<sqlite::Migration, 1> broken = {
      {{1, "broken", "CREATE TABLE half (a INTEGER) STRICT; CREATE NONSENSE;"}}};
  auto database = sqlite::Database::open(path_);
  ASSERT_TRUE(database);
  EXPECT_FALSE(sqlite::migrate(**database, broken, 0));
  auto tables = (*database)->integer("SELECT count(*) FROM sqlite_schema WHERE name = 'half'");
  ASSERT_TRUE(tables);
  EXPECT_EQ(*tables, 0);
}

TEST_F(CatalogFileTest, RefusesAFileThatIsNoDatabase) {
  std::ofstream(path_) << std::string(8192, 'x');
  auto opened = open_sqlite_catalog(path_, clock_);
  EXPECT_EQ(code_of(opened), ErrorCode::kMalformed);
  EXPECT_THAT(opened.error().message, HasSubstr("restore a backup"));
}

TEST_F(CatalogFileTest, RefusesTheDatabaseOfAnotherProgram) {
  {
    auto database = sqlite::Database::open(path_);
    ASSERT_TRUE((*database)->script("CREATE TABLE theirs (a INTEGER)"));
  }
  auto opened = open_sqlite_catalog(path_, clock_);
  EXPECT_EQ(code_of(opened), ErrorCode::kMalformed);
  EXPECT_THAT(opened.error().message, HasSubstr("another program"));
}

TEST_F(CatalogFileTest, RefusesADamagedFile) {
  {
    auto catalog = open_or_die();
    ASSERT_TRUE(catalog->create_account({std::string(kAccount), "", 0}));
    for (int i = 0; i < 50; ++i)
      ASSERT_TRUE(catalog->create_role({.account_id = std::string(kAccount),
                                        .name = fmt::format("role{}", i),
                                        .trust_policy = std::string(2000, 't')}));
  }
  const auto size = std::filesystem::file_size(path_);
  {
    std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(8192);
    file << std::string(static_cast<size_t>(size) / 2 - 8192, '\x5a');
  }
  auto opened = open_sqlite_catalog(path_, clock_);
  EXPECT_EQ(code_of(opened), ErrorCode::kDataLoss);
  EXPECT_THAT(opened.error().message, HasSubstr("damaged"));
  EXPECT_THAT(opened.error().message, HasSubstr(".recover"));
}

TEST_F(CatalogFileTest, SurvivesATornWriteAheadLog) {
  {
    auto catalog = open_or_die();
    ASSERT_TRUE(catalog->create_account({std::string(kAccount), "", 0}));
    // What a crash leaves: the file and its log, the log's end half written.
    std::filesystem::copy(path_, directory_.file("crashed.db"));
    std::filesystem::copy(path_ + "-wal", directory_.file("crashed.db-wal"));
    const auto size = std::filesystem::file_size(directory_.file("crashed.db-wal"));
    ASSERT_TRUE(catalog->create_account({std::string(kOtherAccount), "", 0}));
    std::filesystem::copy(path_ + "-wal", directory_.file("crashed.db-wal"),
                          std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(directory_.file("crashed.db-wal"), size + 100);
  }
  auto opened = open_sqlite_catalog(directory_.file("crashed.db"), clock_);
  ASSERT_TRUE(opened) << opened.error().message;
  auto accounts = (*opened)->accounts();
  ASSERT_TRUE(accounts);
  ASSERT_EQ(accounts->size(), 1u);
  EXPECT_EQ((*accounts)[0].id, kAccount);
}

TEST_F(CatalogTest, NeverServesASnapshotOlderThanAFinishedChange) {
  auto role = catalog_->create_role(role_named("r"));
  ASSERT_TRUE(role);
  std::atomic<int64_t> written{3600};
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  std::atomic<int> stale{0};
  for (int i = 0; i < 4; ++i) {
    readers.emplace_back([&] {
      while (!stop) {
        const int64_t at_least = written;
        auto seen = catalog_->role_by_id(role->id);
        if (!seen || (*seen)->role.max_session_seconds < at_least) ++stale;
      }
    });
  }
  for (int64_t seconds = 3601; seconds < 3900; ++seconds) {
    ASSERT_TRUE(catalog_->update_role(role->id, [&](iam::Role& changed) -> Result<void> {
      changed.max_session_seconds = seconds;
      return {};
    }));
    written = seconds;
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(stale, 0);
}

TEST_F(CatalogTest, ConcurrentChangesLoseNothing) {
  auto provider = catalog_->create_provider(provider_at("issuer.example/id"));
  ASSERT_TRUE(provider);
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 20; ++i) {
        auto changed = catalog_->update_provider(provider->arn, [&](iam::OidcProvider& p) -> Result<void> {
          p.client_ids.push_back(fmt::format("client-{}-{}", writer, i));
          return {};
        });
        EXPECT_TRUE(changed);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  auto found = catalog_->provider_by_arn(provider->arn);
  ASSERT_TRUE(found);
  EXPECT_EQ((*found)->client_ids.size(), 81u);
}

}  // namespace
}  // namespace sluice::catalog
