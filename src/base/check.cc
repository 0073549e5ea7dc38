#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::internal {

void check_failed(const char* file, int line, const char* condition, const char* detail) {
  std::fprintf(stderr, "sluice: broken invariant at %s:%d: %s (%s)\n", file, line, condition, detail);
  std::abort();
}

}  // namespace sluice::internal
