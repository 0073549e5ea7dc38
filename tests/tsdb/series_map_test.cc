#include "tsdb/series_map.h"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

std::unique_ptr<MemorySeries> make_series(const model::Labels& labels, model::SeriesHash hash) {
  return std::make_unique<MemorySeries>(1, hash, labels);
}

// Few different hashes, so that places collide, runs wrap around and erasing moves others up.
TEST(SeriesMap, FindsWhatAMapWouldWhateverIsErased) {
  std::mt19937 random(3);
  SeriesMap map;
  std::map<std::string, MemorySeries*> expected;
  for (int i = 0; i < 20'000; ++i) {
    const unsigned id = random() % 400;
    const auto labels = model::Labels::from({{"id", std::to_string(id)}});
    const model::SeriesHash hash{id % 37 * 0x10'0001, 0};
    const std::string packed(labels.packed());
    const auto known = expected.find(packed);
    ASSERT_EQ(map.find(hash, packed), known == expected.end() ? nullptr : known->second);
    if (known == expected.end()) {
      expected[packed] = map.insert(make_series(labels, hash));
    } else if (random() % 2 == 0) {
      map.erase(*known->second);
      expected.erase(known);
    }
    ASSERT_EQ(map.size(), expected.size());
  }
}

TEST(SeriesMap, KeepsAddressesWhileItGrows) {
  SeriesMap map;
  std::vector<MemorySeries*> series;
  for (int i = 0; i < 5000; ++i) {
    const auto labels = model::Labels::from({{"id", std::to_string(i)}});
    series.push_back(map.insert(make_series(labels, labels.hash())));
  }
  for (MemorySeries* one : series) EXPECT_EQ(map.find(one->hash(), one->labels().packed()), one);
}

}  // namespace
}  // namespace sluice::tsdb
