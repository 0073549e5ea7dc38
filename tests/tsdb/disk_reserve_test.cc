#include "tsdb/disk_reserve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tsdb/harness.h"

namespace sluice::tsdb {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr uint64_t kDiskBytes = 1'000'000;

class DiskReserveTest : public testing::Test {
 protected:
  DiskReserveTest() { fs_.set_capacity(kDiskBytes); }
  /// Makes exactly so much free.
  void leave(uint64_t bytes) {
    auto file = fs_.open_writable("filler", OpenMode::kCreateOrOpen, 0644).value();
    ASSERT_TRUE(file->truncate(kDiskBytes - bytes));
  }
  DiskReserve reserve(std::optional<uint64_t> bytes) {
    return DiskReserve({"/", bytes}, {fs_, clock_, logger_, metrics_});
  }
  void a_second_later() { clock_.advance(std::chrono::seconds(1)); }

  test::FaultFileSystem fs_;
  FakeClock clock_{1'000};
  MemoryLogger logger_;
  MetricRegistry metrics_;
};

TEST_F(DiskReserveTest, RefusesBelowTheReserveAndTakesAgainWithATenthToSpare) {
  DiskReserve reserve = this->reserve(100'000);
  leave(100'000);
  EXPECT_TRUE(reserve.admit());
  leave(99'999);
  a_second_later();
  const auto refused = reserve.admit();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::kNoSpace);
  EXPECT_THAT(refused.error().message, HasSubstr("99999 bytes are free"));
  EXPECT_THAT(refused.error().message, HasSubstr("storage.disk_reserve_bytes"));
  leave(109'999);
  a_second_later();
  EXPECT_FALSE(reserve.admit());
  leave(110'000);
  a_second_later();
  EXPECT_TRUE(reserve.admit());
}

TEST_F(DiskReserveTest, LooksOnceASecondAtMost) {
  DiskReserve reserve = this->reserve(100'000);
  leave(200'000);
  EXPECT_TRUE(reserve.admit());
  leave(1);
  clock_.advance(std::chrono::milliseconds(999));
  EXPECT_TRUE(reserve.admit());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_FALSE(reserve.admit());
}

TEST_F(DiskReserveTest, TellsWhenItBeginsAndEndsAndCountsWhatItRefuses) {
  DiskReserve reserve = this->reserve(100'000);
  leave(1);
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(reserve.admit());
  a_second_later();
  EXPECT_FALSE(reserve.admit());
  ASSERT_EQ(logger_.lines().size(), 1u);
  EXPECT_THAT(logger_.lines(), Contains(HasSubstr("disk nearly full")));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_ingest_stopped 1\n"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_writes_refused_total 4\n"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_reserve_bytes 100000\n"));
  leave(500'000);
  a_second_later();
  EXPECT_TRUE(reserve.admit());
  EXPECT_THAT(logger_.lines(), Contains(HasSubstr("room on the disk again")));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_ingest_stopped 0\n"));
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_free_bytes 500000\n"));
}

TEST_F(DiskReserveTest, ByDefaultATwentiethOfTheDiskIsKept) {
  DiskReserve reserve = this->reserve(std::nullopt);
  leave(50'000);
  EXPECT_TRUE(reserve.admit());
  leave(49'999);
  a_second_later();
  EXPECT_FALSE(reserve.admit());
}

TEST_F(DiskReserveTest, TheDefaultIsBounded) {
  fs_.set_capacity(uint64_t{1} << 50);
  DiskReserve reserve = this->reserve(std::nullopt);
  EXPECT_TRUE(reserve.admit());
  EXPECT_THAT(metrics_.expose(), HasSubstr("sluice_disk_reserve_bytes 10737418240\n"));
}

TEST_F(DiskReserveTest, ZeroKeepsNothing) {
  DiskReserve reserve = this->reserve(0);
  leave(0);
  EXPECT_TRUE(reserve.admit());
  EXPECT_THAT(logger_.lines(), IsEmpty());
}

TEST_F(DiskReserveTest, ADiskThatCannotBeAskedStopsNothing) {
  DiskReserve reserve = this->reserve(100'000);
  fs_.fail_reads(true);
  EXPECT_TRUE(reserve.admit());
  EXPECT_THAT(logger_.lines(), Contains(HasSubstr("cannot tell how full the disk is")));
}

}  // namespace
}  // namespace sluice::tsdb
