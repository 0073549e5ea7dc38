#include "tsdb/workspace_db.h"

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "tsdb/merged_queryable.h"
#include "tsdb/pending_append.h"
#include "tsdb/series_recognizer.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

namespace {

// For whoever brings no source of randomness of their own.
UlidSource random_ulids(const Clock& clock) {
  return [&clock] {
    std::random_device device;
    std::array<uint8_t, Ulid::kRandomSize> random{};
    for (auto& byte : random) byte = static_cast<uint8_t>(device());
    return Ulid::make(clock.now_ms(), random);
  };
}

}  // namespace

Result<std::shared_ptr<WorkspaceDb>> WorkspaceDb::open(FileSystem& fs, std::string directory,
                                                       WorkspaceDbOptions options) {
  SLUICE_CHECK(options.clock != nullptr && options.syncer != nullptr && options.logger != nullptr,
               "clock, syncer and logger are required");
  if (!options.new_ulid) options.new_ulid = random_ulids(*options.clock);
  auto db = std::make_shared<WorkspaceDb>(Private{}, fs, std::move(directory), std::move(options));
  SLUICE_TRY(db->replay());
  db->register_gauges();
  return db;
}

WorkspaceDb::WorkspaceDb(Private, FileSystem& fs, std::string directory, WorkspaceDbOptions options)
    : fs_(fs), directory_(std::move(directory)), options_(std::move(options)),
      head_(std::make_shared<Head>(&fs, join_path(directory_, "chunks_head"), options_.logger)),
      extras_(std::make_shared<Extras>(Extras::Limits{.exemplars_max = options_.exemplars_max,
                                                      .exemplar_window_ms = options_.late_window_ms,
                                                      .families_max = limits::kMetadataFamiliesMax})) {
  if (options_.metrics != nullptr) metrics_ = std::make_unique<WorkspaceMetrics>(*options_.metrics);
}

// No job of the journal is queued or running (each keeps this object alive), unless its executor dropped it.
WorkspaceDb::~WorkspaceDb() {
  if (options_.metrics != nullptr) options_.metrics->remove_gauge_functions({{"workspace", options_.name}});
  if (journal_) journal_->abandon();
  std::deque<std::unique_ptr<PendingAppend>> left;  // what an executor for applying dropped
  {
    MutexLock lock(mutex_);
    left.swap(ready_);
  }
  for (auto& pending : left) {
    pending->done(fail(ErrorCode::kCancelled, fmt::format("workspace {} was dropped", options_.name)));
  }
}

Result<void> WorkspaceDb::replay() {
  const auto start = options_.clock->steady();
  SLUICE_ASSIGN(const bool exists, fs_.exists(directory_));
  if (!exists) SLUICE_TRY(fs_.create_directories(directory_));
  head_->open_chunks();
  SLUICE_ASSIGN(blocks_, BlockSet::open(fs_, directory_,
                                        {.new_ulid = options_.new_ulid,
                                         .logger = options_.logger,
                                         .name = options_.name,
                                         .ranges_ms = compaction_ranges(options_.retention.time_ms)}));
  SLUICE_ASSIGN(const auto checkpoint, load_checkpoint(fs_, directory_, *head_, *extras_));
  LogReplay replay(*head_, *extras_, *options_.logger, options_.name);
  replay.begin_after(checkpoint.sequence);
  journal::Options log = options_.log;
  log.owner = weak_from_this();
  log.sequence_min = checkpoint.sequence + 1;
  log.on_commit = [this](const journal::Commit& commit) { note_commit(commit); };
  log.on_progress = [progress = options_.progress](uint64_t done, uint64_t total) {
    if (progress == nullptr) return;
    progress->bytes_done.store(done, std::memory_order_relaxed);
    progress->bytes_total.store(total, std::memory_order_relaxed);
  };
  SLUICE_ASSIGN(journal_, journal::Journal::open(
                              fs_, join_path(directory_, "wal"), std::move(log), *options_.syncer, *options_.clock,
                              [&replay](const journal::Record& record) { return replay.apply(record); }));
  replay.finish();
  applied_.store(replay.last_applied());
  {
    MutexLock lock(maintenance_mutex_);
    checkpoint_sequence_ = checkpoint.sequence;
    open_freeze_ = replay.open_freeze();
  }
  logged_bytes_.store(journal_->recovery().bytes);
  report(replay, checkpoint, options_.clock->steady() - start);
  return {};
}

void WorkspaceDb::note_commit(const journal::Commit& commit) {
  logged_bytes_.fetch_add(commit.bytes, std::memory_order_relaxed);
  if (metrics_) metrics_->committed(commit);
  // Whose records wait for nobody's answer.
  if (commit.records == 0 && !commit.failure.empty()) {
    options_.logger->error("log not synced: what it holds is kept in memory and written anew at the next try",
                           {{"workspace", options_.name}, {"reason", commit.failure}});
  }
}

void WorkspaceDb::report(const LogReplay& replayed, const CheckpointReport& checkpoint,
                         std::chrono::nanoseconds took) const {
  Logger& logger = *options_.logger;
  const auto& recovery = journal_->recovery();
  for (const auto& damage : checkpoint.damage) {
    logger.error("checkpoint damaged, the rest is served", {{"workspace", options_.name},
                                                            {"file", damage.file},
                                                            {"offset", damage.offset},
                                                            {"bytes_skipped", damage.bytes_skipped},
                                                            {"series_lost", damage.series_lost},
                                                            {"reason", damage.what}});
  }
  for (const auto& damage : recovery.damage) {
    logger.error("log damaged, the rest is served", {{"workspace", options_.name},
                                                     {"file", damage.file},
                                                     {"offset", damage.offset},
                                                     {"bytes_skipped", damage.bytes_skipped},
                                                     {"first_record_lost", damage.first_lost},
                                                     {"last_record_lost", damage.last_lost},
                                                     {"reason", damage.what}});
  }
  if (recovery.damage_total > recovery.damage.size()) {
    logger.error("log damaged in further places",
                 {{"workspace", options_.name}, {"places", recovery.damage_total - recovery.damage.size()}});
  }
  if (recovery.torn_tail) {
    const auto& tail = *recovery.torn_tail;
    logger.warn("log's torn tail cut: what was written last and never synced", {{"workspace", options_.name},
                                                                                {"file", tail.file},
                                                                                {"offset", tail.offset},
                                                                                {"bytes", tail.bytes_skipped},
                                                                                {"reason", tail.what}});
  }
  if (replayed.samples_lost() > 0) {
    logger.error("samples skipped: damage took their series' definitions",
                 {{"workspace", options_.name}, {"samples", replayed.samples_lost()}});
  }
  if (metrics_)
    metrics_->replayed(recovery, replayed.records_unreadable() + checkpoint.damage.size(), replayed.samples_lost());
  const auto stats = head_->stats();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  logger.info("workspace open", {{"workspace", options_.name},
                                 {"checkpoint_series", checkpoint.series},
                                 {"records", recovery.records},
                                 {"log_bytes", recovery.bytes},
                                 {"series", stats.series},
                                 {"samples", stats.samples},
                                 {"replay_ms", static_cast<int64_t>(ms)}});
}

void WorkspaceDb::register_gauges() {
  if (options_.metrics == nullptr) return;
  const MetricLabels labels = {{"workspace", options_.name}};
  auto& registry = *options_.metrics;
  registry.gauge_function("sluice_head_series", "Series in the head.", labels,
                          [head = head_] { return static_cast<double>(head->stats().series); });
  registry.gauge_function("sluice_head_samples", "Samples in the head.", labels,
                          [head = head_] { return static_cast<double>(head->stats().samples); });
  registry.gauge_function("sluice_head_bytes", "Approximate memory of the head.", labels,
                          [head = head_] { return static_cast<double>(head->bytes()); });
  registry.gauge_function("sluice_exemplars", "Exemplars kept.", labels,
                          [extras = extras_] { return static_cast<double>(extras->exemplars.size()); });
  registry.gauge_function("sluice_wal_disk_bytes", "Size of the log's segments on disk.", labels,
                          [log = journal_] { return static_cast<double>(log->disk_bytes()); });
  registry.gauge_function("sluice_wal_unsynced_bytes",
                          "Bytes of log acknowledged and not yet synced; 0 with storage.ack: fsync.", labels,
                          [log = journal_] { return static_cast<double>(log->unsynced_bytes()); });
}

void WorkspaceDb::append(model::AppendBatch batch, Done done) {
  if (head_->bytes() > options_.head_bytes_max) {
    done(fail(ErrorCode::kResourceExhausted,
              fmt::format("workspace {} holds about {} bytes of samples in memory, and the limit is {}", options_.name,
                          head_->bytes(), options_.head_bytes_max)));
    return;
  }
  const bool is_plain =
      batch.histograms.empty() && batch.exemplars.empty() && batch.metadata.empty() && batch.start_ms.empty();
  if (is_plain) append_floats(std::move(batch), std::move(done));
  else append_parts(std::move(batch), std::move(done));
}

void WorkspaceDb::append_floats(model::AppendBatch batch, Done done) {
  auto pending = std::make_unique<PendingAppend>();
  pending->done = std::move(done);
  pending->known_lease = batch.known_lease ? std::move(batch.known_lease) : head_->lease();
  std::string record = prepare(batch, *pending);
  batch = {};
  log_or_wait(std::move(record), std::move(pending));
}

// What adds nothing waits for what was logged before it.
void WorkspaceDb::log_or_wait(std::string record, std::unique_ptr<PendingAppend> pending) {
  last_append_.store(options_.clock->steady(), std::memory_order_relaxed);
  if (pending->adds_nothing()) {
    journal_->barrier([this, pending = std::move(pending)](Result<journal::Sequence> result) mutable {
      if (!result) pending->error = std::move(result).error();
      committed(std::move(pending));
    });
  } else {
    const uint8_t kind = pending->kind;
    log(kind, std::move(record), std::move(pending));
  }
}

void WorkspaceDb::log(uint8_t kind, std::string payload, std::unique_ptr<PendingAppend> pending, journal::Ack ack_min) {
  journal_->append(
      kind, std::move(payload),
      [this, pending = std::move(pending)](Result<journal::Sequence> result) mutable {
        if (result) {
          pending->sequence = *result;
        } else {
          pending->error = std::move(result).error();
        }
        committed(std::move(pending));
      },
      ack_min);
}

std::unique_ptr<model::SeriesRecognizer> WorkspaceDb::recognizer() const {
  return std::make_unique<SeriesRecognizer>(head_);
}

/// One record being made of a request.
struct WorkspaceDb::Draft {
  Draft(Head& head, size_t samples) : resolver(head), record(samples) {}

  // Once, though a request may hold a series in several entries. New ones have increasing names, so that mostly
  // nothing needs to be looked up.
  void define(MemorySeries& series, std::string_view packed, std::vector<MemorySeries*>& definitions) {
    const bool is_new = definitions.empty() || definitions.back()->ref() < series.ref();
    if (!is_new && defined.empty()) defined.insert(definitions.begin(), definitions.end());
    if (!is_new && defined.contains(&series)) return;
    if (!defined.empty()) defined.insert(&series);
    definitions.push_back(&series);
    record.add_definition(series.ref(), packed);
  }

  SeriesResolver resolver;
  AppendRecordWriter record;
  std::unordered_set<MemorySeries*> defined;  // once it is needed
};

MemorySeries* WorkspaceDb::series_of(const model::AppendBatch& batch, const model::AppendBatch::SeriesEntry& entry,
                                     Draft& draft, PendingAppend& pending) const {
  if (entry.known) return static_cast<MemorySeries*>(entry.known.series);
  bool pinned = false;
  MemorySeries* series = draft.resolver.resolve(entry.hash, batch.packed_of(entry), pinned);
  if (pinned) {
    pending.pinned.push_back(series);
    const bool has_samples = entry.sample_count != 0 || pending.kind == kHistogramRecord;
    if (has_samples) draft.define(*series, batch.packed_of(entry), pending.definitions);
  }
  return series;
}

// The newest sample counts no more than the clock allows: a sender ahead of its time moves nobody's window.
TimestampMs WorkspaceDb::late_floor() const {
  if (options_.late_window_ms <= 0) return INT64_MAX;
  const TimestampMs newest = std::min(head_->max_ms(), options_.clock->now_ms());
  return newest < INT64_MIN + options_.late_window_ms ? INT64_MIN : newest - options_.late_window_ms;
}

// Finds the series, sorts out what the head decides already, and encodes the rest.
std::string WorkspaceDb::prepare(const model::AppendBatch& batch, PendingAppend& pending) const {
  Draft draft(*head_, batch.samples.size());
  pending.floor_ms = late_floor();
  pending.samples.reserve(batch.samples.size());
  TypedSample existing;
  for (const auto& entry : batch.series) {
    MemorySeries* series = series_of(batch, entry, draft, pending);
    for (const auto& sample : batch.samples_of(entry)) {
      const Verdict verdict = head_->judge(*series, sample, pending.floor_ms, existing);
      if (verdict != Verdict::kAdded && verdict != Verdict::kAddedLate) {
        count_verdict(verdict, *series, head_->labels(), TypedSample::from(sample), existing, pending.floor_ms,
                      pending.outcome);
        continue;
      }
      draft.record.add_sample(series->ref(), sample);
      pending.samples.push_back({series, sample});
    }
  }
  return std::move(draft.record).finish(pending.floor_ms);
}

// As prepare(), for floats of which some have a start timestamp.
std::string WorkspaceDb::prepare_started(const model::AppendBatch& batch, PendingAppend& pending) const {
  Draft draft(*head_, batch.samples.size());
  pending.floor_ms = late_floor();
  TypedSample existing;
  for (const auto& entry : batch.series) {
    if (entry.sample_count == 0) continue;
    MemorySeries* series = series_of(batch, entry, draft, pending);
    for (uint32_t i = entry.first_sample; i < entry.first_sample + entry.sample_count; ++i) {
      const TypedSample sample = TypedSample::from(batch.samples[i], batch.start_ms[i]);
      const Verdict verdict = head_->judge(*series, sample, pending.floor_ms, existing);
      if (verdict != Verdict::kAdded && verdict != Verdict::kAddedLate) {
        count_verdict(verdict, *series, head_->labels(), sample, existing, pending.floor_ms, pending.outcome);
        continue;
      }
      draft.record.add_sample(series->ref(), batch.samples[i]);
      pending.samples.push_back({series, batch.samples[i]});
      pending.start_ms.push_back(batch.start_ms[i]);
    }
  }
  return std::move(draft.record).finish(pending.floor_ms, pending.start_ms);
}

std::string WorkspaceDb::prepare_histograms(const model::AppendBatch& batch, PendingAppend& pending) const {
  Draft draft(*head_, 0);
  WalHistogramWriter histograms;
  pending.floor_ms = late_floor();
  TypedSample existing;
  for (const auto& [index, histogram] : batch.histograms) {
    MemorySeries* series = series_of(batch, batch.series[index], draft, pending);
    TypedSample sample = TypedSample::from(histogram);
    const Verdict verdict = head_->judge(*series, sample, pending.floor_ms, existing);
    if (verdict != Verdict::kAdded && verdict != Verdict::kAddedLate) {
      count_verdict(verdict, *series, head_->labels(), sample, existing, pending.floor_ms, pending.outcome);
      continue;
    }
    histograms.add(series->ref(), histogram);
    pending.typed.push_back({series, std::move(sample)});
  }
  return std::move(draft.record).finish(pending.floor_ms, std::move(histograms));
}

// Known ones, and those that get samples by the same request, perhaps in another entry: exemplars alone make no series.
MemorySeries* WorkspaceDb::series_of_exemplars(const model::AppendBatch::SeriesEntry& entry, std::string_view packed,
                                               std::span<MemorySeries* const> made, Draft& draft,
                                               PendingAppend& pending) const {
  if (entry.known) return static_cast<MemorySeries*>(entry.known.series);
  bool pinned = false;
  MemorySeries* series = draft.resolver.resolve(entry.hash, packed, pinned);
  if (!pinned) return series;
  pending.pinned.push_back(series);
  if (!std::ranges::binary_search(made, series)) return nullptr;
  draft.define(*series, packed, pending.definitions);
  return series;
}

// `made`: the series that the request's samples define, sorted.
std::string WorkspaceDb::prepare_exemplars(const model::AppendBatch& batch, std::span<MemorySeries* const> made,
                                           PendingAppend& pending) const {
  Draft draft(*head_, 0);
  WalExemplarWriter record;
  std::optional<uint32_t> entry;
  MemorySeries* series = nullptr;
  model::Labels labels;
  for (const auto& [index, exemplar] : batch.exemplars) {
    if (entry != index) {
      const auto& exemplified = batch.series[index];
      series = series_of_exemplars(exemplified, batch.packed_of(exemplified), made, draft, pending);
      if (series != nullptr) labels = series->labels(head_->labels());
      entry = index;
    }
    if (series == nullptr) {
      ++pending.outcome.exemplars_without_series;
      continue;
    }
    const auto verdict = extras_->exemplars.judge(labels, exemplar);
    if (verdict != ExemplarStore::Verdict::kNew) {
      count_exemplar(verdict, pending.outcome);
      continue;
    }
    record.add(series->ref(), exemplar);
    pending.exemplars.push_back({labels, exemplar});
  }
  return std::move(draft.record).finish(std::move(record));
}

void WorkspaceDb::committed(std::unique_ptr<PendingAppend> pending) {
  {
    MutexLock lock(mutex_);
    ready_.push_back(std::move(pending));
    if (draining_) return;
  }
  const auto self = weak_from_this().lock();  // null while it is being destroyed
  if (options_.apply != nullptr && self) {
    options_.apply->post([self] { self->drain(); });
  } else {
    drain();
  }
}

void WorkspaceDb::drain() {
  MutexLock lock(mutex_);
  if (draining_) return;
  draining_ = true;
  while (!ready_.empty()) {
    auto next = std::move(ready_.front());
    ready_.pop_front();
    lock.unlock();
    complete(*next);
    next.reset();
    lock.lock();
  }
  draining_ = false;
  drained_.notify_all();
}

void WorkspaceDb::complete(PendingAppend& pending) {
  if (pending.error) {
    head_->unpin(pending.pinned);
    pending.done(std::unexpected(std::move(*pending.error)));
    return;
  }
  switch (pending.kind) {
    case kFreezeRecord: head_->freeze(pending.before_ms); break;
    case kDropRecord: head_->drop(); break;
    case kStartedRecord: apply_started(pending); break;
    case kDeleteRecord: head_->delete_samples(pending.deleted_series, pending.deleted_range, pending.deletion); break;
    case kHistogramRecord: head_->apply(pending.definitions, pending.typed, pending.floor_ms, pending.outcome); break;
    case kExemplarRecord: apply_exemplars(pending); break;
    case kMetadataRecord: apply_metadata(pending); break;
    default: head_->apply(pending.definitions, pending.samples, pending.floor_ms, pending.outcome);
  }
  if (pending.sequence != 0) applied_.store(pending.sequence, std::memory_order_release);
  head_->unpin(pending.pinned);
  head_->write_full_chunks();
  if (metrics_) metrics_->appended(pending.outcome);
  pending.done(std::move(pending.outcome));
}

void WorkspaceDb::close() {
  journal_->close();
  drain();
  {
    MutexLock lock(mutex_);
    while (draining_ || !ready_.empty()) drained_.wait(mutex_);
  }
  MutexLock lock(maintenance_mutex_);
  checkpoint();
}

// Between looking at the blocks and at the head, what was in the head may have become a block: then both are looked at
// once more. (The other way round, equal samples in both are one.)
template <class Read>
auto WorkspaceDb::read_at_one_moment(model::TimeRange range, Read read) const {
  for (;;) {
    const uint64_t drops = head_->drops();
    MergedQueryable::Parts parts;
    const auto blocks = blocks_->blocks();
    for (const auto& block : *blocks) {
      if (block->meta().overlaps(range)) parts.push_back(block);
    }
    parts.push_back(head_);
    auto result = parts.size() == 1 ? read(*head_) : read(MergedQueryable(std::move(parts)));
    if (head_->drops() == drops) return result;
  }
}

Result<std::vector<std::unique_ptr<model::Series>>> WorkspaceDb::select(std::span<const model::Matcher> matchers,
                                                                        model::TimeRange range,
                                                                        model::QueryBudget& budget) const {
  return read_at_one_moment(range, [&](const Queryable& all) { return all.select(matchers, range, budget); });
}

Result<std::vector<model::Labels>> WorkspaceDb::series(std::span<const std::vector<model::Matcher>> selectors,
                                                       model::TimeRange range, size_t limit) const {
  return read_at_one_moment(range, [&](const Queryable& all) { return all.series(selectors, range, limit); });
}

Result<std::vector<std::string>> WorkspaceDb::label_names(std::span<const std::vector<model::Matcher>> selectors,
                                                          model::TimeRange range, size_t limit) const {
  return read_at_one_moment(range, [&](const Queryable& all) { return all.label_names(selectors, range, limit); });
}

Result<std::vector<std::string>> WorkspaceDb::label_values(std::string_view name,
                                                           std::span<const std::vector<model::Matcher>> selectors,
                                                           model::TimeRange range, size_t limit) const {
  return read_at_one_moment(range,
                            [&](const Queryable& all) { return all.label_values(name, selectors, range, limit); });
}

}  // namespace sluice::tsdb
