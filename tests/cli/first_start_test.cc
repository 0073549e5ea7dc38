#include "cli/first_start.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/authenticator.h"
#include "awsclient/credentials.h"
#include "catalog/sqlite_catalog.h"
#include "cli/temp_directory.h"

namespace sluice::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kFirstSecret(40, 'a');
const std::string kSecondSecret(40, 'b');

class FirstStartTest : public testing::Test {
 protected:
  Result<std::string> start(std::optional<aws::Credentials> root_key = std::nullopt,
                            const std::string& account_id = "") {
    return ensure_account({*fs, *catalog, keys, clock, *logger}, {account_id, std::move(root_key)}, credentials);
  }
  static aws::Credentials pair(const std::string& id, const std::string& secret) {
    return {id, Secret(secret), Secret()};
  }

  std::vector<std::string> key_ids(const std::string& account_id) {
    std::vector<std::string> ids;
    const auto found = catalog->access_keys(account_id);
    for (const auto& key : *found) ids.push_back(key.id);
    return ids;
  }
  std::string secret_of(const std::string& id) {
    const auto record = catalog->access_key(id);
    if (!record) return "";
    const auto opened = sts::open_secret(keys, api::kAccessKeyPurpose, id, (*record)->sealed_secret);
    return opened ? std::string(opened->reveal()) : "";
  }
  std::vector<std::string> audited() {
    std::vector<std::string> actions;
    const auto records = catalog->audit(0, 100);
    for (const auto& record : *records) actions.push_back(record.action);
    return actions;
  }

  const test::TempDirectory directory;
  const std::string credentials = directory.file("credentials");
  const std::unique_ptr<FileSystem> fs = make_posix_file_system();
  FakeClock clock{1'800'000'000'000};
  std::string log;
  const std::unique_ptr<Logger> logger =
      make_logger(LogLevel::kDebug, LogFormat::kLogfmt, clock, [this](std::string_view line) { log += line; });
  const sts::SealingKeys keys = sts::SealingKeys::generate(1'800'000'000);
  std::unique_ptr<catalog::Catalog> catalog = *catalog::open_sqlite_catalog(directory.file("catalog.db"), clock);
};

TEST_F(FirstStartTest, MakesAKeyOnceAndWritesItDown) {
  const auto account = start();
  ASSERT_TRUE(account) << account.error().message;
  const auto written = awsclient::read_shared_credentials(*fs, credentials);
  ASSERT_TRUE(written);
  EXPECT_EQ(secret_of(written->access_key_id), written->secret_access_key.reveal());
  EXPECT_EQ(*start(), *account);
  EXPECT_THAT(key_ids(*account), ElementsAre(written->access_key_id));
}

TEST_F(FirstStartTest, TakesTheKeyThatTheOperatorBrings) {
  const auto account = start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  ASSERT_TRUE(account) << account.error().message;
  EXPECT_THAT(key_ids(*account), ElementsAre("AKIASLU0AAAAAAAAAAAA"));
  EXPECT_EQ(secret_of("AKIASLU0AAAAAAAAAAAA"), kFirstSecret);
  EXPECT_FALSE(*fs->exists(credentials)) << "the operator has it already";
  EXPECT_THAT(audited(), ElementsAre("iam:CreateAccessKey"));
  EXPECT_EQ(log.find(kFirstSecret), std::string::npos);
}

TEST_F(FirstStartTest, TheSameKeyAgainChangesNothing) {
  const auto account = *start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  const uint64_t revision = catalog->revision();
  ASSERT_TRUE(start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret)));
  EXPECT_EQ(catalog->revision(), revision);
  EXPECT_EQ(audited().size(), 1u);
  EXPECT_THAT(key_ids(account), ElementsAre("AKIASLU0AAAAAAAAAAAA"));
}

TEST_F(FirstStartTest, AnotherKeyReplacesTheOldOneLoudly) {
  const auto account = *start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  ASSERT_TRUE(start(pair("AKIASLU0BBBBBBBBBBBB", kSecondSecret)));
  EXPECT_THAT(key_ids(account), ElementsAre("AKIASLU0BBBBBBBBBBBB"));
  EXPECT_EQ(secret_of("AKIASLU0BBBBBBBBBBBB"), kSecondSecret);
  EXPECT_THAT(audited(), ElementsAre("iam:DeleteAccessKey", "iam:CreateAccessKey", "iam:CreateAccessKey"));
  EXPECT_THAT(log, HasSubstr("level=warn msg=\"a root key no longer works: the configuration brings another\""));
  EXPECT_THAT(log, HasSubstr("key=AKIASLU0AAAAAAAAAAAA"));
}

TEST_F(FirstStartTest, AnotherSecretUnderTheSameIdReplacesIt) {
  const auto account = *start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  ASSERT_TRUE(start(pair("AKIASLU0AAAAAAAAAAAA", kSecondSecret)));
  EXPECT_THAT(key_ids(account), ElementsAre("AKIASLU0AAAAAAAAAAAA"));
  EXPECT_EQ(secret_of("AKIASLU0AAAAAAAAAAAA"), kSecondSecret);
}

TEST_F(FirstStartTest, AGeneratedKeyGoesWithItsFile) {
  const auto account = *start();
  ASSERT_TRUE(start(pair("AKIASLU0BBBBBBBBBBBB", kSecondSecret)));
  EXPECT_THAT(key_ids(account), ElementsAre("AKIASLU0BBBBBBBBBBBB"));
  EXPECT_FALSE(*fs->exists(credentials));
  EXPECT_THAT(log, HasSubstr("the credentials file is gone"));
}

TEST_F(FirstStartTest, AGeneratedKeyThatTheOperatorTakesOverKeepsItsFile) {
  ASSERT_TRUE(start());
  const auto written = *awsclient::read_shared_credentials(*fs, credentials);
  ASSERT_TRUE(start(written));
  EXPECT_TRUE(*fs->exists(credentials));
}

TEST_F(FirstStartTest, WithoutThePairTheLastOneStays) {
  const auto account = *start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  ASSERT_TRUE(start());
  EXPECT_THAT(key_ids(account), ElementsAre("AKIASLU0AAAAAAAAAAAA"));
  EXPECT_FALSE(*fs->exists(credentials));
}

TEST_F(FirstStartTest, LostSealingKeysAreNotPaperedOverByABroughtKey) {
  const auto account = *start(pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret));
  const sts::SealingKeys others = sts::SealingKeys::generate(1'800'000'001);
  const auto lost = ensure_account({*fs, *catalog, others, clock, *logger},
                                   {"", pair("AKIASLU0AAAAAAAAAAAA", kFirstSecret)}, credentials);
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, ErrorCode::kDataLoss);
}

TEST_F(FirstStartTest, AnotherAccountIdIsRefused) {
  ASSERT_TRUE(start(std::nullopt, "111122223333"));
  const auto refused = start(std::nullopt, "444455556666");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("111122223333"));
}

}  // namespace
}  // namespace sluice::cli
