// Bits that changed on disk: found, reported with file and offset, and the rest is served.
#include <algorithm>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/format.h"
#include "journal/harness.h"
#include "journal/journal.h"

namespace sluice::journal {
namespace {

using test::FaultFileSystem;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kFirst = "dir/wal/00000001";
constexpr const char* kSecond = "dir/wal/00000002";

// Six records in two segments, closed: 1..4 in the first, 5 and 6 in the second.
std::vector<std::string> fill(FaultFileSystem& fs) {
  Harness h(fs);
  EXPECT_TRUE(h.open());
  std::vector<std::string> payloads;
  for (int i = 0; i < 6; ++i) {
    payloads.push_back(fmt::format("record {} {}", i + 1, std::string(static_cast<size_t>(600 + 10 * i), 'd')));
    EXPECT_TRUE(h.commit(payloads.back()));
  }
  h.journal->close();
  EXPECT_TRUE(fs.content(kSecond));
  return payloads;
}

bool covers(const Damage& damage, const std::string& file, uint64_t offset) {
  return damage.file == file && damage.offset <= offset && offset < damage.offset + damage.bytes_skipped;
}

TEST(JournalDamage, AFlippedBitCostsAtMostTheRecordItHitAndIsReported) {
  FaultFileSystem pristine;
  const auto payloads = fill(pristine);
  for (const char* file : {kFirst, kSecond}) {
    const std::string content = *pristine.content(file);
    const size_t used = content.find_last_not_of('\0') + 1;
    for (uint64_t offset = 0; offset < used; ++offset) {
      SCOPED_TRACE(fmt::format("{} byte {}", file, offset));
      FaultFileSystem fs;
      fill(fs);
      fs.corrupt(file, offset, static_cast<uint8_t>(1u << offset % 8));
      Harness h(fs);
      ASSERT_TRUE(h.open());
      const auto& recovery = h.journal->recovery();
      const auto found = h.payloads();
      ASSERT_TRUE(std::ranges::includes(payloads, found)) << "altered or out of order";
      ASSERT_GE(found.size(), payloads.size() - 1);
      const bool header = offset < kRecordsOffset && offset % kHeaderCopyOffset < kHeaderSize;
      if (header || found.size() < payloads.size()) {
        ASSERT_EQ(recovery.damage.size(), 1u);
        ASSERT_TRUE(covers(recovery.damage[0], file, offset)) << recovery.damage[0].offset;
      } else {
        ASSERT_THAT(recovery.damage, IsEmpty()) << recovery.damage[0].what;
      }
      if (found.size() < payloads.size()) {
        size_t lost = 0;
        while (lost < found.size() && found[lost] == payloads[lost]) ++lost;
        EXPECT_EQ(recovery.damage[0].first_lost, lost + 1);
      }
    }
  }
}

TEST(JournalDamage, ABadLastRecordWithoutAMarkBehindItIsATornTail) {
  FaultFileSystem fs;
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_TRUE(h.commit("one"));
  ASSERT_TRUE(h.commit("two"));
  h.journal.reset();
  fs.corrupt(kFirst, kRecordsOffset + record_size(3) + kRecordHeaderSize, 1);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("one"));
  ASSERT_TRUE(h.journal->recovery().torn_tail);
  EXPECT_EQ(h.journal->recovery().torn_tail->file, kFirst);
  EXPECT_EQ(h.journal->recovery().torn_tail->offset, kRecordsOffset + record_size(3));
  EXPECT_EQ(h.journal->recovery().damage_total, 0u);
  ASSERT_TRUE(h.commit("three"));
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre("one", "three"));
  EXPECT_FALSE(h.journal->recovery().torn_tail) << "reported once, then cut";
}

TEST(JournalDamage, AZeroedStretchInTheMiddleIsDamage) {
  FaultFileSystem fs;
  const auto payloads = fill(fs);
  FileSystem& disk = fs;
  ASSERT_TRUE(disk.open_writable(kFirst, OpenMode::kCreateOrOpen).value()->write_at(1024, std::string(1024, '\0')));
  Harness h(fs);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre(payloads[2], payloads[3], payloads[4], payloads[5]));
  ASSERT_EQ(h.journal->recovery().damage.size(), 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].offset, 1024u);
  EXPECT_EQ(h.journal->recovery().damage[0].first_lost, 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].last_lost, 2u);
}

TEST(JournalDamage, AMissingSegmentIsDamage) {
  FaultFileSystem fs;
  Harness h(fs);
  h.options.segment_bytes_max = 4096;
  ASSERT_TRUE(h.open());
  for (int i = 0; i < 9; ++i) ASSERT_TRUE(h.commit(std::string(900, static_cast<char>('a' + i))));
  h.journal->close();
  ASSERT_TRUE(fs.content("dir/wal/00000003"));
  ASSERT_TRUE(fs.remove_file(kSecond));
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.replayed.size(), 6u);
  ASSERT_EQ(h.journal->recovery().damage.size(), 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].first_lost, 4u);
  EXPECT_EQ(h.journal->recovery().damage[0].last_lost, 6u);
}

TEST(JournalDamage, ASegmentWithBothHeadersGoneIsStillRead) {
  FaultFileSystem fs;
  const auto payloads = fill(fs);
  fs.corrupt(kFirst, 3, 0xff);
  fs.corrupt(kFirst, kHeaderCopyOffset + 3, 0xff);
  Harness h(fs);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.payloads(), payloads);
  EXPECT_EQ(h.journal->recovery().damage_total, 2u);
}

TEST(JournalDamage, ATruncatedSegmentIsDamageWhenALaterOneFollows) {
  FaultFileSystem fs;
  const auto payloads = fill(fs);
  FileSystem& disk = fs;
  ASSERT_TRUE(disk.open_writable(kFirst, OpenMode::kCreateOrOpen).value()->truncate(kRecordsOffset + 100));
  Harness h(fs);
  ASSERT_TRUE(h.open());
  EXPECT_THAT(h.payloads(), ElementsAre(payloads[4], payloads[5]));
  ASSERT_EQ(h.journal->recovery().damage.size(), 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].first_lost, 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].last_lost, 4u);
}

TEST(JournalDamage, AppendingGoesOnBehindDamageWithNewNumbers) {
  FaultFileSystem fs;
  const auto payloads = fill(fs);
  fs.corrupt(kSecond, kRecordsOffset + record_size(payloads[4].size()) + 50, 1);  // the last record; the mark proves it
  Harness h(fs);
  ASSERT_TRUE(h.open());
  ASSERT_EQ(h.journal->recovery().damage.size(), 1u);
  EXPECT_EQ(h.journal->recovery().damage[0].first_lost, 6u);
  EXPECT_EQ(h.commit("new").value(), 7u);
  ASSERT_TRUE(h.open());
  EXPECT_EQ(h.payloads().back(), "new");
  EXPECT_EQ(h.payloads().size(), 6u);
}

}  // namespace
}  // namespace sluice::journal
