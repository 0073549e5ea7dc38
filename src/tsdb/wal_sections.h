#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/result.h"
#include "model/exemplar.h"
#include "model/histogram.h"
#include "model/metadata.h"

/// What the log holds besides plain float samples, as docs/formats/wal.md lays it out: native histograms, exemplars,
/// metadata, start timestamps of floats. These are the parts of a record that come after the floor and the definitions
/// of series, which are as in an append record; a metadata record is nothing else.
namespace sluice::tsdb {

inline constexpr uint8_t kHistogramRecord = 10;  ///< floor, definitions, native histograms
inline constexpr uint8_t kExemplarRecord = 6;   ///< definitions, exemplars
inline constexpr uint8_t kMetadataRecord = 7;   ///< metadata of metric families
inline constexpr uint8_t kStartedRecord = 11;    ///< as an append record, and then its samples' start timestamps

struct WalHistogram {
  uint64_t ref = 0;
  model::HistogramSample sample;
};
struct WalExemplar {
  uint64_t ref = 0;
  model::Exemplar exemplar;
};
struct WalMetadata {
  std::string metric_family;
  model::Metadata metadata;
};

/// Builds the part of one record that holds histograms. Order is kept: it is the order in which replay applies. Not
/// thread-safe.
class WalHistogramWriter {
 public:
  void add(uint64_t ref, const model::HistogramSample& sample);
  uint64_t count() const { return count_; }
  std::string finish() &&;

 private:
  template <class H>
  void add_histogram(const H& histogram);

  std::string bytes_;
  uint64_t count_ = 0;
  uint64_t previous_ref_ = 0;
  TimestampMs previous_t_ms_ = 0;
};

/// Likewise exemplars.
class WalExemplarWriter {
 public:
  void add(uint64_t ref, const model::Exemplar& exemplar);
  uint64_t count() const { return count_; }
  std::string finish() &&;

 private:
  std::string bytes_;
  uint64_t count_ = 0;
  uint64_t previous_ref_ = 0;
  TimestampMs previous_t_ms_ = 0;
};

/// Likewise metadata.
class WalMetadataWriter {
 public:
  void add(std::string_view metric_family, const model::Metadata& metadata);
  uint64_t count() const { return count_; }
  std::string finish() &&;

 private:
  std::string bytes_;
  uint64_t count_ = 0;
};

/// The start timestamps of a record's samples, one for each, 0 where unknown.
std::string encode_start_times(std::span<const TimestampMs> start_ms);
Result<std::vector<TimestampMs>> read_start_times(ByteReader& in, size_t count);

/// Read what the writers wrote, up to the end of `in`. kMalformed, with the offset in the record, for anything else.
/// Histograms are of a shape (as many buckets as spans say, within limits::kChunkHistogramBucketsMax); whether they are
/// valid is not asked again.
Result<std::vector<WalHistogram>> read_wal_histograms(ByteReader& in);
Result<std::vector<WalExemplar>> read_wal_exemplars(ByteReader& in);
Result<std::vector<WalMetadata>> read_wal_metadata(ByteReader& in);

}  // namespace sluice::tsdb
