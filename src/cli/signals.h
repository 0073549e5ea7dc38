#pragma once

namespace sluice::cli {

/// Blocks SIGINT and SIGTERM in this thread and every thread it starts afterwards, and ignores SIGPIPE. Called first
/// thing by verbs that run until told to stop. No handler ever runs: signals are taken by the waits below, on an
/// ordinary thread, where anything may be done.
void block_stop_signals();
/// The same for SIGHUP too, which then means "read the configuration again" and no longer ends the process.
void block_stop_and_reload_signals();
/// Waits for SIGINT, SIGTERM or SIGHUP, for at most `timeout_ms`, and returns which; 0 when none came.
int wait_for_signal(int timeout_ms);
/// The same for SIGINT and SIGTERM alone.
int wait_for_stop_signal(int timeout_ms);

}  // namespace sluice::cli
