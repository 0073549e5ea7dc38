#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "tsdb/bit_stream.h"
#include "tsdb/byte_buffer.h"
#include "tsdb/xor_value.h"

/// Prometheus' XOR chunk (tsdb/docs/format/chunks.md, "XOR chunk data"; tsdb/chunkenc/xor.go), to the byte: a
/// big-endian count of samples, then delta-of-delta timestamps and XORed values in bits, after Facebook's
/// Gorilla paper (VLDB 2015, section 4.1).
namespace sluice::tsdb {

inline constexpr size_t kXorHeaderSize = 2;
inline constexpr uint16_t kSamplesPerChunk = 120;  ///< at which the head seals a chunk (Prometheus' default)

/// What the next sample of a chunk is written against; the bytes are kept by whoever uses it. Timestamps may be in any
/// order as far as the format goes; the head only appends increasing ones. NaNs keep their bits. At most 65,535 samples
/// a chunk. Kept small, since every series of the head has one. Not thread-safe.
class XorEncoder {
 public:
  /// To be filled by append(); `last` is the chunk's last byte, which is of no matter unless rewrites_last().
  BitCollector begin(char last) const { return {free_ == 0 ? '\0' : last, free_}; }
  /// True when the next sample's bytes come in place of the last byte, which has bits free, and not behind it.
  bool rewrites_last() const { return free_ != 0; }
  /// The bytes of the next sample. They are in `out`.
  std::string_view append(BitCollector& out, TimestampMs t_ms, double value);
  /// What follows is a new chunk.
  void begin_chunk();

  uint16_t samples() const { return samples_; }
  /// The value appended last, whether or not it is in the chunk begun; 0 before the first.
  double last_value() const { return std::bit_cast<double>(value_bits_); }

 private:
  void append_delta_of_delta(BitCollector& out, int64_t dod);

  TimestampMs t_ms_ = 0;
  uint64_t value_bits_ = 0;
  uint64_t delta_ = 0;
  uint16_t samples_ = 0;
  XorWindow window_;
  uint8_t free_ = 0;  // bits of the last byte still to be written
};

/// Builds chunks, one after the other. Not thread-safe.
class XorChunkWriter {
 public:
  void append(TimestampMs t_ms, double value);

  uint16_t samples() const { return encoder_.samples(); }
  size_t size() const { return kXorHeaderSize + data_.size(); }  ///< of the chunk, in bytes
  /// A whole chunk of what was appended since the last take().
  std::string chunk() const;
  /// The same, and begins the next chunk.
  std::string take();

 private:
  XorEncoder encoder_;
  ByteBuffer data_;  // what follows the header
};

/// Walks a chunk's samples:
///
///     XorChunkReader reader(bytes);
///     while (reader.next()) use(reader.t_ms(), reader.value());
///     SLUICE_TRY(reader.status());
///
/// The bytes must outlive it. Bytes that are no chunk end the walk with kMalformed; nothing is read outside
/// them. Not thread-safe.
class XorChunkReader {
 public:
  explicit XorChunkReader(std::string_view chunk);

  bool next();
  TimestampMs t_ms() const { return t_ms_; }
  double value() const;
  uint64_t value_bits() const { return value_bits_; }
  /// As the header says.
  uint16_t samples() const { return samples_; }
  /// An error when the walk ended before the last sample.
  Result<void> status() const;

 private:
  bool next_first();
  bool next_time();
  bool end(const char* reason);

  BitReader in_;
  uint16_t samples_ = 0;
  uint16_t read_ = 0;
  TimestampMs t_ms_ = 0;
  uint64_t value_bits_ = 0;
  uint64_t delta_ = 0;
  XorReadWindow window_;
  const char* error_ = nullptr;
};

}  // namespace sluice::tsdb
