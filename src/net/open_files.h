#pragma once

#include <cstddef>

namespace sluice::net {

/// Raises the number of files and sockets that this process may have open (RLIMIT_NOFILE's soft limit) to what the
/// system lets it (the hard limit), and returns the number now in force. Service managers leave the soft one at 1,024,
/// for programs that select(); this one polls. Once, before listeners are made. Thread-safe.
size_t raise_open_files_max();

}  // namespace sluice::net
