#include "tsdb/log_replay.h"

#include <utility>

#include <fmt/format.h>

namespace sluice::tsdb {
namespace {

// So much log is read before another thread is worth its start.
constexpr uint64_t kAloneBytesMax = 1 << 20;
// What is read ahead of the head: so many records, of so many bytes unless it is one alone.
constexpr size_t kStepsAheadMax = 16;
constexpr uint64_t kBytesAheadMax = 16 << 20;
constexpr uint64_t kSpareBytesMax = 1 << 20;  // of a record whose memory serves another

std::unexpected<Error> unknown_kind(const journal::Record& record) {
  return fail(ErrorCode::kUnsupported,
              fmt::format("log record {} is of kind {}, which this program does not know: start the version of "
                          "sluice that wrote it, or a newer one",
                          record.sequence, record.kind));
}

}  // namespace

void LogReplay::begin_after(journal::Sequence sequence) {
  last_applied_ = sequence;
  for (MemorySeries* series : head_.series_from(0, SIZE_MAX)) series_.set(series->ref(), series);
}

Result<void> LogReplay::apply(const journal::Record& record) {
  if (record.sequence <= last_applied_) return {};
  last_applied_ = record.sequence;
  Step step;
  {
    MutexLock lock(mutex_);
    if (!spare_.empty()) {
      step = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  step.sequence = record.sequence;
  step.kind = record.kind;
  step.bytes = record.payload.size();
  switch (record.kind) {
    case kAppendRecord:
      if (auto decoded = decode_append_record(record.payload, step.append); !decoded) {
        unreadable(record.sequence, decoded.error());
        return {};
      }
      break;
    case kHistogramRecord:
    case kStartedRecord:
    case kExemplarRecord:
    case kMetadataRecord:
    case kDeleteRecord:
    case kFreezeRecord:
    case kDropRecord: step.payload = record.payload; break;
    default: return unknown_kind(record);
  }
  bytes_ += step.bytes;
  hand_over(std::move(step));
  return {};
}

Result<void> LogReplay::check(const journal::Record& record) {
  const auto only_error = [](const auto& decoded) {
    return decoded ? Result<void>() : Result<void>(std::unexpected(decoded.error()));
  };
  AppendRecord append;
  switch (record.kind) {
    case kAppendRecord: return decode_append_record(record.payload, append);
    case kStartedRecord: return decode_started_record(record.payload, append);
    case kHistogramRecord: return only_error(decode_histogram_record(record.payload));
    case kExemplarRecord: return only_error(decode_exemplar_record(record.payload));
    case kMetadataRecord: return only_error(decode_metadata_record(record.payload));
    case kDeleteRecord: return only_error(decode_delete_record(record.payload));
    case kFreezeRecord: return only_error(decode_freeze_record(record.payload));
    case kDropRecord: return {};
    default: return unknown_kind(record);
  }
}

void LogReplay::hand_over(Step step) {
  if (!worker_.joinable()) {
    if (bytes_ < kAloneBytesMax) {
      run(step);
      return;
    }
    worker_ = std::thread([this] { work(); });
  }
  MutexLock lock(mutex_);
  while (steps_.size() >= kStepsAheadMax || (!steps_.empty() && bytes_ahead_ + step.bytes > kBytesAheadMax)) {
    changed_.wait(mutex_);
  }
  bytes_ahead_ += step.bytes;
  steps_.push_back(std::move(step));
  changed_.notify_all();
}

void LogReplay::work() {
  MutexLock lock(mutex_);
  for (;;) {
    while (steps_.empty() && !is_finished_) changed_.wait(mutex_);
    if (steps_.empty()) return;
    Step step = std::move(steps_.front());
    steps_.pop_front();
    bytes_ahead_ -= step.bytes;
    changed_.notify_all();
    lock.unlock();
    run(step);
    lock.lock();
    if (spare_.size() < kStepsAheadMax && step.bytes <= kSpareBytesMax) spare_.push_back(std::move(step));
  }
}

void LogReplay::finish() {
  if (!worker_.joinable()) return;
  {
    MutexLock lock(mutex_);
    is_finished_ = true;
    changed_.notify_all();
  }
  worker_.join();
}

void LogReplay::run(Step& step) {
  switch (step.kind) {
    case kAppendRecord: apply_append(step.append); return;
    case kHistogramRecord: apply_histograms(step); return;
    case kStartedRecord: apply_started(step); return;
    case kExemplarRecord: apply_exemplars(step); return;
    case kMetadataRecord: apply_metadata(step); return;
    case kDeleteRecord: apply_delete(step); return;
    case kFreezeRecord: apply_freeze(step); return;
    default:  // a drop
      head_.drop();
      open_freeze_ = 0;
  }
}

void LogReplay::apply_freeze(const Step& step) {
  const auto before_ms = decode_freeze_record(step.payload);
  if (!before_ms || block_range_begin(*before_ms) != *before_ms) {
    unreadable(step.sequence, {ErrorCode::kMalformed, "a freeze at no beginning of a block of time"});
    return;
  }
  head_.freeze(*before_ms);
  open_freeze_ = step.sequence;
}

void LogReplay::unreadable(journal::Sequence sequence, const Error& error) {
  ++records_unreadable_;
  logger_.error("log record unreadable, skipped",
                {{"workspace", name_}, {"record", sequence}, {"reason", error.message}});
}

MemorySeries* LogReplay::series_of(uint64_t ref) {
  MemorySeries* const series = series_.get(ref);
  if (series == nullptr) {
    ++samples_lost_;
    head_.reserve_refs(ref);  // the definition is lost; its name must not come to mean another series
  }
  return series;
}

void LogReplay::apply_histograms(const Step& step) {
  auto decoded = decode_histogram_record(step.payload);
  if (!decoded) {
    unreadable(step.sequence, decoded.error());
    return;
  }
  for (const auto& [ref, packed] : decoded->definitions) series_.set(ref, head_.replay_define(ref, packed));
  std::vector<HeadTypedSample> samples;
  for (auto& [ref, sample] : decoded->histograms) {
    if (MemorySeries* const series = series_of(ref)) samples.push_back({series, TypedSample::from(sample)});
  }
  model::AppendOutcome outcome;
  head_.apply({}, samples, decoded->floor_ms, outcome);
  head_.write_full_chunks();
}

// A series that is not known lost its definition to damage, and its samples with it.
void LogReplay::apply_delete(const Step& step) {
  const auto decoded = decode_delete_record(step.payload);
  if (!decoded) {
    unreadable(step.sequence, decoded.error());
    return;
  }
  std::vector<MemorySeries*> series;
  for (const uint64_t ref : decoded->refs) {
    if (MemorySeries* const one = series_.get(ref)) series.push_back(one);
  }
  HeadDeletion deletion;
  head_.delete_samples(series, decoded->range, deletion);
  head_.write_full_chunks();
}

void LogReplay::apply_started(const Step& step) {
  if (auto decoded = decode_started_record(step.payload, record_); !decoded) {
    unreadable(step.sequence, decoded.error());
    return;
  }
  for (const auto& [ref, packed] : record_.definitions) series_.set(ref, head_.replay_define(ref, packed));
  std::vector<HeadTypedSample> samples;
  for (size_t i = 0; i < record_.samples.size(); ++i) {
    const auto& [ref, sample] = record_.samples[i];
    MemorySeries* const series = series_of(ref);
    if (series != nullptr) samples.push_back({series, TypedSample::from(sample, record_.start_ms[i])});
  }
  model::AppendOutcome outcome;
  head_.apply({}, samples, record_.floor_ms, outcome);
  head_.write_full_chunks();
}

// What it defines, it defines for itself: exemplars make no series.
void LogReplay::apply_exemplars(const Step& step) {
  auto decoded = decode_exemplar_record(step.payload);
  if (!decoded) {
    unreadable(step.sequence, decoded.error());
    return;
  }
  std::unordered_map<uint64_t, std::string_view> defined;
  for (const auto& [ref, packed] : decoded->definitions) {
    defined.insert_or_assign(ref, packed);
    head_.reserve_refs(ref);
  }
  for (auto& [ref, exemplar] : decoded->exemplars) {
    if (const auto found = defined.find(ref); found != defined.end()) {
      extras_.exemplars.add(model::Labels::from_packed(std::string(found->second)), std::move(exemplar));
    } else if (const MemorySeries* const series = series_of(ref)) {
      extras_.exemplars.add(series->labels(head_.labels()), std::move(exemplar));
    }
  }
}

void LogReplay::apply_metadata(const Step& step) {
  const auto entries = decode_metadata_record(step.payload);
  if (!entries) {
    unreadable(step.sequence, entries.error());
    return;
  }
  restore_metadata(*entries, extras_.metadata);
}

void LogReplay::apply_append(const AppendRecord& record) {
  for (const auto& [ref, packed] : record.definitions) series_.set(ref, head_.replay_define(ref, packed));
  samples_.clear();
  for (const auto& [ref, sample] : record.samples) {
    if (MemorySeries* const series = series_of(ref)) samples_.push_back({series, sample});
  }
  model::AppendOutcome outcome;
  head_.apply({}, std::span<const HeadSample>(samples_), record.floor_ms, outcome);
  head_.write_full_chunks();
}

}  // namespace sluice::tsdb
