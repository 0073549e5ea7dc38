#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "journal/record.h"
#include "tsdb/head.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

/// Applies a log's records to a head, in their order, from the one behind a checkpoint on. Not thread-safe.
class LogReplay {
 public:
  /// `name` is the workspace's, for log lines. All must outlive it.
  LogReplay(Head& head, Logger& logger, const std::string& name) : head_(head), logger_(logger), name_(name) {}

  /// Records up to `sequence` are in the head already, and so are the series it has now.
  void begin_after(journal::Sequence sequence);
  /// kUnsupported for a kind of record that this program does not know. What cannot be read is logged and counted.
  Result<void> apply(const journal::Record& record);
  /// Whether apply() could read the record; it is not applied. kUnsupported, kMalformed.
  static Result<void> check(const journal::Record& record);

  journal::Sequence last_applied() const { return last_applied_; }
  /// The freeze that no drop has followed; 0 when there is none.
  journal::Sequence open_freeze() const { return open_freeze_; }
  uint64_t records_unreadable() const { return records_unreadable_; }
  uint64_t samples_lost() const { return samples_lost_; }

 private:
  /// Series by their names in the log, which are dense where they are.
  class RefTable {
   public:
    MemorySeries* get(uint64_t ref) const {
      const auto page = pages_.find(ref / kPage);
      return page == pages_.end() ? nullptr : (*page->second)[ref % kPage];
    }
    void set(uint64_t ref, MemorySeries* series) {
      auto& page = pages_[ref / kPage];
      if (!page) page = std::make_unique<Page>();
      (*page)[ref % kPage] = series;
    }

   private:
    static constexpr size_t kPage = 1024;
    using Page = std::array<MemorySeries*, kPage>;
    std::unordered_map<uint64_t, std::unique_ptr<Page>> pages_;
  };

  Result<void> apply_append(const journal::Record& record);
  Result<void> apply_histograms(const journal::Record& record);
  Result<void> apply_delete(const journal::Record& record);
  MemorySeries* series_of(uint64_t ref);
  void unreadable(const journal::Record& record, const Error& error);

  Head& head_;
  Logger& logger_;
  const std::string& name_;
  RefTable series_;
  AppendRecord record_;
  std::vector<HeadSample> samples_;
  journal::Sequence last_applied_ = 0;
  journal::Sequence open_freeze_ = 0;
  uint64_t records_unreadable_ = 0;
  uint64_t samples_lost_ = 0;
};

}  // namespace sluice::tsdb
