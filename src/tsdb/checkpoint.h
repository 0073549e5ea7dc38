#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "journal/record.h"
#include "tsdb/extras.h"
#include "tsdb/head.h"

/// A head and what is kept beside it in a file, as docs/formats/checkpoint.md lays it out: where replay begins.
namespace sluice::tsdb {

/// Name of the file that holds the head as of this record of the log.
std::string checkpoint_name(journal::Sequence sequence);
/// The record a file of that name is about; nothing for other names.
std::optional<journal::Sequence> parse_checkpoint_name(std::string_view name);

/// Writes all that is in `head` and `extras` to a file in `directory`: every record up to `sequence` must have been
/// applied, and later ones may be while it runs. It is durable, and older checkpoints are removed, when it returns. An
/// error leaves the older ones. Returns its size.
Result<uint64_t> write_checkpoint(FileSystem& fs, const std::string& directory, journal::Sequence sequence,
                                  const Head& head, const Extras& extras);

/// A place in a checkpoint that could not be read, and what it held.
struct CheckpointDamage {
  std::string file;
  uint64_t offset = 0;
  uint64_t bytes_skipped = 0;
  uint64_t series_lost = 0;  ///< 0 where unknown
  std::string what;
};

struct CheckpointReport {
  std::string file;                 ///< empty: there is none
  journal::Sequence sequence = 0;   ///< replay begins after this record
  uint64_t series = 0;
  uint64_t bytes = 0;
  uint64_t series_missing = 0;      ///< in all damaged places together
  std::vector<CheckpointDamage> damage;  ///< the first ones
};

/// Reads the newest checkpoint of `directory` into `head` and `extras`, which must be new; unfinished ones are removed.
/// Damaged places are skipped and reported; a file whose header is damaged is passed over for the one before it, if
/// there is one. kUnsupported for a newer format.
Result<CheckpointReport> load_checkpoint(FileSystem& fs, const std::string& directory, Head& head, Extras& extras);

/// Walks a checkpoint's bytes and checks all of it. For tools and fuzzing.
struct CheckpointSeries {
  uint64_t ref = 0;
  std::string packed;
  SeriesChunks chunks;  ///< views into the bytes
  std::optional<TimestampMs> newest_ms;  ///< of samples in order, where that sample was deleted
};
struct CheckpointHeader {
  journal::Sequence sequence = 0;
  Head::Limits limits;
};
/// What gets all that can be read; the last two may be empty.
struct CheckpointUse {
  std::function<Result<void>(const CheckpointSeries&)> series;
  std::function<void(const ExemplarRecord&)> exemplars;  ///< which define their series
  std::function<void(const std::vector<WalMetadata>&)> metadata;
};
Result<CheckpointHeader> read_checkpoint(std::string_view bytes, const std::string& file, const CheckpointUse& use,
                                         CheckpointReport& report);

}  // namespace sluice::tsdb
