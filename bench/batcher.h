#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/batch_queues.h"
#include "bench/fleet.h"
#include "bench/load_options.h"

namespace sluice::bench {

/// The shard a series is sent by: Prometheus takes the ref modulo the number of shards
/// (storage/remote/queue_manager.go).
inline size_t shard_of(uint64_t ref, size_t shards) { return static_cast<size_t>(ref % shards); }

/// Gathers samples into requests as Prometheus' shards do: one TimeSeries entry a sample, a request when it is full,
/// whatever the scrape, so that the edges of requests drift against the scrapes. When paced, a request that
/// waited batch_deadline_ms goes as it is. One thread owns it.
class Batcher final : public SampleConsumer {
 public:
  using Deliver = std::function<void(size_t shard, Batch batch)>;

  /// `deliver` gets each finished batch, in the order of its shard.
  Batcher(const LoadOptions& options, Deliver deliver);

  void add(const OutgoingSample& sample) override;
  /// Delivers what has been gathered.
  void flush();

 private:
  struct Pending {
    std::string message;
    uint32_t samples = 0;
    int64_t first_due_ms = 0;
    int64_t last_due_ms = 0;
  };
  void finish(size_t shard, int64_t due_ms);

  const LoadOptions options_;
  const Deliver deliver_;
  std::vector<Pending> pending_;  ///< by shard
};

/// Runs a whole load into `queues`: the first scrape as a phase of its own, the others as the second, if there are
/// any. Returns the number of series the load created. Ends early when the queues are cancelled.
uint64_t produce(const LoadOptions& options, BatchQueues& queues);

}  // namespace sluice::bench
