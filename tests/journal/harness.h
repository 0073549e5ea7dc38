#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "journal/journal.h"
#include "support/fault_file_system.h"
#include "support/manual_executor.h"

namespace sluice::journal {

struct KeptRecord {
  Sequence sequence = 0;
  std::string payload;
  friend bool operator==(const KeptRecord&, const KeptRecord&) = default;
};

/// A journal in `dir` of a disk in memory, its commits run by hand, and what its callbacks said.
struct Harness {
  explicit Harness(test::FaultFileSystem& file_system) : fs(file_system) {
    options.segment_bytes_first = 4096;
    options.segment_bytes_max = 16384;
    options.salt = [this] { return ++salt; };
    options.on_commit = [this](const Commit& commit) { commits.push_back(commit); };
  }

  ~Harness() {
    executor.drop_all();
    journal.reset();  // before what its callbacks write to
  }
  Harness(const Harness&) = delete;
  Harness& operator=(const Harness&) = delete;

  /// Opens (again); false when that failed, see `open_error`.
  bool open() {
    journal.reset();
    replayed.clear();
    auto opened = Journal::open(fs, "dir/wal", options, executor, clock, [this](const Record& record) {
      replayed.push_back({record.sequence, std::string(record.payload)});
      return Result<void>();
    });
    if (!opened) {
      open_error = opened.error();
      return false;
    }
    journal = *std::move(opened);
    return true;
  }

  /// The index in `results` that will hold the answer.
  size_t append(std::string payload) {
    const size_t index = results.size();
    results.emplace_back();
    journal->append(1, std::move(payload), [this, index](Result<Sequence> r) { results[index] = std::move(r); });
    return index;
  }
  /// Appends, commits, and gives the answer.
  Result<Sequence> commit(std::string payload) {
    const size_t index = append(std::move(payload));
    executor.run_all();
    EXPECT_TRUE(results[index].has_value());
    return *results[index];
  }
  std::vector<std::string> payloads() const {
    std::vector<std::string> all;
    for (const auto& record : replayed) all.push_back(record.payload);
    return all;
  }

  test::FaultFileSystem& fs;
  FakeClock clock{1'700'000'000'000};
  test::ManualExecutor executor;
  Options options;
  uint64_t salt = 0x5a17;
  std::vector<Commit> commits;
  std::vector<std::optional<Result<Sequence>>> results;
  std::vector<KeptRecord> replayed;
  Error open_error;
  std::shared_ptr<Journal> journal;
};

}  // namespace sluice::journal
