#include "base/utf8.h"

#include <string>

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(Utf8, FindsAByteThatIsNotAsciiWhereverItIs) {
  for (size_t size = 0; size < 40; ++size) {
    std::string text(size, '\x7f');
    EXPECT_TRUE(is_ascii(text)) << size;
    for (size_t at = 0; at < size; ++at) {
      text[at] = '\x80';
      EXPECT_FALSE(is_ascii(text)) << at << " of " << size;
      text[at] = '\0';
    }
  }
}

}  // namespace
}  // namespace sluice
