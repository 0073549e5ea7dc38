#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/thread_safety.h"
#include "diagnosis/decision_record.h"

namespace sluice::diagnosis {

struct DecisionLogOptions {
  size_t authenticated_max = limits::kDecisionRecordsAuthenticatedMax;
  size_t anonymous_max = limits::kDecisionRecordsAnonymousMax;
  /// Equal refusals within this time of the first are one flood.
  std::chrono::milliseconds window{60'000};
  /// So many of a flood keep records of their own; after that, each power of two does.
  uint64_t own_records_per_flood = 8;
  /// Log lines a second for each ring, and how many may come at once.
  double log_lines_per_second = 20;
  double log_lines_burst = 200;
};

/// The last refusals, findable by request id. Bounded whatever arrives:
///
/// 1. Proven principals and anonymous callers have rings (and log-line rates) of their own, so that nobody
///    without credentials can push an authenticated refusal out.
/// 2. Equal refusals (same rule, source address, and principal with action and resource, or issuer) are a
///    flood: only some keep own records, the others raise the count of the flood's newest record, and their
///    request ids lead to it.
/// 3. Every container has a limit that is a small multiple of its ring's; texts are cut.
///
/// Thread-safe: one mutex per ring, held for a few look-ups. Time is the records' own.
class DecisionLog {
 public:
  explicit DecisionLog(DecisionLogOptions options = {});

  struct Added {
    bool is_own_record = false;  ///< false: it raised another record's count
    /// The caller writes to_json(record) to the log. Own records only, and no more than the rate allows.
    bool write_log_line = false;
    /// Log lines the rate swallowed since the last one allowed: worth a line of their own when not 0.
    uint64_t log_lines_dropped = 0;
  };
  Added add(DecisionRecord record);

  /// The record of that request, or of the flood it was part of (count > 1, its request_id another's).
  std::optional<DecisionRecord> find(std::string_view request_id) const;
  /// Newest first, both rings together by time.
  std::vector<DecisionRecord> recent(size_t count_max) const;

 private:
  /// Records by sequence number modulo capacity; ids lead to sequence numbers, which never repeat.
  class Ring {
   public:
    Ring(size_t capacity, const DecisionLogOptions& options);
    Added add(DecisionRecord record) SLUICE_EXCLUDES(mutex_);
    std::optional<DecisionRecord> find(std::string_view request_id) const SLUICE_EXCLUDES(mutex_);
    void append_recent(size_t count_max, std::vector<DecisionRecord>& out) const SLUICE_EXCLUDES(mutex_);

   private:
    struct Flood {
      TimestampMs started_ms = 0;
      uint64_t seen = 0;
      uint64_t newest = 0;  ///< sequence number of its newest own record
    };
    struct Alias {
      std::string request_id;
      uint64_t sequence = 0;
    };

    /// The record with that number, or null when it was overwritten.
    DecisionRecord* at(uint64_t sequence) SLUICE_REQUIRES(mutex_);
    void store(DecisionRecord record) SLUICE_REQUIRES(mutex_);
    void add_alias(std::string request_id, uint64_t sequence) SLUICE_REQUIRES(mutex_);
    void forget_id(const std::string& request_id, uint64_t sequence) SLUICE_REQUIRES(mutex_);
    Flood& flood_of(const DecisionRecord& record) SLUICE_REQUIRES(mutex_);
    bool take_log_line(TimestampMs now_ms) SLUICE_REQUIRES(mutex_);

    const size_t capacity_;
    const DecisionLogOptions& options_;  ///< the DecisionLog's, which outlives its rings

    mutable Mutex mutex_;
    uint64_t next_ SLUICE_GUARDED_BY(mutex_) = 0;
    std::vector<DecisionRecord> records_ SLUICE_GUARDED_BY(mutex_);
    std::unordered_map<std::string, uint64_t> by_id_ SLUICE_GUARDED_BY(mutex_);
    std::deque<Alias> aliases_ SLUICE_GUARDED_BY(mutex_);
    std::unordered_map<std::string, Flood> floods_ SLUICE_GUARDED_BY(mutex_);
    std::deque<std::string> flood_order_ SLUICE_GUARDED_BY(mutex_);  ///< keys of floods_, oldest first
    double lines_left_ SLUICE_GUARDED_BY(mutex_);
    TimestampMs refilled_ms_ SLUICE_GUARDED_BY(mutex_) = 0;
    uint64_t lines_dropped_ SLUICE_GUARDED_BY(mutex_) = 0;
  };

  const DecisionLogOptions options_;
  Ring authenticated_;
  Ring anonymous_;
};

}  // namespace sluice::diagnosis
