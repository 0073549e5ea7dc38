#include "net/open_files.h"

#include <sys/resource.h>

namespace sluice::net {

size_t raise_open_files_max() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return 0;
  const rlim_t before = files.rlim_cur;
  files.rlim_cur = files.rlim_max;
  if (setrlimit(RLIMIT_NOFILE, &files) != 0) return before;
  return files.rlim_cur;
}

}  // namespace sluice::net
