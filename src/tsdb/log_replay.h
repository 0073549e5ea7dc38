#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "journal/record.h"
#include "tsdb/extras.h"
#include "tsdb/head.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

/// Applies a log's records to a head and what is beside it, in their order, from the one behind a checkpoint on. Of a
/// log that is not short, records are read and decoded on the caller's thread while another one applies those before.
/// Not thread-safe.
class LogReplay {
 public:
  /// `name` is the workspace's, for log lines. All must outlive it.
  LogReplay(Head& head, Extras& extras, Logger& logger, const std::string& name)
      : head_(head), extras_(extras), logger_(logger), name_(name) {}
  ~LogReplay() { finish(); }
  LogReplay(const LogReplay&) = delete;
  LogReplay& operator=(const LogReplay&) = delete;

  /// Records up to `sequence` are in the head already, and so are the series it has now.
  void begin_after(journal::Sequence sequence);
  /// kUnsupported for a kind of record that this program does not know. What cannot be read is logged and counted. It
  /// may be applied later, by finish() at the latest.
  Result<void> apply(const journal::Record& record);
  /// Waits until all is applied. To be called before anything else is asked of this object, or of the head.
  void finish();
  /// Whether apply() could read the record; it is not applied. kUnsupported, kMalformed.
  static Result<void> check(const journal::Record& record);

  journal::Sequence last_applied() const { return last_applied_; }
  /// The freeze that no drop has followed; 0 when there is none.
  journal::Sequence open_freeze() const { return open_freeze_; }
  uint64_t records_unreadable() const { return records_unreadable_; }
  uint64_t samples_lost() const { return samples_lost_; }  ///< with exemplars

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

  /// A record on its way to the head.
  struct Step {
    journal::Sequence sequence = 0;
    uint8_t kind = 0;
    uint64_t bytes = 0;  // of the record
    std::string payload;
    AppendRecord append;  // decoded, of that kind
  };

  void hand_over(Step step);
  void work();
  void run(Step& step);
  void apply_append(const AppendRecord& record);
  void apply_started(const Step& step);
  void apply_histograms(const Step& step);
  void apply_exemplars(const Step& step);
  void apply_metadata(const Step& step);
  void apply_delete(const Step& step);
  void apply_freeze(const Step& step);
  MemorySeries* series_of(uint64_t ref);
  void unreadable(journal::Sequence sequence, const Error& error);

  Head& head_;
  Extras& extras_;
  Logger& logger_;
  const std::string& name_;
  journal::Sequence last_applied_ = 0;
  uint64_t bytes_ = 0;  // read so far
  std::atomic<uint64_t> records_unreadable_ = 0;

  // Of whoever applies.
  RefTable series_;
  AppendRecord record_;
  std::vector<HeadSample> samples_;
  journal::Sequence open_freeze_ = 0;
  uint64_t samples_lost_ = 0;

  Mutex mutex_;
  CondVar changed_;
  std::deque<Step> steps_ SLUICE_GUARDED_BY(mutex_);  // to be applied
  uint64_t bytes_ahead_ SLUICE_GUARDED_BY(mutex_) = 0;  // of their records
  std::vector<Step> spare_ SLUICE_GUARDED_BY(mutex_);  // applied, kept for their memory
  bool is_finished_ SLUICE_GUARDED_BY(mutex_) = false;
  std::thread worker_;  // none of a short log
};

}  // namespace sluice::tsdb
