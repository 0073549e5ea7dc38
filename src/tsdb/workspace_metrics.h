#pragma once

#include <string>

#include "base/metrics.h"
#include "journal/journal.h"
#include "model/write_batch.h"
#include "tsdb/memory_series.h"

namespace sluice::tsdb {

/// What all workspaces of a process count together; the registry gives every workspace the same counters.
/// Thread-safe.
class WorkspaceMetrics {
 public:
  explicit WorkspaceMetrics(MetricRegistry& registry);
  void committed(const journal::Commit& commit);
  void appended(const model::AppendOutcome& outcome);
  void replayed(const journal::Recovery& recovery, uint64_t records_unreadable, uint64_t samples_lost);

 private:
  HistogramMetric& commit_seconds_;
  HistogramMetric& sync_seconds_;
  HistogramMetric& commit_records_;
  Counter& commits_failed_;
  Counter& files_failed_;
  Counter& records_;
  Counter& bytes_;
  Counter& samples_added_;
  Counter& series_created_;
  Counter& duplicates_;
  Counter& out_of_order_;
  Counter& conflicting_;
  Counter& exemplars_added_;
  Counter& exemplars_out_of_order_;
  Counter& exemplars_without_series_;
  Counter& damage_;
  Counter& samples_lost_;
};

}  // namespace sluice::tsdb
