#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/thread_safety.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "support/fault_file_system.h"
#include "support/manual_executor.h"
#include "tsdb/workspace_db.h"

namespace sluice::tsdb {

/// Keeps log lines as "message key=value ...".
class MemoryLogger final : public Logger {
 public:
  bool enabled(LogLevel) const override { return true; }
  void write(LogLevel, std::string_view message, Fields fields) override {
    std::string line(message);
    for (const auto& field : fields) line += " " + std::string(field.key) + "=" + field.value;
    MutexLock lock(mutex_);
    lines_.push_back(std::move(line));
  }
  void write_json(std::string_view) override {}
  std::vector<std::string> lines() const {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ SLUICE_GUARDED_BY(mutex_);
};

using LabelList = std::vector<std::pair<std::string, std::string>>;

/// Builds what ingest would hand over. Series that the recognizer knows come as known ones.
class BatchBuilder {
 public:
  explicit BatchBuilder(std::unique_ptr<model::SeriesRecognizer> recognizer = nullptr)
      : recognizer_(std::move(recognizer)) {}

  BatchBuilder& add(const LabelList& labels, std::vector<model::Sample> samples) {
    const auto set = model::Labels::from(labels);
    model::AppendBatch::SeriesEntry entry;
    entry.known = recognize(asked_.emplace_back(set.packed()));
    if (!entry.known) {
      entry.hash = set.hash();
      entry.packed_offset = static_cast<uint32_t>(batch_.packed.size());
      entry.packed_size = static_cast<uint32_t>(set.packed().size());
      batch_.packed += set.packed();
    }
    entry.first_sample = static_cast<uint32_t>(batch_.samples.size());
    entry.sample_count = static_cast<uint32_t>(samples.size());
    batch_.samples.insert(batch_.samples.end(), samples.begin(), samples.end());
    batch_.series.push_back(entry);
    return *this;
  }
  model::AppendBatch build() {
    if (recognizer_) batch_.known_lease = recognizer_->lease();
    return std::exchange(batch_, {});
  }

 private:
  model::KnownSeries recognize(std::string_view packed) {
    if (!recognizer_) return {};
    size_t size = 0;
    const auto next = recognizer_->recognize_next(packed, size);
    return next && size == packed.size() ? next : recognizer_->recognize(packed);
  }

  std::unique_ptr<model::SeriesRecognizer> recognizer_;
  std::deque<std::string> asked_;  // stays where it is
  model::AppendBatch batch_;
};

inline model::Matcher matcher(model::MatchType type, std::string name, std::string value) {
  return model::Matcher::make(type, std::move(name), std::move(value)).value();
}

/// Everything a storage holds: series as text -> time -> value's bits.
using Contents = std::map<std::string, std::map<TimestampMs, uint64_t>>;

inline Contents contents(const model::Queryable& storage, model::TimeRange range = {}) {
  Contents all;
  model::QueryBudget budget(UINT64_MAX, {});
  auto selected = storage.select({}, range, budget);
  EXPECT_TRUE(selected.has_value());
  for (auto& series : *selected) {
    model::SampleColumn column;
    const auto read = series->read(range, column);
    EXPECT_TRUE(read.has_value());
    auto& samples = all[series->labels().to_string()];
    for (size_t i = 0; i < column.size(); ++i) {
      EXPECT_TRUE(i == 0 || column.t_ms[i] > column.t_ms[i - 1]) << "timestamps must increase";
      samples[column.t_ms[i]] = std::bit_cast<uint64_t>(column.values[i]);
    }
  }
  return all;
}

/// A workspace on a disk in memory, its commits run by hand.
struct DbHarness {
  using Answer = std::optional<Result<model::AppendOutcome>>;

  explicit DbHarness(test::FaultFileSystem& file_system) : fs(file_system) {
    log_options.segment_bytes_first = 4096;
    log_options.segment_bytes_max = 16384;
  }
  ~DbHarness() { kill(); }
  DbHarness(const DbHarness&) = delete;
  DbHarness& operator=(const DbHarness&) = delete;

  /// The process dies: what is queued never runs.
  void kill() {
    executor.drop_all();
    db.reset();
    answers.clear();
  }
  bool open() {
    kill();
    WorkspaceDbOptions options;
    options.name = "ws-test";
    options.clock = &clock;
    options.syncer = commits_inline ? static_cast<Executor*>(&inline_executor) : &executor;
    options.retention = retention;
    options.logger = &logger;
    options.log = log_options;
    options.head_bytes_max = head_bytes_max;
    options.late_window_ms = late_window_ms;
    options.exemplars_max = exemplars_max;
    options.checkpoint_log_bytes = 1;
    options.new_ulid = [this] { return next_ulid(); };
    options.log.salt = [this] { return ++random_drawn; };
    auto opened = WorkspaceDb::open(fs, "dir/ws-test", std::move(options));
    if (!opened) {
      open_error = opened.error();
      return false;
    }
    db = *std::move(opened);
    return true;
  }
  /// Different ones, the same in every run.
  Ulid next_ulid() {
    std::array<uint8_t, Ulid::kRandomSize> random{};
    const uint64_t number = ++random_drawn;
    for (size_t i = 0; i < sizeof number; ++i) random[i + 2] = static_cast<uint8_t>(number >> (56 - 8 * i));
    return Ulid::make(clock.now_ms(), random);
  }
  /// As the maintenance does when the log has grown long enough.
  void checkpoint_now() { db->maintain(); }
  /// Index of the answer to come.
  size_t append(model::AppendBatch batch) {
    const size_t index = answers.size();
    answers.push_back(std::make_shared<Answer>());
    db->append(std::move(batch), [answer = answers.back()](Result<model::AppendOutcome> r) { *answer = std::move(r); });
    return index;
  }
  Result<model::AppendOutcome> commit(model::AppendBatch batch) {
    const size_t index = append(std::move(batch));
    executor.run_all();
    EXPECT_TRUE(answers[index]->has_value());
    return **answers[index];
  }

  test::FaultFileSystem& fs;
  FakeClock clock{1'700'000'000'000};
  test::ManualExecutor executor;
  InlineExecutor inline_executor;
  bool commits_inline = false;  ///< as maintain() wants it when it is due to cut blocks
  Retention retention;
  MemoryLogger logger;
  journal::Options log_options;
  uint64_t head_bytes_max = 1 << 30;
  int64_t late_window_ms = 0;
  size_t exemplars_max = 1000;
  uint64_t random_drawn = 0;
  Error open_error;
  std::vector<std::shared_ptr<Answer>> answers;
  std::shared_ptr<WorkspaceDb> db;
};

}  // namespace sluice::tsdb
