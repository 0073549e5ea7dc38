#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "tsdb/block_writer.h"
#include "tsdb/head_block_source.h"
#include "tsdb/pending_append.h"
#include "tsdb/wal_record.h"
#include "tsdb/workspace_db.h"

/// From head to block, checkpoints, compaction, retention: docs/storage.md.
namespace sluice::tsdb {
namespace {

// A block's time is over for this long before it is cut: what is merely delayed need not be late.
constexpr int64_t kSettleMs = kBlockRangeMs / 2;
constexpr int kRetireStepsMax = 4;

int64_t since_ms(const Clock& clock, std::chrono::steady_clock::time_point began) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock.steady() - began).count();
}

}  // namespace

void WorkspaceDb::maintain() {
  const auto warn = [&](const char* what, const Error& error) {
    options_.logger->warn(what, {{"workspace", options_.name}, {"reason", error.message}});
  };
  {
    MutexLock lock(maintenance_mutex_);
    if (auto cut = cut_blocks(); !cut) warn("blocks not cut from the head, it is tried again", cut.error());
    for (int i = 0; i < kRetireStepsMax && head_->retire(); ++i) {
    }
    if (logged_bytes_.load(std::memory_order_relaxed) >= options_.checkpoint_log_bytes) checkpoint();
  }
  for (;;) {
    const auto compaction = blocks_->compact_once();
    if (!compaction && compaction.error().code == ErrorCode::kCancelled) continue;
    if (!compaction) warn("blocks not compacted", compaction.error());
    if (!compaction || !*compaction) break;
  }
  const TimestampMs newest = std::min(head_->max_ms(), options_.clock->now_ms());
  const uint64_t others = journal_->disk_bytes() + head_->chunk_file_bytes();
  if (auto dropped = blocks_->drop_expired(options_.retention, newest, others); !dropped) {
    warn("old blocks not removed", dropped.error());
  }
}

std::optional<TimestampMs> WorkspaceDb::due_freeze() const {
  const auto stats = head_->stats();
  if (stats.series == 0 || stats.max_ms < INT64_MIN + 2 * kBlockRangeMs) return std::nullopt;
  const TimestampMs now = options_.clock->now_ms();
  const auto idle = options_.clock->steady() - last_append_.load(std::memory_order_relaxed);
  const bool is_idle = idle >= std::chrono::milliseconds(kSettleMs);
  const TimestampMs newest = is_idle ? now : std::min(stats.max_ms, now);
  const TimestampMs before = block_range_begin(newest - kSettleMs);
  const bool is_due = before > head_->frozen_before_ms() && stats.min_ms < before;
  return is_due ? std::optional(before) : std::nullopt;
}

Result<void> WorkspaceDb::cut_blocks() {
  if (open_freeze_ == 0) {
    const auto before_ms = due_freeze();
    if (!before_ms) return {};
    SLUICE_ASSIGN(open_freeze_, log_control(kFreezeRecord, *before_ms));
  }
  const auto began = options_.clock->steady();
  const TimestampMs before_ms = head_->frozen_before_ms();
  SLUICE_ASSIGN(const auto ranges, head_->block_ranges_before(before_ms));
  const auto series = head_->sorted_series();
  uint64_t blocks = 0;
  uint64_t samples = 0;
  for (const TimestampMs begin_ms : ranges) {
    SLUICE_ASSIGN(const auto meta, cut_block(series, begin_ms));
    if (!meta) continue;
    if (auto added = blocks_->add({&meta->ulid, 1}); !added) {
      blocks_->discard(meta->ulid);
      return added;
    }
    ++blocks;
    samples += meta->stats.samples;
  }
  SLUICE_TRY(log_control(kDropRecord, before_ms));
  open_freeze_ = 0;
  options_.logger->info("head cut into blocks", {{"workspace", options_.name},
                                                 {"blocks", blocks},
                                                 {"samples", samples},
                                                 {"before_ms", before_ms},
                                                 {"took_ms", since_ms(*options_.clock, began)}});
  checkpoint();
  return {};
}

// Nothing when there are no samples, or the block is there from a time before a restart.
Result<std::optional<BlockMeta>> WorkspaceDb::cut_block(std::span<MemorySeries* const> series, TimestampMs begin_ms) {
  for (const auto& block : *blocks_->blocks()) {
    if (block->meta().freeze == open_freeze_ && block->meta().min_ms == begin_ms) return std::nullopt;
  }
  BlockMeta meta;
  meta.ulid = options_.new_ulid();
  meta.sources = {meta.ulid};
  meta.min_ms = begin_ms;
  meta.max_ms = std::min(begin_ms + kBlockRangeMs, head_->frozen_before_ms());
  meta.freeze = open_freeze_;
  HeadBlockSource source(*head_, series, {meta.min_ms, meta.max_ms - 1});
  auto written = write_block(fs_, directory_, meta, source);
  if (!written) blocks_->discard(meta.ulid);
  return written;
}

/// A record that is durable and applied.
struct WorkspaceDb::Logged {
  journal::Sequence sequence = 0;
  HeadDeletion deletion;
};

Result<journal::Sequence> WorkspaceDb::log_control(uint8_t kind, TimestampMs before_ms) {
  auto record = std::make_unique<PendingAppend>();
  record->kind = kind;
  record->before_ms = before_ms;
  SLUICE_ASSIGN(const auto logged,
                log_and_wait(std::move(record), kind == kFreezeRecord ? encode_freeze_record(before_ms) : ""));
  return logged.sequence;
}

Result<WorkspaceDb::Logged> WorkspaceDb::log_and_wait(std::unique_ptr<PendingAppend> pending, std::string payload) {
  struct Outcome {
    Mutex mutex;
    CondVar changed;
    std::optional<Result<Logged>> result SLUICE_GUARDED_BY(mutex);
  };
  const auto outcome = std::make_shared<Outcome>();
  PendingAppend* const record = pending.get();
  pending->done = [outcome, record](Result<model::AppendOutcome> result) {
    MutexLock lock(outcome->mutex);
    outcome->result = result ? Result<Logged>(Logged{record->sequence, std::move(record->deletion)})
                             : std::unexpected(result.error());
    outcome->changed.notify_all();
  };
  const uint8_t kind = record->kind;
  log(kind, std::move(payload), std::move(pending), journal::Ack::kFsync);
  MutexLock lock(outcome->mutex);
  while (!outcome->result) outcome->changed.wait(outcome->mutex);
  return *outcome->result;
}

Result<WorkspaceDb::Deletion> WorkspaceDb::delete_series(std::span<const model::Matcher> matchers,
                                                         model::TimeRange range) {
  HeadDeletion of_head;
  {
    MutexLock lock(maintenance_mutex_);
    // What is frozen never changes, and would be cut into a block again after a restart.
    if (open_freeze_ != 0) SLUICE_TRY(cut_blocks());
    SLUICE_ASSIGN(of_head, delete_from_head(matchers, range));
  }
  SLUICE_ASSIGN(const auto of_blocks, blocks_->delete_series(matchers, range));
  if (of_head.damage) return std::unexpected(*of_head.damage);
  return Deletion{of_head.series, of_head.samples, of_blocks.series, of_blocks.blocks};
}

// One record at a time, so that each holds up writers for a few milliseconds.
Result<HeadDeletion> WorkspaceDb::delete_from_head(std::span<const model::Matcher> matchers, model::TimeRange range) {
  const RequestGenerations::Lease lease = head_->lease();
  const auto all = head_->find_series(matchers, range);
  HeadDeletion total;
  for (size_t begin = 0; begin < all.size(); begin += limits::kDeletedSeriesPerRecordMax) {
    const auto slice = std::span(all).subspan(begin, std::min(limits::kDeletedSeriesPerRecordMax, all.size() - begin));
    auto record = std::make_unique<PendingAppend>();
    record->kind = kDeleteRecord;
    record->known_lease = lease;
    record->deleted_series.assign(slice.begin(), slice.end());
    record->deleted_range = range;
    DeleteRecord payload{range, {}};
    for (const auto* series : slice) payload.refs.push_back(series->ref());
    SLUICE_ASSIGN(const auto logged, log_and_wait(std::move(record), encode_delete_record(payload)));
    total.series += logged.deletion.series;
    total.samples += logged.deletion.samples;
    if (!total.damage) total.damage = logged.deletion.damage;
  }
  return total;
}

void WorkspaceDb::checkpoint() {
  // What is frozen and what came since is told apart by the log alone.
  const journal::Sequence sequence = applied_.load(std::memory_order_acquire);
  if (sequence == checkpoint_sequence_ || open_freeze_ != 0) return;
  const auto began = options_.clock->steady();
  logged_bytes_.store(0, std::memory_order_relaxed);
  const auto written = write_checkpoint(fs_, directory_, sequence, *head_, *extras_);
  if (!written) {
    options_.logger->warn("checkpoint not written: the log stays as long as it is",
                          {{"workspace", options_.name}, {"reason", written.error().message}});
    return;
  }
  checkpoint_sequence_ = sequence;
  if (auto removed = journal_->truncate_before(sequence + 1); !removed) {
    options_.logger->warn("log not shortened behind its checkpoint",
                          {{"workspace", options_.name}, {"reason", removed.error().message}});
  }
  options_.logger->info("checkpoint written", {{"workspace", options_.name},
                                               {"series", head_->stats().series},
                                               {"bytes", *written},
                                               {"took_ms", since_ms(*options_.clock, began)}});
}

}  // namespace sluice::tsdb
