#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tsdb/block_harness.h"
#include "tsdb/block_set.h"
#include "tsdb/merged_queryable.h"

namespace sluice::tsdb {

/// A set of blocks whose ranges are 20, 60 and 180, on a disk in memory.
struct BlockSetHarness {
  static constexpr const char* kDirectory = "ws";

  explicit BlockSetHarness(test::FaultFileSystem& file_system) : fs(file_system) {
    EXPECT_TRUE(fs.create_directories("ws/wal", 0755).has_value());
    options.new_ulid = [this] { return test_ulid(next_ulid++); };
    options.logger = &logger;
    options.name = "ws-test";
    options.ranges_ms = {20, 60, 180};
  }

  void write(const BlockMeta& meta, const std::vector<TestSeries>& series) {
    TestSource source(series);
    const auto written = write_block(fs, directory, meta, source);
    EXPECT_TRUE(written.has_value()) << written.error().message;
  }
  void write(int64_t number, TimestampMs min_ms, TimestampMs max_ms, const std::vector<TestSeries>& series) {
    write(test_meta(number, min_ms, max_ms), series);
  }
  /// Three series with a sample at every moment from 0 to 79.
  static std::vector<TestSeries> four() {
    std::vector<TestSeries> series;
    for (int i = 0; i < 3; ++i) series.push_back({{{"i", std::to_string(i)}}, samples_from(0, 1, 80, i)});
    return series;
  }
  /// The same as four blocks of 20, of which the first three fill a range.
  void write_four() {
    for (int64_t number = 1; number <= 4; ++number) {
      const TimestampMs min_ms = (number - 1) * 20;
      auto series = four();
      for (auto& one : series) {
        std::erase_if(one.samples, [&](const auto& s) { return s.t_ms < min_ms || s.t_ms >= min_ms + 20; });
      }
      write(number, min_ms, min_ms + 20, series);
    }
  }

  bool open() {
    set.reset();
    auto opened = BlockSet::open(fs, directory, options);
    if (!opened) return false;
    set = *std::move(opened);
    return true;
  }
  Contents shown() const {
    const auto blocks = set->blocks();
    return contents(MergedQueryable({blocks->begin(), blocks->end()}));
  }

  test::FaultFileSystem& fs;
  MemoryLogger logger;
  BlockSetOptions options;
  std::string directory = kDirectory;
  bool cancelled = false;
  int64_t next_ulid = 1'000;
  std::unique_ptr<BlockSet> set;
};

}  // namespace sluice::tsdb
