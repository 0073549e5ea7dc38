#include "base/memory_region.h"

#include <cstdint>
#include <cstring>
#include <utility>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(MemoryRegion, IsZeroedAndAlignedToItsUnit) {
  for (const auto pages : {MemoryRegion::Pages::kSmall, MemoryRegion::Pages::kHuge}) {
    for (const size_t units : {1, 2, 5}) {
      const size_t bytes = units * MemoryRegion::kUnitBytes;
      const MemoryRegion region(pages, bytes);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(region.data()) % MemoryRegion::kUnitBytes, 0u);
      for (size_t at = 0; at < bytes; at += 4096) {
        ASSERT_EQ(region.data()[at], 0);
        region.data()[at] = 1;
      }
      region.data()[bytes - 1] = 1;
    }
  }
}

TEST(MemoryRegion, MovesAndGivesBack) {
  MemoryRegion first(MemoryRegion::Pages::kSmall);
  char* const data = first.data();
  MemoryRegion second(std::move(first));
  EXPECT_FALSE(first);
  EXPECT_EQ(second.data(), data);
  first = std::move(second);
  EXPECT_EQ(first.data(), data);
  first = MemoryRegion(MemoryRegion::Pages::kHuge);
  ASSERT_TRUE(first);
  std::memset(first.data(), 1, MemoryRegion::kUnitBytes);
  first.reset();
  EXPECT_FALSE(first);
  first.reset();
}

}  // namespace
}  // namespace sluice
