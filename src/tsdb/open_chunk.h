#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "tsdb/line_pool.h"
#include "tsdb/xor_chunk.h"

namespace sluice::tsdb {

/// The XOR chunk that a series of the head appends to, its bytes in lines of a pool, which is always the same one.
/// It must be empty when it is destroyed, or the pool with it. Not thread-safe.
class OpenChunk {
 public:
  void append(LinePool& lines, TimestampMs t_ms, double value);

  uint16_t samples() const { return encoder_.samples(); }
  TimestampMs first_ms(const LinePool& lines) const;  ///< of its first sample, which must be there
  /// The value appended last, whether or not it is in the chunk begun; 0 before the first.
  double last_value() const { return encoder_.last_value(); }
  std::string chunk(const LinePool& lines) const;  ///< a whole one
  /// The same, and begins the next chunk.
  std::string take(LinePool& lines);

  /// Asks for the memory that append() will write to.
  void prefetch(const LinePool& lines) const {
    if (last_ != 0) lines.prefetch(last_);
  }
  size_t memory_bytes() const {  ///< besides the object
    return (size_ + LinePool::kDataBytes - 1) / LinePool::kDataBytes * LinePool::kLineBytes;
  }

 private:
  XorEncoder encoder_;
  LineRef first_ = 0;
  LineRef last_ = 0;
  uint16_t size_ = 0;  // of the chunk without its header
};

}  // namespace sluice::tsdb
