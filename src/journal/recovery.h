#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "journal/record.h"
#include "journal/segment_writer.h"

namespace sluice::journal {

/// A record kept after its segment's bytes are gone.
struct OwnedRecord {
  Sequence sequence = 0;
  uint8_t kind = 0;
  std::string payload;
};

/// What a journal goes on from.
struct Recovered {
  Recovery report;
  SegmentSet segments;
  Sequence proven = 0;                ///< the highest number that anything read calls durable
  std::vector<OwnedRecord> unproven;  ///< records above it, in order
  uint64_t last_end = 0;              ///< where the newest segment's last record ends; nothing behind counts
};

using Progress = std::function<void(uint64_t done, uint64_t total)>;

/// Reads every segment in `directory` and hands the records that count to `replay`, in order. The rules, in short
/// (docs/formats/journal.md, "Reading back"): a record above a later header's valid_through is void; one not
/// above the last is a copy; missing records are damage if something read later calls them durable, and else
/// a torn tail, behind which the segment counts no more. Removes only files that never became a segment.
Result<Recovered> recover(FileSystem& fs, const std::string& directory, const Replay& replay, const Progress& progress);

}  // namespace sluice::journal
