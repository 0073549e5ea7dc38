#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::journal {

/// A record's number: 1 for the first of a journal, increasing, never used twice for two records that count.
/// 0 means "none". Numbers survive the rewriting of a record into a fresh segment, which file offsets do not.
using Sequence = uint64_t;

/// A record as it is read back. `payload` is valid during the call that hands it out.
struct Record {
  Sequence sequence = 0;
  uint8_t kind = 0;  ///< the user's; 0..kRecordKindMax
  std::string_view payload;
};

inline constexpr uint8_t kRecordKindMax = 0xef;  ///< kinds above are the journal's own

/// Called for every intact record, in order of sequence. An error stops the opening with that error.
using Replay = std::function<Result<void>(const Record&)>;

/// Bytes of a segment that could not be read back.
struct Damage {
  std::string file;           ///< path of the segment
  uint64_t offset = 0;        ///< of the first byte skipped
  uint64_t bytes_skipped = 0;
  Sequence first_lost = 0;    ///< the first record missing there
  Sequence last_lost = 0;     ///< the last one; 0 when what follows does not tell
  std::string what;           ///< what was found and what was wanted
};

/// What opening found. Damage is what a record written later calls durable, and yet is not there; a torn tail
/// is what was never said to be durable, the ordinary trace of a crash.
struct Recovery {
  uint64_t segments = 0;
  uint64_t records = 0;        ///< handed to Replay
  uint64_t bytes = 0;          ///< read from disk
  Sequence last = 0;           ///< the last record that counts
  uint64_t damage_total = 0;
  std::vector<Damage> damage;  ///< the first limits::kJournalDamageReportsMax of them
  std::optional<Damage> torn_tail;
};

}  // namespace sluice::journal
