#pragma once

#include <string>
#include <vector>

#include "bench/fleet.h"

namespace sluice::bench {

/// A sample as it went by, its labels kept.
struct RecordedSample {
  uint64_t ref;
  std::string labels;
  TimestampMs t_ms;
  double value;
  int64_t due_ms;
};

class Recorder final : public SampleConsumer {
 public:
  void add(const OutgoingSample& sample) override {
    samples.push_back({sample.ref, std::string(sample.labels), sample.t_ms, sample.value, sample.due_ms});
  }
  std::vector<RecordedSample> samples;
};

/// A load small enough for a test, with several pods on each kind of target.
inline LoadOptions small_load() {
  LoadOptions options;
  options.series = 5'000;
  options.scrapes = 4;
  options.shards = 2;
  options.churn_scrapes = 2;
  options.churn_fraction = 0.2;
  options.first_scrape_ms = 1'700'000'000'000;
  return options;
}

}  // namespace sluice::bench
