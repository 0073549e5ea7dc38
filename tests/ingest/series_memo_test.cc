#include "ingest/series_memo.h"

#include <gtest/gtest.h>

namespace sluice::ingest {
namespace {

TEST(SeriesMemo, FindsWhatWasPutAndAsksBeforeItBelieves) {
  SeriesMemo memo(4);
  EXPECT_EQ(memo.find(7, [](uint32_t) { return true; }), SeriesMemo::kNone);
  memo.put(7, 1);
  memo.put(7, 2);
  EXPECT_EQ(memo.find(7, [](uint32_t) { return true; }), 1u);
  EXPECT_EQ(memo.find(7, [](uint32_t id) { return id == 2; }), 2u);
  EXPECT_EQ(memo.find(7, [](uint32_t) { return false; }), SeriesMemo::kNone);
  EXPECT_EQ(memo.find(8, [](uint32_t) { return true; }), SeriesMemo::kNone);
}

TEST(SeriesMemo, CollidingHashesCostBoundedWork) {
  SeriesMemo memo(10'000);
  for (uint32_t id = 0; id < 10'000; ++id) memo.put(42, id);
  int asked = 0;
  EXPECT_EQ(memo.find(42, [&](uint32_t) { return ++asked < 0; }), SeriesMemo::kNone);
  EXPECT_LE(asked, 8);
}

}  // namespace
}  // namespace sluice::ingest
