#include "tsdb/log_replay.h"

#include <utility>

#include <fmt/format.h>

namespace sluice::tsdb {

namespace {

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
  switch (record.kind) {
    case kAppendRecord: return apply_append(record);
    case kHistogramRecord: return apply_histograms(record);
    case kDeleteRecord: return apply_delete(record);
    case kFreezeRecord: {
      const auto before_ms = decode_freeze_record(record.payload);
      if (!before_ms || block_range_begin(*before_ms) != *before_ms) {
        unreadable(record, {ErrorCode::kMalformed, "a freeze at no beginning of a block of time"});
        return {};
      }
      head_.freeze(*before_ms);
      open_freeze_ = record.sequence;
      return {};
    }
    case kDropRecord:
      head_.drop();
      open_freeze_ = 0;
      return {};
    default: return unknown_kind(record);
  }
}

Result<void> LogReplay::check(const journal::Record& record) {
  const auto only_error = [](const auto& decoded) {
    return decoded ? Result<void>() : Result<void>(std::unexpected(decoded.error()));
  };
  AppendRecord append;
  switch (record.kind) {
    case kAppendRecord: return decode_append_record(record.payload, append);
    case kHistogramRecord: return only_error(decode_histogram_record(record.payload));
    case kDeleteRecord: return only_error(decode_delete_record(record.payload));
    case kFreezeRecord: return only_error(decode_freeze_record(record.payload));
    case kDropRecord: return {};
    default: return unknown_kind(record);
  }
}

void LogReplay::unreadable(const journal::Record& record, const Error& error) {
  ++records_unreadable_;
  logger_.error("log record unreadable, skipped",
                {{"workspace", name_}, {"record", record.sequence}, {"reason", error.message}});
}

MemorySeries* LogReplay::series_of(uint64_t ref) {
  MemorySeries* const series = series_.get(ref);
  if (series == nullptr) {
    ++samples_lost_;
    head_.reserve_refs(ref);  // the definition is lost; its name must not come to mean another series
  }
  return series;
}

Result<void> LogReplay::apply_histograms(const journal::Record& record) {
  auto decoded = decode_histogram_record(record.payload);
  if (!decoded) {
    unreadable(record, decoded.error());
    return {};
  }
  for (const auto& [ref, packed] : decoded->definitions) series_.set(ref, head_.replay_define(ref, packed));
  std::vector<HeadTypedSample> samples;
  for (auto& [ref, sample] : decoded->histograms) {
    if (MemorySeries* const series = series_of(ref)) samples.push_back({series, TypedSample::from(sample)});
  }
  model::AppendOutcome outcome;
  head_.apply({}, samples, decoded->floor_ms, outcome);
  head_.write_full_chunks();
  return {};
}

// A series that is not known lost its definition to damage, and its samples with it.
Result<void> LogReplay::apply_delete(const journal::Record& record) {
  const auto decoded = decode_delete_record(record.payload);
  if (!decoded) {
    unreadable(record, decoded.error());
    return {};
  }
  std::vector<MemorySeries*> series;
  for (const uint64_t ref : decoded->refs) {
    if (MemorySeries* const one = series_.get(ref)) series.push_back(one);
  }
  HeadDeletion deletion;
  head_.delete_samples(series, decoded->range, deletion);
  head_.write_full_chunks();
  return {};
}

Result<void> LogReplay::apply_append(const journal::Record& record) {
  if (auto decoded = decode_append_record(record.payload, record_); !decoded) {
    unreadable(record, decoded.error());
    return {};
  }
  for (const auto& [ref, packed] : record_.definitions) series_.set(ref, head_.replay_define(ref, packed));
  samples_.clear();
  for (const auto& [ref, sample] : record_.samples) {
    if (MemorySeries* const series = series_of(ref)) samples_.push_back({series, sample});
  }
  model::AppendOutcome outcome;
  head_.apply({}, std::span<const HeadSample>(samples_), record_.floor_ms, outcome);
  head_.write_full_chunks();
  return {};
}

}  // namespace sluice::tsdb
