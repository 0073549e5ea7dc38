#pragma once

namespace sluice::cli {

/// Blocks SIGINT and SIGTERM in this thread and every thread it starts afterwards, and ignores SIGPIPE. Called first
/// thing by verbs that run until told to stop.
void block_stop_signals();
/// Waits for SIGINT or SIGTERM and returns which.
int wait_for_stop_signal();
/// The same, for at most `timeout_ms`; 0 when none came.
int wait_for_stop_signal(int timeout_ms);

}  // namespace sluice::cli
