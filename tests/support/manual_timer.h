#pragma once

#include <chrono>
#include <functional>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "journal/timer.h"

namespace sluice::test {

/// A timer of a test's own clock, which runs nothing until told to. One thread only.
class ManualTimer final : public journal::Timer {
 public:
  explicit ManualTimer(const Clock& clock) : clock_(clock) {}
  void post_after(std::chrono::milliseconds delay, std::move_only_function<void()> work) override {
    armed_.push_back({clock_.steady() + delay, std::move(work)});
  }
  /// Runs what is due by the clock.
  void run_due() {
    std::vector<Armed> all = std::exchange(armed_, {});
    for (auto& one : all) {
      if (one.at <= clock_.steady()) one.work();
      else armed_.push_back(std::move(one));
    }
  }
  /// As if the process had died.
  void drop_all() { armed_.clear(); }
  size_t armed() const { return armed_.size(); }

 private:
  struct Armed {
    std::chrono::steady_clock::time_point at;
    std::move_only_function<void()> work;
  };
  const Clock& clock_;
  std::vector<Armed> armed_;
};

}  // namespace sluice::test
