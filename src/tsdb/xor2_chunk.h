#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/bit_stream.h"
#include "tsdb/byte_buffer.h"
#include "tsdb/start_times.h"
#include "tsdb/xor_value.h"

/// Prometheus' XOR2 chunk, to the byte (tsdb/chunkenc/xor2.go, encoding 4): floats as in xor_chunk.h, with other size
/// classes for timestamps, stale markers in a few bits, and start timestamps. A big-endian count of samples, the header
/// of start_times.h, then bits. Head and compaction write it for series whose samples have start timestamps.
namespace sluice::tsdb {

inline constexpr size_t kXor2HeaderSize = 3;

/// As XorChunkWriter. Not thread-safe.
class Xor2ChunkWriter {
 public:
  /// `start_ms` 0 means unknown. At most 65,535 samples a chunk.
  void append(TimestampMs t_ms, TimestampMs start_ms, double value);

  uint16_t samples() const { return samples_; }
  size_t size() const { return kXor2HeaderSize + data_.size(); }  ///< of the chunk, in bytes
  /// A whole chunk of what was appended since the last take().
  std::string chunk() const;
  /// The same, and begins the next chunk.
  std::string take();
  size_t memory_bytes() const { return data_.capacity(); }  ///< besides the object

 private:
  void append_joint(BitWriter& out, int64_t dod, uint64_t bits);
  void append_value(BitWriter& out, uint64_t bits);

  ByteBuffer data_;  // what follows the header
  TimestampMs t_ms_ = 0;
  uint64_t delta_ = 0;
  uint64_t value_bits_ = 0;  // of the last value that was no stale marker
  StartTimeWriter starts_;
  uint16_t samples_ = 0;
  XorWindow window_;
  uint8_t free_ = 0;  // bits of the last byte still to be written
};

/// As XorChunkReader. Not thread-safe.
class Xor2ChunkReader {
 public:
  explicit Xor2ChunkReader(std::string_view chunk);

  bool next();
  TimestampMs t_ms() const { return t_ms_; }
  TimestampMs start_ms() const { return starts_.start_ms(); }  ///< 0 where unknown
  double value() const { return std::bit_cast<double>(value_bits()); }
  uint64_t value_bits() const;
  uint16_t samples() const { return samples_; }  ///< as the header says
  /// An error when the walk ended before the last sample.
  Result<void> status() const;

 private:
  bool next_first();
  bool next_second();
  bool next_joint();
  bool read_value();
  bool read_known_change();
  void step() { t_ms_ = static_cast<TimestampMs>(static_cast<uint64_t>(t_ms_) + delta_); }
  bool end(const char* reason);

  BitReader in_;
  StartTimeReader starts_;
  TimestampMs t_ms_ = 0;
  uint64_t delta_ = 0;
  uint64_t value_bits_ = 0;
  XorReadWindow window_;
  uint16_t samples_ = 0;
  uint16_t read_ = 0;
  bool is_stale_ = false;
  const char* error_ = nullptr;
};

}  // namespace sluice::tsdb
