#pragma once

#include <memory>
#include <string>

#include "base/task.h"
#include "base/thread_safety.h"
#include "http/client.h"

namespace sluice::cli {

/// A DocumentFetcher whose rules a reload can change: each fetch goes by those in force when it begins, and ends under
/// them. Thread-safe.
class SwitchingFetcher final : public http::DocumentFetcher {
 public:
  explicit SwitchingFetcher(std::shared_ptr<http::DocumentFetcher> fetcher) : fetcher_(std::move(fetcher)) {}

  void replace(std::shared_ptr<http::DocumentFetcher> fetcher) {
    MutexLock lock(mutex_);
    fetcher_.swap(fetcher);
  }

  Task<Result<Document>> fetch(std::string url, size_t bytes_max, std::chrono::milliseconds timeout) override {
    const std::shared_ptr<http::DocumentFetcher> fetcher = current();
    co_return co_await fetcher->fetch(std::move(url), bytes_max, timeout);
  }

 private:
  std::shared_ptr<http::DocumentFetcher> current() const {
    MutexLock lock(mutex_);
    return fetcher_;
  }

  mutable Mutex mutex_;
  std::shared_ptr<http::DocumentFetcher> fetcher_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::cli
