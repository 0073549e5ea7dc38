#include "tsdb/workspace_metrics.h"

#include <chrono>

namespace sluice::tsdb {
namespace {

constexpr const char* kRefused = "sluice_head_samples_refused_total";
constexpr const char* kExemplarsRefused = "sluice_exemplars_refused_total";
constexpr const char* kExemplarsRefusedHelp =
    "Exemplars that did not come to be kept, by reason. No error for senders.";
constexpr const char* kRefusedHelp = "Samples not added to the head, by reason.";

double seconds(std::chrono::nanoseconds time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

WorkspaceMetrics::WorkspaceMetrics(MetricRegistry& registry)
    : commit_seconds_(registry.histogram("sluice_wal_commit_seconds", "Write and sync of one group commit.",
                                         {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5})),
      sync_seconds_(registry.histogram("sluice_wal_sync_seconds", "The fdatasync of one group commit, or of several.",
                                       {0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5})),
      commit_records_(registry.histogram("sluice_wal_commit_records", "Requests that shared one group commit.",
                                         {1, 2, 4, 8, 16, 32, 64, 128, 256, 512})),
      commits_failed_(registry.counter("sluice_wal_commits_failed_total", "Group commits that failed for good.")),
      files_failed_(registry.counter("sluice_wal_segments_failed_total",
                                     "Log segments given up because a write or sync of them failed.")),
      records_(registry.counter("sluice_wal_records_total", "Log records acknowledged.")),
      bytes_(registry.counter("sluice_wal_bytes_total", "Bytes of log written.")),
      samples_added_(registry.counter("sluice_head_samples_appended_total", "Samples added to the head.")),
      series_created_(registry.counter("sluice_head_series_created_total", "Series created in the head.")),
      duplicates_(registry.counter("sluice_head_samples_duplicate_total",
                                   "Samples that were stored already, with the same value: accepted, not added.")),
      out_of_order_(registry.counter(kRefused, kRefusedHelp, {{"reason", "out_of_order"}})),
      conflicting_(registry.counter(kRefused, kRefusedHelp, {{"reason", "duplicate_timestamp"}})),
      exemplars_added_(
          registry.counter("sluice_exemplars_added_total", "Exemplars taken, with those that were there already.")),
      exemplars_out_of_order_(registry.counter(kExemplarsRefused, kExemplarsRefusedHelp, {{"reason", "out_of_order"}})),
      exemplars_without_series_(
          registry.counter(kExemplarsRefused, kExemplarsRefusedHelp, {{"reason", "unknown_series"}})),
      damage_(registry.counter("sluice_wal_damage_total", "Damaged places found in logs when opening them.")),
      samples_lost_(registry.counter("sluice_wal_samples_lost_total",
                                     "Samples skipped at replay because damage took their series' definition.")) {}

void WorkspaceMetrics::committed(const journal::Commit& commit) {
  files_failed_.add(commit.files_failed);
  if (!commit.failure.empty()) {
    commits_failed_.add();
    return;
  }
  if (commit.durable) sync_seconds_.observe(seconds(commit.sync_time));
  bytes_.add(commit.bytes);
  if (commit.records == 0) return;
  commit_seconds_.observe(seconds(commit.write_time + commit.sync_time));
  commit_records_.observe(static_cast<double>(commit.records));
  records_.add(commit.records);
}

void WorkspaceMetrics::appended(const model::AppendOutcome& outcome) {
  samples_added_.add(outcome.samples_added);
  series_created_.add(outcome.series_created);
  duplicates_.add(outcome.duplicates);
  out_of_order_.add(outcome.out_of_order);
  conflicting_.add(outcome.conflicting);
  exemplars_added_.add(outcome.exemplars_added);
  exemplars_out_of_order_.add(outcome.exemplars_out_of_order);
  exemplars_without_series_.add(outcome.exemplars_without_series);
}

void WorkspaceMetrics::replayed(const journal::Recovery& recovery, uint64_t records_unreadable, uint64_t samples_lost) {
  damage_.add(recovery.damage_total + records_unreadable);
  samples_lost_.add(samples_lost);
}

}  // namespace sluice::tsdb
