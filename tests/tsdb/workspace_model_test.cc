// Everything a workspace can do, at random, on a disk that fails and crashes, against a plain map. The seed tells all:
//
//     SLUICE_MODEL_SEED=7 SLUICE_MODEL_STEPS=100000 tsdb_test --gtest_filter='WorkspaceModel.*'
//
// Without them thirty short lives; `script/test --long model` gives it minutes and seeds of its own.
#include <cstdlib>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tsdb/maintained_db.h"

namespace sluice::tsdb {
namespace {

using test::FaultFileSystem;

constexpr int64_t kHourMs = 60 * 60 * 1000;

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class RandomLife {
 public:
  explicit RandomLife(uint64_t seed) : fs_(seed), random_(seed), db_(fs_) {
    db_.harness.retention.time_ms = 72 * kHourMs;
    db_.open();
  }

  void live(uint64_t steps) {
    for (uint64_t i = 0; i < steps; ++i) {
      step();
      if (i % 10 == 0) db_.check(fmt::format("step {}", i));
      ASSERT_FALSE(testing::Test::HasFailure()) << "step " << i;
    }
    db_.check("the end");
  }

 private:
  uint64_t any(uint64_t below) { return random_() % below; }
  TimestampMs some_time_ago() {
    return std::max(MaintainedDb::kStart, db_.now() - static_cast<TimestampMs>(any(20 * kHourMs)));
  }

  void step() {
    switch (any(14)) {
      case 0: db_.maintain(); break;
      case 1: restart(); break;
      case 2: fs_.fail_operation(fs_.operations() + any(20)); break;
      case 3: db_.advance(static_cast<int64_t>(any(5 * kHourMs))); break;
      case 4: db_.write(static_cast<int>(any(5)), some_time_ago(), 7); break;
      case 5: remove(); break;
      default:
        db_.advance(static_cast<int64_t>(any(1'000'000)));
        db_.write(static_cast<int>(any(5)), db_.now(), static_cast<double>(any(3)));
        break;
    }
  }
  void restart() {
    if (any(2) == 0) db_.harness.db->close();
    db_.harness.kill();
    if (any(2) == 0) fs_.crash(random_());
    // A failure that waits for its operation may meet the opening: then the operator tries again.
    constexpr int kTriesMax = 30;
    for (int i = 0; i < kTriesMax && !db_.harness.open(); ++i) continue;
    ASSERT_NE(db_.harness.db, nullptr) << db_.harness.open_error.message;
  }
  void remove() {
    const TimestampMs from = some_time_ago();
    const auto length = static_cast<TimestampMs>(any(any(2) == 0 ? kHourMs : 12 * kHourMs));
    const model::TimeRange range = any(8) == 0 ? model::TimeRange{} : model::TimeRange{from, from + length};
    const auto digit = static_cast<char>('0' + any(5));
    if (any(3) == 0) {
      db_.remove("01234", range);
    } else {
      db_.remove({&digit, 1}, range);
    }
  }

  FaultFileSystem fs_;
  std::mt19937_64 random_;
  MaintainedDb db_;
};

TEST(WorkspaceModel, RandomOperationsAgreeWithAMap) {
  const bool is_one = std::getenv("SLUICE_MODEL_SEED") != nullptr;
  const uint64_t first = setting("SLUICE_MODEL_SEED", 0);
  const uint64_t steps = setting("SLUICE_MODEL_STEPS", 120);
  for (uint64_t seed = first; seed < first + (is_one ? 1 : 30); ++seed) {
    SCOPED_TRACE(fmt::format("SLUICE_MODEL_SEED={} SLUICE_MODEL_STEPS={}", seed, steps));
    RandomLife(seed).live(steps);
    ASSERT_FALSE(testing::Test::HasFailure());
  }
}

}  // namespace
}  // namespace sluice::tsdb
