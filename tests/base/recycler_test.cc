#include "base/recycler.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Recycler, GivesWhatItWasGivenAndKeepsNoMoreThanAFew) {
  Recycler<std::string> recycler(2);
  EXPECT_EQ(recycler.take(), "");
  for (const char* text : {"first", "second", "third"}) recycler.give(text);
  EXPECT_EQ(recycler.take(), "second");
  EXPECT_EQ(recycler.take(), "first");
  EXPECT_EQ(recycler.take(), "");
}

}  // namespace
}  // namespace sluice
