#include "bench/batcher.h"

#include <bit>
#include <utility>

#include "base/coding.h"
#include "wire/snappy_block.h"

namespace sluice::bench {
namespace {

// Tags of remote.proto and types.proto: number << 3 | wire type.
constexpr char kTimeSeriesOfRequest = 0x0a;
constexpr char kSampleOfTimeSeries = 0x12;
constexpr char kValueOfSample = 0x09;
constexpr char kTimestampOfSample = 0x10;

/// As Go's generated code writes it: zeros are left out.
void append_entry(std::string& message, const OutgoingSample& sample) {
  const auto value_bits = std::bit_cast<uint64_t>(sample.value);
  const auto timestamp = static_cast<uint64_t>(sample.t_ms);
  const bool has_value = value_bits != 0;
  const size_t sample_size = (has_value ? 9 : 0) + (timestamp != 0 ? 1 + varint_size(timestamp) : 0);
  message += kTimeSeriesOfRequest;
  append_varint(message, sample.labels.size() + 1 + varint_size(sample_size) + sample_size);
  message.append(sample.labels);
  message += kSampleOfTimeSeries;
  append_varint(message, sample_size);
  if (has_value) {
    message += kValueOfSample;
    append_le<uint64_t>(message, value_bits);
  }
  if (timestamp != 0) {
    message += kTimestampOfSample;
    append_varint(message, timestamp);
  }
}

}  // namespace

Batcher::Batcher(const LoadOptions& options, Deliver deliver)
    : options_(options), deliver_(std::move(deliver)), pending_(options.shards) {}

void Batcher::add(const OutgoingSample& sample) {
  const size_t shard = shard_of(sample.ref, pending_.size());
  Pending& pending = pending_[shard];
  const int64_t deadline_ms = pending.first_due_ms + options_.batch_deadline_ms;
  if (options_.pace_ms > 0 && pending.samples > 0 && sample.due_ms > deadline_ms) finish(shard, deadline_ms);
  if (pending.samples == 0) pending.first_due_ms = sample.due_ms;
  pending.last_due_ms = sample.due_ms;
  append_entry(pending.message, sample);
  if (++pending.samples == options_.samples_per_request) finish(shard, sample.due_ms);
}

void Batcher::finish(size_t shard, int64_t due_ms) {
  Pending& pending = pending_[shard];
  Batch batch{.body = wire::snappy_encode(pending.message),
              .samples = pending.samples,
              .raw_bytes = pending.message.size(),
              .due_ms = due_ms};
  pending.message.clear();
  pending.samples = 0;
  deliver_(shard, std::move(batch));
}

void Batcher::flush() {
  for (size_t shard = 0; shard < pending_.size(); ++shard) {
    if (pending_[shard].samples > 0) finish(shard, pending_[shard].last_due_ms);
  }
}

uint64_t produce(const LoadOptions& options, BatchQueues& queues) {
  Fleet fleet(options);
  Batcher batcher(options, [&](size_t shard, Batch batch) { (void)queues.push(shard, std::move(batch)); });
  for (uint32_t scrape = 0; scrape < options.scrapes && !queues.is_cancelled(); ++scrape) {
    fleet.scrape(batcher);
    const bool is_last = scrape + 1 == options.scrapes;
    if (scrape != 0 && !is_last) continue;
    batcher.flush();
    queues.end_phase();
  }
  queues.close();
  return fleet.series_created();
}

}  // namespace sluice::bench
