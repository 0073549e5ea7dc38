#include "tsdb/workspace_db.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "tsdb/series_recognizer.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

/// One append on its way through the log into the head.
struct WorkspaceDb::Pending {
  std::vector<MemorySeries*> pinned;
  std::vector<MemorySeries*> definitions;  // of its record; a part of `pinned`, without repetitions
  std::vector<HeadSample> samples;         // of its record
  model::AppendOutcome outcome;            // holds already what the head decided before the log
  std::optional<Error> error;
  Done done;
};

namespace {

// A request may hold a series in several entries. New ones have increasing names, so that mostly nothing is to be done.
void define_once(std::vector<MemorySeries*>& definitions) {
  if (std::ranges::is_sorted(definitions, std::ranges::less_equal(), &MemorySeries::ref)) return;
  std::ranges::sort(definitions, {}, &MemorySeries::ref);
  definitions.erase(std::ranges::unique(definitions).begin(), definitions.end());
}

}  // namespace

/// Applies the log's records while it is being opened.
class WorkspaceDb::Replayer {
 public:
  Replayer(Head& head, Logger& logger, const std::string& name) : head_(head), logger_(logger), name_(name) {}

  Result<void> apply(const journal::Record& record) {
    if (record.kind != kAppendRecord) {
      return fail(ErrorCode::kUnsupported,
                  fmt::format("log record {} is of kind {}, which this program does not know: start the version of "
                              "sluice that wrote it, or a newer one",
                              record.sequence, record.kind));
    }
    const auto decoded = decode_append_record(record.payload);
    if (!decoded) {
      ++records_unreadable;
      logger_.error("log record unreadable, skipped",
                    {{"workspace", name_}, {"record", record.sequence}, {"reason", decoded.error().message}});
      return {};
    }
    for (const auto& [ref, packed] : decoded->definitions) series_[ref] = head_.replay_define(ref, packed);
    samples_.clear();
    for (const auto& [ref, sample] : decoded->samples) {
      const auto series = series_.find(ref);
      if (series == series_.end()) {
        ++samples_lost;
        head_.reserve_refs(ref);  // the definition is lost; its name must not come to mean another series
      } else {
        samples_.push_back({series->second, sample});
      }
    }
    model::AppendOutcome outcome;
    head_.apply({}, samples_, outcome);
    return {};
  }

  uint64_t records_unreadable = 0;
  uint64_t samples_lost = 0;

 private:
  Head& head_;
  Logger& logger_;
  const std::string& name_;
  std::unordered_map<uint64_t, MemorySeries*> series_;
  std::vector<HeadSample> samples_;
};

Result<std::shared_ptr<WorkspaceDb>> WorkspaceDb::open(FileSystem& fs, std::string directory,
                                                       WorkspaceDbOptions options) {
  SLUICE_CHECK(options.clock != nullptr && options.syncer != nullptr && options.logger != nullptr,
               "clock, syncer and logger are required");
  auto db = std::make_shared<WorkspaceDb>(Private{}, fs, std::move(directory), std::move(options));
  SLUICE_TRY(db->replay());
  db->register_gauges();
  return db;
}

WorkspaceDb::WorkspaceDb(Private, FileSystem& fs, std::string directory, WorkspaceDbOptions options)
    : fs_(fs), directory_(std::move(directory)), options_(std::move(options)), head_(std::make_shared<Head>()) {
  if (options_.metrics != nullptr) metrics_ = std::make_unique<WorkspaceMetrics>(*options_.metrics);
}

// No job of the journal is queued or running (each keeps this object alive), unless its executor dropped it.
WorkspaceDb::~WorkspaceDb() {
  if (options_.metrics != nullptr) options_.metrics->remove_gauge_functions({{"workspace", options_.name}});
  if (journal_) journal_->abandon();
  std::deque<std::unique_ptr<Pending>> left;  // what an executor for applying dropped
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
  Replayer replayer(*head_, *options_.logger, options_.name);
  journal::Options log = options_.log;
  log.owner = weak_from_this();
  if (metrics_) log.on_commit = [metrics = metrics_.get()](const auto& commit) { metrics->committed(commit); };
  log.on_progress = [progress = options_.progress](uint64_t done, uint64_t total) {
    if (progress == nullptr) return;
    progress->bytes_done.store(done, std::memory_order_relaxed);
    progress->bytes_total.store(total, std::memory_order_relaxed);
  };
  SLUICE_ASSIGN(journal_, journal::Journal::open(
                              fs_, join_path(directory_, "wal"), std::move(log), *options_.syncer, *options_.clock,
                              [&replayer](const journal::Record& record) { return replayer.apply(record); }));
  report(replayer, options_.clock->steady() - start);
  return {};
}

void WorkspaceDb::report(const Replayer& replayer, std::chrono::nanoseconds took) const {
  Logger& logger = *options_.logger;
  const auto& recovery = journal_->recovery();
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
    logger.warn("log's torn tail cut: an unfinished write, never acknowledged", {{"workspace", options_.name},
                                                                                 {"file", tail.file},
                                                                                 {"offset", tail.offset},
                                                                                 {"bytes", tail.bytes_skipped},
                                                                                 {"reason", tail.what}});
  }
  if (replayer.samples_lost > 0) {
    logger.error("samples skipped: damage took their series' definitions",
                 {{"workspace", options_.name}, {"samples", replayer.samples_lost}});
  }
  if (metrics_) metrics_->replayed(recovery, replayer.records_unreadable, replayer.samples_lost);
  const auto stats = head_->stats();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  logger.info("workspace open; all its samples stay in memory: blocks are not written yet",
              {{"workspace", options_.name},
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
  registry.gauge_function("sluice_wal_disk_bytes", "Size of the log's segments on disk.", labels,
                          [log = journal_] { return static_cast<double>(log->disk_bytes()); });
}

void WorkspaceDb::append(model::AppendBatch batch, Done done) {
  if (head_->bytes() > options_.head_bytes_max) {
    done(fail(ErrorCode::kResourceExhausted,
              fmt::format("workspace {} holds about {} bytes of samples in memory, and the limit is {}", options_.name,
                          head_->bytes(), options_.head_bytes_max)));
    return;
  }
  auto pending = std::make_unique<Pending>();
  pending->done = std::move(done);
  std::string record = prepare(batch, *pending);
  batch = {};
  const bool adds_nothing = pending->samples.empty();
  auto then = [this, pending = std::move(pending)](Result<journal::Sequence> result) mutable {
    if (!result) pending->error = std::move(result).error();
    committed(std::move(pending));
  };
  if (adds_nothing) {
    journal_->barrier(std::move(then));
  } else {
    journal_->append(kAppendRecord, std::move(record), std::move(then));
  }
}

std::unique_ptr<model::SeriesRecognizer> WorkspaceDb::recognizer() const {
  return std::make_unique<SeriesRecognizer>(head_);
}

MemorySeries* WorkspaceDb::series_of(const model::AppendBatch& batch, const model::AppendBatch::SeriesEntry& entry,
                                     Pending& pending) const {
  if (entry.known) return static_cast<MemorySeries*>(entry.known.series);
  bool pinned = false;
  MemorySeries* series = head_->resolve(entry.hash, batch.packed_of(entry), pinned);
  if (pinned) {
    pending.pinned.push_back(series);
    if (entry.sample_count != 0) pending.definitions.push_back(series);  // not defined: no sample of it is older
  }
  return series;
}

// Finds the series, sorts out what the head decides already, and encodes the rest.
std::string WorkspaceDb::prepare(const model::AppendBatch& batch, Pending& pending) const {
  AppendRecordWriter record(batch.samples.size());
  pending.samples.reserve(batch.samples.size());
  for (const auto& entry : batch.series) {
    MemorySeries* series = series_of(batch, entry, pending);
    for (const auto& sample : batch.samples_of(entry)) {
      double existing = 0;
      const Verdict verdict = head_->judge(*series, sample, existing);
      if (verdict != Verdict::kAdded) {
        count_verdict(verdict, *series, sample, existing, pending.outcome);
        continue;
      }
      record.add_sample(series->ref(), sample);
      pending.samples.push_back({series, sample});
    }
  }
  define_once(pending.definitions);
  for (const MemorySeries* series : pending.definitions) record.add_definition(series->ref(), series->labels());
  return std::move(record).finish();
}

void WorkspaceDb::committed(std::unique_ptr<Pending> pending) {
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

void WorkspaceDb::complete(Pending& pending) {
  if (pending.error) {
    head_->unpin(pending.pinned);
    pending.done(std::unexpected(std::move(*pending.error)));
    return;
  }
  head_->apply(pending.definitions, pending.samples, pending.outcome);
  head_->unpin(pending.pinned);
  if (metrics_) metrics_->appended(pending.outcome);
  pending.done(std::move(pending.outcome));
}

void WorkspaceDb::close() {
  journal_->close();
  drain();
  MutexLock lock(mutex_);
  while (draining_ || !ready_.empty()) drained_.wait(mutex_);
}

Result<std::vector<std::unique_ptr<model::Series>>> WorkspaceDb::select(std::span<const model::Matcher> matchers,
                                                                        model::TimeRange range,
                                                                        model::QueryBudget& budget) const {
  return head_->select(matchers, range, budget);
}

Result<std::vector<model::Labels>> WorkspaceDb::series(std::span<const std::vector<model::Matcher>> selectors,
                                                       model::TimeRange range, size_t limit) const {
  return head_->series(selectors, range, limit);
}

Result<std::vector<std::string>> WorkspaceDb::label_names(std::span<const std::vector<model::Matcher>> selectors,
                                                          model::TimeRange range, size_t limit) const {
  return head_->label_names(selectors, range, limit);
}

Result<std::vector<std::string>> WorkspaceDb::label_values(std::string_view name,
                                                           std::span<const std::vector<model::Matcher>> selectors,
                                                           model::TimeRange range, size_t limit) const {
  return head_->label_values(name, selectors, range, limit);
}

}  // namespace sluice::tsdb
