#include "tsdb/line_pool.h"

#include <cstring>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

TEST(LinePool, GivesChainsThatNobodyElseHas) {
  LinePool pool;
  std::mt19937 random(11);
  struct Chain {
    std::vector<LineRef> lines;
    char mark;
  };
  std::vector<Chain> chains;
  std::set<LineRef> taken;
  for (int i = 0; i < 300'000; ++i) {
    if (chains.size() < 2 || random() % 3 != 0) {
      Chain chain{{}, static_cast<char>(random())};
      const size_t length = 1 + random() % 4;
      for (size_t line = 0; line < length; ++line) {
        const LineRef ref = pool.take();
        ASSERT_NE(ref, 0u);
        ASSERT_TRUE(taken.insert(ref).second);
        ASSERT_EQ(pool.next(ref), 0u);
        std::memset(pool.data(ref), chain.mark, LinePool::kDataBytes);
        if (!chain.lines.empty()) pool.set_next(chain.lines.back(), ref);
        chain.lines.push_back(ref);
      }
      chains.push_back(std::move(chain));
    } else {
      std::swap(chains[random() % chains.size()], chains.back());
      const Chain& chain = chains.back();
      size_t at = 0;
      for (LineRef line = chain.lines.front(); line != 0; line = pool.next(line)) {
        ASSERT_EQ(line, chain.lines[at++]);
        ASSERT_EQ(pool.data(line)[0], chain.mark);
        ASSERT_EQ(pool.data(line)[LinePool::kDataBytes - 1], chain.mark);
        taken.erase(line);
      }
      ASSERT_EQ(at, chain.lines.size());
      pool.give(chain.lines.front());
      chains.pop_back();
    }
    ASSERT_EQ(pool.bytes(), taken.size() * LinePool::kLineBytes);
  }
}

TEST(LinePool, GivesRegionsBackButNotTheOneThatIsNext) {
  LinePool pool;
  std::vector<LineRef> lines;
  while (pool.regions() < 4) lines.push_back(pool.take());
  const LineRef last = lines.back();
  lines.pop_back();
  for (int i = 0; i < 3; ++i) {
    pool.give(last);
    EXPECT_EQ(pool.regions(), 4u) << "all before are full";
    EXPECT_EQ(pool.take(), last);
  }
  pool.give(lines.front());
  pool.give(last);
  EXPECT_EQ(pool.regions(), 3u);
  for (size_t i = 1; i < lines.size(); ++i) pool.give(lines[i]);
  EXPECT_EQ(pool.regions(), 1u);
  EXPECT_EQ(pool.bytes(), 0u);
}

TEST(LinePool, UsesTheSameLinesAgain) {
  LinePool pool;
  LineRef highest = 0;
  for (int round = 0; round < 5; ++round) {
    std::vector<LineRef> lines;
    for (int i = 0; i < 100'000; ++i) lines.push_back(pool.take());
    const LineRef highest_now = *std::ranges::max_element(lines);
    if (round != 0) EXPECT_EQ(highest_now, highest);
    highest = highest_now;
    for (const LineRef line : lines) pool.give(line);
  }
}

}  // namespace
}  // namespace sluice::tsdb
