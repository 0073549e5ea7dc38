#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/labels.h"
#include "model/sample.h"

/// The records of a workspace's log, as docs/formats/wal.md lays them out.
namespace sluice::tsdb {

inline constexpr uint8_t kAppendRecord = 1;  ///< definitions of series, and samples

/// The name of a series in the log; from 1. Small, so that a sample's first byte can carry flags beside it.
inline constexpr uint64_t kSeriesRefMax = (uint64_t{1} << 56) - 1;

struct WalDefinition {
  uint64_t ref = 0;
  std::string packed;  ///< as model::Labels packs them, not empty
};

struct WalSample {
  uint64_t ref = 0;
  model::Sample sample;
};

/// Builds one append record. Order is kept: it is the order in which replay applies. Not thread-safe.
class AppendRecordWriter {
 public:
  /// `samples_expected` is a hint of how many will be added.
  explicit AppendRecordWriter(size_t samples_expected = 0);
  void add_definition(uint64_t ref, const model::Labels& labels);
  void add_sample(uint64_t ref, model::Sample sample);
  std::string finish() &&;

 private:
  std::string labels_;  // of one definition, reused
  std::string definitions_;
  std::string samples_;
  uint64_t definition_count_ = 0;
  uint64_t sample_count_ = 0;
  uint64_t previous_ref_ = 0;
  TimestampMs previous_t_ms_ = 0;
  uint64_t previous_bits_ = 0;
};

/// An append record read back.
struct AppendRecord {
  std::vector<WalDefinition> definitions;
  std::vector<WalSample> samples;
};

/// kMalformed, with the offset in the payload, for bytes that are no append record.
Result<AppendRecord> decode_append_record(std::string_view payload);

}  // namespace sluice::tsdb
