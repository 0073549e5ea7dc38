#pragma once

#include <cstdint>
#include <vector>

#include "tsdb/byte_buffer.h"

namespace sluice::tsdb {

/// Numbers of series in the index, increasing.
using Postings = std::vector<uint32_t>;

/// One list of the index, kept as varints of the differences: series come target by target, so most take one byte.
/// Grows at its end only. Movable. Not thread-safe.
class SlotList {
 public:
  /// `slot` must be above all that are there.
  void add(uint32_t slot) {
    char bytes[5];
    size_t size = 0;
    uint32_t step = slot - last_;
    for (; step >= 0x80; step >>= 7) bytes[size++] = static_cast<char>(step | 0x80);
    bytes[size++] = static_cast<char>(step);
    bytes_.replace_tail(0, {bytes, size});
    last_ = slot;
    ++count_;
  }
  uint32_t size() const { return count_; }
  bool empty() const { return count_ == 0; }
  size_t memory_bytes() const { return bytes_.capacity(); }  ///< besides the object

  template <class Use>
  void for_each(Use use) const {
    const std::string_view bytes = bytes_.view();
    uint32_t slot = 0;
    for (size_t at = 0; at < bytes.size();) {
      uint32_t step = 0;
      for (unsigned shift = 0;; shift += 7) {
        const auto byte = static_cast<unsigned char>(bytes[at++]);
        step |= static_cast<uint32_t>(byte & 0x7f) << shift;
        if (byte < 0x80) break;
      }
      use(slot += step);
    }
  }
  void append_to(Postings& out) const {
    out.reserve(out.size() + count_);
    for_each([&](uint32_t slot) { out.push_back(slot); });
  }

 private:
  ByteBuffer bytes_;
  uint32_t last_ = 0;
  uint32_t count_ = 0;
};

}  // namespace sluice::tsdb
