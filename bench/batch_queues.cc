#include "bench/batch_queues.h"

#include <utility>

namespace sluice::bench {

bool BatchQueues::push(size_t shard, Batch batch) {
  MutexLock lock(mutex_);
  while (bytes_ >= bytes_max_ && !is_cancelled_) changed_.wait(mutex_);
  if (is_cancelled_) return false;
  bytes_ += batch.body.size();
  queues_[shard].emplace_back(std::move(batch));
  changed_.notify_all();
  return true;
}

void BatchQueues::end_phase() {
  MutexLock lock(mutex_);
  for (auto& queue : queues_) queue.emplace_back(PhaseEnd{});
  changed_.notify_all();
}

void BatchQueues::close() {
  MutexLock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

std::optional<Batch> BatchQueues::pop(size_t shard) {
  MutexLock lock(mutex_);
  auto& queue = queues_[shard];
  while (queue.empty() && !is_closed_ && !is_cancelled_) changed_.wait(mutex_);
  if (queue.empty() || is_cancelled_) return std::nullopt;
  Item item = std::move(queue.front());
  queue.pop_front();
  Batch* batch = std::get_if<Batch>(&item);
  if (batch == nullptr) return std::nullopt;
  const bool was_full = bytes_ >= bytes_max_;
  bytes_ -= batch->body.size();
  if (was_full) changed_.notify_all();
  return std::move(*batch);
}

void BatchQueues::wait_until_ahead() {
  MutexLock lock(mutex_);
  while (bytes_ < bytes_max_ && !is_closed_ && !is_cancelled_) changed_.wait(mutex_);
}

void BatchQueues::cancel() {
  MutexLock lock(mutex_);
  is_cancelled_ = true;
  changed_.notify_all();
}

bool BatchQueues::is_cancelled() const {
  MutexLock lock(mutex_);
  return is_cancelled_;
}

}  // namespace sluice::bench
