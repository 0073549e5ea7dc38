#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/labels.h"
#include "model/sample.h"
#include "tsdb/wal_definitions.h"
#include "tsdb/wal_sections.h"

/// The records of a workspace's log, as docs/formats/wal.md lays them out.
namespace sluice::tsdb {

// Numbers 1, 4 and 5 stood for other layouts.
inline constexpr uint8_t kFreezeRecord = 2;
inline constexpr uint8_t kDropRecord = 3;
inline constexpr uint8_t kAppendRecord = 9;  ///< the floor for late samples, definitions of series, and samples
inline constexpr uint8_t kDeleteRecord = 8;  ///< of samples

struct WalSample {
  uint64_t ref = 0;
  model::Sample sample;
};

/// Builds one append record. Order is kept: it is the order in which replay applies. Not thread-safe.
class AppendRecordWriter {
 public:
  /// `samples_expected` is a hint of how many will be added.
  explicit AppendRecordWriter(size_t samples_expected = 0);
  /// `packed` as model::Labels packs them, not empty; it must stay where it is until the next call.
  void add_definition(uint64_t ref, std::string_view packed) { definitions_.add(ref, packed); }
  void add_sample(uint64_t ref, model::Sample sample);
  /// `floor_ms`: see docs/storage.md; INT64_MAX for none.
  std::string finish(TimestampMs floor_ms) &&;
  /// The same definitions, and these histograms in place of the samples.
  std::string finish(TimestampMs floor_ms, WalHistogramWriter histograms) &&;
  /// The samples as well, and for each its start timestamp, 0 where unknown: a record of kind kStartedRecord.
  std::string finish(TimestampMs floor_ms, std::span<const TimestampMs> start_ms) &&;
  /// The definitions alone, no floor, and these exemplars.
  std::string finish(WalExemplarWriter exemplars) &&;

 private:
  WalDefinitionWriter definitions_;
  std::string samples_;
  uint64_t sample_count_ = 0;
  uint64_t previous_ref_ = 0;
  TimestampMs previous_t_ms_ = 0;
  uint64_t previous_bits_ = 0;
};

/// An append record read back.
struct AppendRecord {
  TimestampMs floor_ms = INT64_MAX;
  WalDefinitions definitions;
  std::vector<WalSample> samples;
  std::vector<TimestampMs> start_ms;  ///< of the samples, 0 where unknown; empty when the record has none
};

/// Reads an append record into `record`, whose memory is used again. kMalformed, with the offset in the payload, for
/// bytes that are none.
Result<void> decode_append_record(std::string_view payload, AppendRecord& record);

/// Likewise a record of kind kStartedRecord.
Result<void> decode_started_record(std::string_view payload, AppendRecord& record);

/// A record of native histograms: its floor and definitions as an append record has them.
struct HistogramRecord {
  TimestampMs floor_ms = INT64_MAX;
  WalDefinitions definitions;
  std::vector<WalHistogram> histograms;
};
Result<HistogramRecord> decode_histogram_record(std::string_view payload);

/// A record of exemplars.
struct ExemplarRecord {
  WalDefinitions definitions;  ///< of series that no durable record may have defined
  std::vector<WalExemplar> exemplars;
};
Result<ExemplarRecord> decode_exemplar_record(std::string_view payload);

/// A record of metadata.
std::string encode_metadata_record(std::span<const WalMetadata> entries);
Result<std::vector<WalMetadata>> decode_metadata_record(std::string_view payload);

/// Samples that are deleted: those of some series in a range; both its ends are inclusive.
struct DeleteRecord {
  model::TimeRange range;
  std::vector<uint64_t> refs;  ///< limits::kDeletedSeriesPerRecordMax at most
};
std::string encode_delete_record(const DeleteRecord& record);
Result<DeleteRecord> decode_delete_record(std::string_view payload);

/// The payload of a freeze: the time before which no sample is added in order any more.
std::string encode_freeze_record(TimestampMs before_ms);
Result<TimestampMs> decode_freeze_record(std::string_view payload);

}  // namespace sluice::tsdb
