#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "journal/record.h"
#include "model/write_batch.h"
#include "tsdb/head.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

struct PendingExemplar {
  model::Labels series;
  model::Exemplar exemplar;
};

/// A record on its way through a workspace's log into its head; of WorkspaceDb alone.
struct PendingAppend {
  uint8_t kind = kAppendRecord;
  TimestampMs before_ms = 0;  // of a freeze

  // Of a deletion.
  std::vector<MemorySeries*> deleted_series;
  model::TimeRange deleted_range;
  HeadDeletion deletion;  // what it did

  // Of an append.
  std::vector<MemorySeries*> pinned;
  std::vector<MemorySeries*> definitions;  // of its record; a part of `pinned`, without repetitions
  std::vector<HeadSample> samples;         // of its record
  std::vector<TimestampMs> start_ms;       // start timestamps of `samples`, 0 where unknown; empty for none
  std::vector<HeadTypedSample> typed;      // of its record, in place of `samples`
  std::vector<PendingExemplar> exemplars;  // likewise
  std::vector<WalMetadata> metadata;       // likewise
  TimestampMs floor_ms = INT64_MAX;
  std::shared_ptr<const void> known_lease;  // keeps the series valid
  model::AppendOutcome outcome;             // holds already what the head decided before the log

  bool adds_nothing() const { return samples.empty() && typed.empty() && exemplars.empty() && metadata.empty(); }

  journal::Sequence sequence = 0;  // of the record; 0 when there is none
  std::optional<Error> error;
  std::move_only_function<void(Result<model::AppendOutcome>)> done;
};

}  // namespace sluice::tsdb
