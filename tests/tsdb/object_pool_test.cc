#include "tsdb/object_pool.h"

#include <cstring>
#include <map>
#include <random>

#include <gtest/gtest.h>

namespace sluice::tsdb {
namespace {

TEST(ObjectPool, GivesPiecesThatNobodyElseHas) {
  ObjectPool pool;
  std::mt19937 random(7);
  struct Object {
    size_t size;
    char mark;
  };
  std::map<char*, Object> objects;
  for (int i = 0; i < 200'000; ++i) {
    if (objects.empty() || random() % 5 < 3) {
      const size_t size = random() % 20 == 0 ? 1 + random() % 3000 : 100 + random() % 200;
      char* const object = static_cast<char*>(pool.allocate(size));
      ASSERT_EQ(reinterpret_cast<uintptr_t>(object) % 16, 0u);
      const auto after = objects.lower_bound(object);
      ASSERT_TRUE(after == objects.end() || object + size <= after->first);
      ASSERT_TRUE(after == objects.begin() || std::prev(after)->first + std::prev(after)->second.size <= object);
      const char mark = static_cast<char>(random());
      std::memset(object, mark, size);
      objects[object] = {size, mark};
    } else {
      auto at = objects.lower_bound(
          reinterpret_cast<char*>(reinterpret_cast<uintptr_t>(objects.begin()->first) +
                                  random() % (reinterpret_cast<uintptr_t>(objects.rbegin()->first) -
                                              reinterpret_cast<uintptr_t>(objects.begin()->first) + 1)));
      const auto& [object, how] = *at;
      ASSERT_EQ(object[0], how.mark);
      ASSERT_EQ(object[how.size - 1], how.mark);
      pool.release(object, how.size);
      objects.erase(at);
    }
    if (i % 50'000 == 0) pool.give_back();
  }
  for (const auto& [object, how] : objects) pool.release(object, how.size);
}

TEST(ObjectPool, UsesWhatWasReleasedAndGivesBackWhatIsEmpty) {
  ObjectPool pool;
  std::vector<void*> objects;
  for (int i = 0; i < 100'000; ++i) objects.push_back(pool.allocate(160));
  const uint64_t full = pool.region_bytes();
  EXPECT_GE(full, 16'000'000u);
  EXPECT_LE(full, 18'900'000u);
  for (void* object : objects) pool.release(object, 160);
  for (void*& object : objects) object = pool.allocate(160);
  EXPECT_EQ(pool.region_bytes(), full) << "used again";
  pool.give_back();
  EXPECT_EQ(pool.region_bytes(), full) << "all in use";
  for (size_t i = 0; i < objects.size(); ++i) {
    if (i != 50'000) pool.release(objects[i], 160);
  }
  pool.give_back();
  EXPECT_LE(pool.region_bytes(), 2 * MemoryRegion::kUnitBytes) << "one has an object, and the one being filled";
  std::memset(objects[50'000], 1, 160);
  for (int i = 0; i < 20'000; ++i) std::memset(pool.allocate(160), 2, 160);
  EXPECT_EQ(*static_cast<char*>(objects[50'000]), 1);
}

}  // namespace
}  // namespace sluice::tsdb
