#include "sts/sealing_keys.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/encoding.h"
#include "support/fault_file_system.h"

namespace sluice::sts {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr UnixSeconds kNow = 1'789'124'000;

std::string text_of(const SealingKeys& keys) { return std::string(keys.serialize().reveal()); }

TEST(SealingKeysTest, RoundTripsItsFile) {
  const SealingKeys keys = SealingKeys::generate(kNow).rotated(kNow + 10);
  const auto parsed = SealingKeys::parse(text_of(keys));
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(text_of(*parsed), text_of(keys));
  EXPECT_EQ(parsed->size(), 2u);
  EXPECT_EQ(parsed->newest().created_at, kNow + 10);
  EXPECT_THAT(text_of(keys), StartsWith("sluice-sealing-keys 1\n"));
}

TEST(SealingKeysTest, GeneratesAnotherKeyEachTime) {
  EXPECT_NE(text_of(SealingKeys::generate(kNow)), text_of(SealingKeys::generate(kNow)));
}

struct Broken {
  std::string name;
  std::string text;
  std::string message;
};
class BrokenKeysTest : public ::testing::TestWithParam<Broken> {};

TEST_P(BrokenKeysTest, AreRefusedWithTheirLineAndWithoutQuotingIt) {
  const auto keys = SealingKeys::parse(GetParam().text);
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr(GetParam().message));
  EXPECT_THAT(keys.error().message, Not(HasSubstr("c2VjcmV0")));
}

const std::string kKey = base64_encode(std::string(32, 'k'));
const std::string kFirst = "sluice-sealing-keys 1\nat-rest " + kKey + "\n";
std::string many_keys() {
  std::string text = kFirst;
  for (size_t i = 0; i <= kSealingKeysMax; ++i) text += "000000" + std::to_string(10 + i) + " 1 " + kKey + "\n";
  return text;
}

INSTANTIATE_TEST_SUITE_P(
    SealingKeysTest, BrokenKeysTest,
    ::testing::Values(
        Broken{"Empty", "", "first line"}, Broken{"OtherVersion", "sluice-sealing-keys 2\n", "first line"},
        Broken{"NoAtRestKey", "sluice-sealing-keys 1\n12345678 1 " + kKey + "\n", "line 2: no \"at-rest\""},
        Broken{"ShortAtRestKey", "sluice-sealing-keys 1\nat-rest c2VjcmV0\n", "line 2: no \"at-rest\""},
        Broken{"NoKey", kFirst, "no key"}, Broken{"ShortId", kFirst + "1234 1 " + kKey, "line 3: no key id"},
        Broken{"IdNotHex", kFirst + "1234567x 1 " + kKey, "line 3: no key id"},
        Broken{"NoTime", kFirst + "12345678 c2VjcmV0 " + kKey, "line 3: no creation time"},
        Broken{"NegativeTime", kFirst + "12345678 -1 " + kKey, "line 3: no creation time"},
        Broken{"ShortKey", kFirst + "12345678 1 c2VjcmV0", "line 3: no key of 32 bytes"},
        Broken{"KeyNotBase64", kFirst + "12345678 1 " + kKey + " c2VjcmV0", "line 3: no key of 32 bytes"},
        Broken{"EmptyLine", kFirst + "12345678 1 " + kKey + "\n\n", "line 4"},
        Broken{"SameIdTwice", kFirst + "12345678 1 " + kKey + "\n12345678 2 " + kKey, "line 4: its key id"},
        Broken{"OlderAfterNewer", kFirst + "12345678 2 " + kKey + "\n12345679 1 " + kKey, "line 4: older"},
        Broken{"TooMany", many_keys(), "more than 16"}),
    [](const auto& info) { return info.param.name; });

TEST(SealingKeysTest, RotationKeepsOldKeysForAsLongAsASessionCanLast) {
  const SealingKeys first = SealingKeys::generate(kNow);
  const uint32_t first_id = first.newest().id;
  const SealingKeys second = first.rotated(kNow + 1000);
  EXPECT_NE(second.newest().id, first_id);
  EXPECT_NE(second.find(first_id), nullptr);
  // The first key retired at kNow + 1000.
  EXPECT_NE(second.rotated(kNow + 1000 + kSealingOverlapSeconds - 1).find(first_id), nullptr);
  EXPECT_EQ(second.rotated(kNow + 1000 + kSealingOverlapSeconds).find(first_id), nullptr);
  EXPECT_NE(second.rotated(kNow + 1000 + kSealingOverlapSeconds).find(second.newest().id), nullptr);
}

TEST(SealingKeysTest, NeverGrowsBeyondItsBound) {
  SealingKeys keys = SealingKeys::generate(kNow);
  for (int i = 0; i < 50; ++i) keys = keys.rotated(kNow + i);
  EXPECT_LE(keys.size(), kSealingKeysMax);
  EXPECT_TRUE(SealingKeys::parse(text_of(keys)));
}

TEST(SealingKeysTest, StaysInOrderWhenTheClockStepsBack) {
  const SealingKeys keys = SealingKeys::generate(kNow).rotated(kNow - 5000);
  EXPECT_TRUE(SealingKeys::parse(text_of(keys)));
  EXPECT_EQ(keys.size(), 2u);
}

TEST(SealingKeysFileTest, IsMadeOnceAndReadAgain) {
  test::FaultFileSystem fs;
  const auto made = load_or_create_sealing_keys(fs, "/data/keys", kNow);
  ASSERT_TRUE(made) << made.error().message;
  const auto again = load_or_create_sealing_keys(fs, "/data/keys", kNow + 1);
  ASSERT_TRUE(again);
  EXPECT_EQ(text_of(*again), text_of(*made));
  ASSERT_TRUE(store_sealing_keys(fs, "/data/keys", made->rotated(kNow + 2)));
  EXPECT_EQ(load_or_create_sealing_keys(fs, "/data/keys", kNow)->size(), 2u);
}

TEST(SealingKeysFileTest, RefusesADamagedFileWithTheWayOut) {
  test::FaultFileSystem fs;
  ASSERT_TRUE(load_or_create_sealing_keys(fs, "/data/keys", kNow));
  ASSERT_TRUE(write_file_atomically(fs, "/data/keys/sealing.keys", "rubbish"));
  const auto keys = load_or_create_sealing_keys(fs, "/data/keys", kNow);
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr("/data/keys/sealing.keys"));
  EXPECT_THAT(keys.error().message, HasSubstr("Restore the file from a backup"));
}

TEST(SealedSecretTest, OpensForTheSamePurposeAndNameOnly) {
  const SealingKeys keys = SealingKeys::generate(kNow);
  const std::string sealed = seal_secret(keys, "access key", "AKIA1", Secret("s3cret"));
  EXPECT_EQ(sealed.find("s3cret"), std::string::npos);
  EXPECT_EQ(open_secret(keys, "access key", "AKIA1", sealed)->reveal(), "s3cret");
  // However often the session keys rotate.
  const SealingKeys later =
      keys.rotated(kNow).rotated(kNow + kSealingOverlapSeconds).rotated(kNow + 2 * kSealingOverlapSeconds);
  EXPECT_EQ(open_secret(later, "access key", "AKIA1", sealed)->reveal(), "s3cret");
  EXPECT_FALSE(open_secret(keys, "access key", "AKIA2", sealed));
  EXPECT_FALSE(open_secret(keys, "other", "AKIA1", sealed));
  EXPECT_FALSE(open_secret(SealingKeys::generate(kNow), "access key", "AKIA1", sealed));
  EXPECT_NE(seal_secret(keys, "access key", "AKIA1", Secret("s3cret")), sealed);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string altered = sealed;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    EXPECT_FALSE(open_secret(keys, "access key", "AKIA1", altered)) << i;
    EXPECT_FALSE(open_secret(keys, "access key", "AKIA1", sealed.substr(0, i))) << i;
  }
}

}  // namespace
}  // namespace sluice::sts
