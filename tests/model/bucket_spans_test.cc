#include "model/bucket_spans.h"

#include <gtest/gtest.h>

namespace sluice::model {
namespace {

using Spans = std::vector<BucketSpan>;

std::vector<int64_t> indexes(const Spans& spans) {
  std::vector<int64_t> out;
  for (BucketIndexes at(spans); at.valid(); at.next()) out.push_back(at.index());
  return out;
}

TEST(BucketIndexes, StepsOverSpansWithoutBuckets) {
  EXPECT_EQ(indexes({}), std::vector<int64_t>{});
  EXPECT_EQ(indexes({{3, 0}}), std::vector<int64_t>{});
  EXPECT_EQ(indexes({{-2, 2}, {1, 1}}), (std::vector<int64_t>{-2, -1, 1}));
  EXPECT_EQ(indexes({{1, 0}, {2, 0}, {3, 1}, {0, 1}, {0, 0}}), (std::vector<int64_t>{6, 7}));
}

TEST(MergeSpans, HoldsTheBucketsOfBothOnce) {
  struct Case {
    Spans a, b, merged;
  };
  const Case cases[] = {
      {{}, {}, {}},
      {{{1, 2}}, {}, {{1, 2}}},
      {{{1, 2}}, {{1, 2}}, {{1, 2}}},
      {{{1, 2}}, {{3, 1}}, {{1, 3}}},
      {{{5, 1}}, {{-3, 1}}, {{-3, 1}, {7, 1}}},
      {{{0, 2}, {2, 1}, {3, 2}, {3, 1}, {1, 1}}, {{0, 3}, {1, 1}, {1, 4}, {3, 3}}, {{0, 3}, {1, 1}, {1, 4}, {3, 3}}},
      {{{0, 1}, {0, 0}, {0, 1}}, {{1, 1}}, {{0, 2}}},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(merge_spans(c.a, c.b), c.merged);
    EXPECT_EQ(merge_spans(c.b, c.a), c.merged);
  }
}

TEST(MoveBuckets, PutsZeroWhereTheSourceHasNone) {
  const Spans from = {{1, 2}, {1, 1}};
  const Spans to = {{0, 5}};
  const std::vector<double> counts = {5, 7, 9};
  EXPECT_EQ(move_buckets<double>(from, counts, to), (std::vector<double>{0, 5, 7, 0, 9}));
  const std::vector<int64_t> deltas = {5, 2, 2};
  EXPECT_EQ(move_buckets<int64_t>(from, deltas, to), (std::vector<int64_t>{0, 5, 2, -7, 9}));
  EXPECT_EQ(move_buckets<int64_t>(from, deltas, Spans{{2, 1}}), (std::vector<int64_t>{7}));
}

}  // namespace
}  // namespace sluice::model
