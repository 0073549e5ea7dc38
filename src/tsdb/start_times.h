#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/coding.h"
#include "tsdb/bit_stream.h"
#include "tsdb/varbit.h"

/// How chunks keep start timestamps (tsdb/chunkenc/st.go), whatever else is in them: one byte of header says whether
/// the first sample has one and from which sample on they changed; each sample's bits end with its own, as the delta of
/// the distance to the sample before. A chunk whose samples share one start timestamp spends nothing on the others, and
/// in a chunk of none the header is zero.
namespace sluice::tsdb {

namespace start_times {
inline constexpr uint8_t kFirstKnown = 0x80;  // of the header; the other bits are the index of the first change
inline constexpr uint8_t kChangeIndexMax = 0x7f;  // the change is written there at the latest

inline TimestampMs difference(TimestampMs a, TimestampMs b) {
  return static_cast<TimestampMs>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
}  // namespace start_times

/// Not thread-safe.
class StartTimeWriter {
 public:
  /// Puts the start timestamp of sample `index` (from 0; one after the other) behind its other bits. `previous_t_ms` is
  /// the time of the sample before. 0 means unknown.
  template <class Out>
  void append(Out& out, uint16_t index, TimestampMs start_ms, TimestampMs t_ms, TimestampMs previous_t_ms) {
    if (index == 0) {
      if (start_ms != 0) append_varint_bits(out, zigzag_encode(start_times::difference(t_ms, start_ms)));
      header_ = start_ms != 0 ? start_times::kFirstKnown : 0;
    } else if (has_changed() || start_ms != start_ms_ || index == start_times::kChangeIndexMax) {
      const TimestampMs distance = start_times::difference(previous_t_ms, start_ms);
      append_signed_varbit(out, start_times::difference(distance, distance_));  // of 0 when this is the first
      if (!has_changed()) header_ |= static_cast<uint8_t>(index);
      distance_ = distance;
    }
    start_ms_ = start_ms;
  }
  /// Whether a chunk that has held no start timestamps so far may begin to with sample `index`.
  static bool can_begin_at(uint16_t index) { return index <= start_times::kChangeIndexMax; }
  uint8_t header() const { return header_; }

 private:
  bool has_changed() const { return (header_ & start_times::kChangeIndexMax) != 0; }

  TimestampMs start_ms_ = 0;
  TimestampMs distance_ = 0;  // of the last one written, to the sample before it
  uint8_t header_ = 0;
};

/// Not thread-safe.
class StartTimeReader {
 public:
  explicit StartTimeReader(uint8_t header) : header_(header) {}

  /// Reads what append() wrote. False when the bits end before, or are none.
  bool read(BitReader& in, uint16_t index, TimestampMs t_ms, TimestampMs previous_t_ms) {
    const unsigned change_index = header_ & start_times::kChangeIndexMax;
    if (index == 0) {
      uint64_t zigzag = 0;
      if ((header_ & start_times::kFirstKnown) == 0) return true;
      if (read_varint_bits(in, zigzag) != nullptr) return false;
      start_ms_ = start_times::difference(t_ms, zigzag_decode(zigzag));
    } else if (change_index != 0 && index >= change_index) {
      int64_t change = 0;
      if (!read_signed_varbit(in, change)) return false;
      distance_ = start_times::difference(distance_, start_times::difference(0, change));
      start_ms_ = start_times::difference(previous_t_ms, distance_);
    }
    return true;
  }
  TimestampMs start_ms() const { return start_ms_; }  ///< 0 where unknown

 private:
  TimestampMs start_ms_ = 0;
  TimestampMs distance_ = 0;
  uint8_t header_;
};

}  // namespace sluice::tsdb
