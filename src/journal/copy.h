#pragma once

#include <cstdint>
#include <string>

#include "base/file_system.h"
#include "base/result.h"
#include "journal/record.h"

namespace sluice::journal {

struct Copied {
  uint64_t segments = 0;
  uint64_t bytes = 0;  ///< written
  Sequence last = 0;   ///< the last record in the copy; 0 when there is none
};

/// Copies the log in directory `from` to the directory `to`, which it makes anew, also while a Journal writes to it:
/// the copy holds every record that was durable when the call began and is still needed, perhaps some after it, and
/// reads back as a log after a crash does. Durable when it returns.
///
/// How: segments only grow, and what is torn at an end does not count; each is cut behind its last intact record. A
/// segment that truncate_before() takes away meanwhile may have become another one under the reader's hands, so the
/// copy begins anew; kUnavailable when that happens again and again. kNotFound without `from`; kNoSpace, kIo,
/// kTooLarge.
Result<Copied> copy_journal(FileSystem& fs, const std::string& from, const std::string& to);

}  // namespace sluice::journal
