#include "cli/signals.h"

#include <csignal>
#include <ctime>
#include <initializer_list>

namespace sluice::cli {

namespace {

sigset_t set_of(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  return set;
}

int wait_for(const sigset_t& set, int timeout_ms) {
  const timespec timeout{timeout_ms / 1000, (timeout_ms % 1000) * 1'000'000L};
  const int signal = sigtimedwait(&set, nullptr, &timeout);
  return signal > 0 ? signal : 0;
}

}  // namespace

void block_stop_signals() {
  const sigset_t set = set_of({SIGINT, SIGTERM});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void block_stop_and_reload_signals() {
  block_stop_signals();
  const sigset_t set = set_of({SIGHUP});
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

int wait_for_signal(int timeout_ms) { return wait_for(set_of({SIGINT, SIGTERM, SIGHUP}), timeout_ms); }

int wait_for_stop_signal(int timeout_ms) { return wait_for(set_of({SIGINT, SIGTERM}), timeout_ms); }

}  // namespace sluice::cli
