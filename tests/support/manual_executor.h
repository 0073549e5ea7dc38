#pragma once

#include <deque>
#include <functional>
#include <utility>

#include "base/executor.h"

namespace sluice::test {

/// An executor that runs nothing until told to, so that a test chooses what happens in between. One thread only.
class ManualExecutor final : public Executor {
 public:
  void post(std::move_only_function<void()> work) override { queue_.push_back(std::move(work)); }
  bool run_one() {
    if (queue_.empty()) return false;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    work();
    return true;
  }
  void run_all() {
    while (run_one()) {
    }
  }
  /// As if the process had died.
  void drop_all() { queue_.clear(); }
  size_t queued() const { return queue_.size(); }

 private:
  std::deque<std::move_only_function<void()>> queue_;
};

}  // namespace sluice::test
