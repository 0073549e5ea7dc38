#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/thread_safety.h"

namespace sluice::bench {

/// One request's body, encoded, and what is known of it.
struct Batch {
  std::string body;      ///< snappy
  uint32_t samples = 0;
  size_t raw_bytes = 0;  ///< of the protobuf
  int64_t due_ms = 0;    ///< as OutgoingSample::due_ms, of its last sample
};

/// Finished batches on their way from the encoder to the connections: one queue a shard, so that each series' samples
/// stay in order, and one bound on the bytes of all. Thread-safe.
class BatchQueues {
 public:
  BatchQueues(size_t shards, size_t bytes_max) : bytes_max_(bytes_max), queues_(shards) {}

  size_t shards() const SLUICE_NO_THREAD_SAFETY_ANALYSIS { return queues_.size(); }  // fixed at construction

  /// Waits while the queues hold `bytes_max` or more. False once cancelled: the batch is dropped.
  bool push(size_t shard, Batch batch) SLUICE_EXCLUDES(mutex_);
  /// Ends a phase in every shard: pop() tells each of them once.
  void end_phase() SLUICE_EXCLUDES(mutex_);
  /// Nothing is pushed any more.
  void close() SLUICE_EXCLUDES(mutex_);

  /// The shard's next batch, or nullopt at the end of a phase or once cancelled. Waits for either.
  std::optional<Batch> pop(size_t shard) SLUICE_EXCLUDES(mutex_);
  /// Waits until the queues are full or closed: what is sent from then on was encoded before it was due.
  void wait_until_ahead() SLUICE_EXCLUDES(mutex_);
  /// Wakes everybody; nothing is delivered any more.
  void cancel() SLUICE_EXCLUDES(mutex_);
  bool is_cancelled() const SLUICE_EXCLUDES(mutex_);

 private:
  struct PhaseEnd {};
  using Item = std::variant<Batch, PhaseEnd>;

  const size_t bytes_max_;
  mutable Mutex mutex_;
  CondVar changed_;
  std::vector<std::deque<Item>> queues_ SLUICE_GUARDED_BY(mutex_);
  size_t bytes_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool is_closed_ SLUICE_GUARDED_BY(mutex_) = false;
  bool is_cancelled_ SLUICE_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice::bench
