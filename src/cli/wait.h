#pragma once

#include <optional>
#include <semaphore>
#include <utility>

#include "base/task.h"

namespace sluice::cli {

/// Starts a task and waits for its value on this thread, which must be none of the runtime's.
template <class T>
T run_and_wait(Task<T> task) {
  std::optional<T> value;
  std::binary_semaphore done(0);
  start<T>(std::move(task), [&](T result) {
    value.emplace(std::move(result));
    done.release();
  });
  done.acquire();
  return *std::move(value);
}

}  // namespace sluice::cli
