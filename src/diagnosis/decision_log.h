#pragma once

#include <array>
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
  /// Log lines a second, over all records, and how many may come at once.
  double log_lines_per_second = 20;
  double log_lines_burst = 200;
};

/// The last refusals, findable by request id. Bounded whatever arrives:
///
/// 1. Proven principals and anonymous callers have rings of their own, so that nobody without credentials
///    can push an authenticated refusal out.
/// 2. Equal refusals (same rule, source address, and principal with action and resource, or issuer) are a
///    flood: only some keep own records, the others raise the count of the flood's newest record, and their
///    request ids lead to it.
/// 3. Every container has a limit that is a small multiple of its ring's.
///
/// Thread-safe: one mutex per ring, held for a few look-ups.
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
  struct Ring {
    struct Flood {
      TimestampMs started_ms = 0;
      uint64_t seen = 0;
      uint64_t newest = 0;  ///< sequence number of its newest own record
    };
    struct Alias {
      std::string request_id;
      uint64_t sequence = 0;
    };

    void store(DecisionRecord record);
    /// The record with that number, unless it was overwritten.
    DecisionRecord* at(uint64_t sequence);
    void add_alias(const std::string& request_id, uint64_t sequence);
    Flood& flood_of(const DecisionRecord& record, std::chrono::milliseconds window);

    size_t capacity = 0;
    uint64_t next = 0;
    std::vector<DecisionRecord> records;
    std::unordered_map<std::string, uint64_t> by_id;
    std::deque<Alias> aliases;
    std::unordered_map<std::string, Flood> floods;
    std::deque<std::string> flood_order;  ///< keys of `floods`, oldest first
  };
  struct LockedRing {
    mutable Mutex mutex;
    Ring ring SLUICE_GUARDED_BY(mutex);
  };

  bool take_log_line(TimestampMs now_ms, uint64_t& dropped);

  const DecisionLogOptions options_;
  LockedRing authenticated_;
  LockedRing anonymous_;

  Mutex rate_mutex_;
  double lines_left_ SLUICE_GUARDED_BY(rate_mutex_);
  TimestampMs refilled_ms_ SLUICE_GUARDED_BY(rate_mutex_) = 0;
  uint64_t lines_dropped_ SLUICE_GUARDED_BY(rate_mutex_) = 0;
};

}  // namespace sluice::diagnosis
