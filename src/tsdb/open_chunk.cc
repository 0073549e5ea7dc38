#include "tsdb/open_chunk.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/coding.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kLine = LinePool::kDataBytes;

}  // namespace

void OpenChunk::append(LinePool& lines, TimestampMs t_ms, double value) {
  const size_t in_last = size_ == 0 ? 0 : (size_ - 1u) % kLine + 1;
  BitCollector out = encoder_.begin(size_ == 0 ? '\0' : lines.data(last_)[in_last - 1]);
  const size_t rewritten = encoder_.rewrites_last() ? 1 : 0;
  std::string_view bytes = encoder_.append(out, t_ms, value);
  const size_t size = size_ - rewritten + bytes.size();
  SLUICE_CHECK(size <= UINT16_MAX, "an open chunk of so many bytes");
  size_ = static_cast<uint16_t>(size);
  size_t at = last_ == 0 ? kLine : in_last - rewritten;
  for (;;) {
    const size_t taken = std::min(kLine - at, bytes.size());
    if (taken != 0) std::memcpy(lines.data(last_) + at, bytes.data(), taken);
    bytes.remove_prefix(taken);
    if (bytes.empty()) return;
    const LineRef line = lines.take();
    if (last_ == 0) {
      first_ = line;
    } else {
      lines.set_next(last_, line);
    }
    last_ = line;
    at = 0;
  }
}

// It stands at the front of the chunk, as a varint on whole bytes: in the first line.
TimestampMs OpenChunk::first_ms(const LinePool& lines) const {
  SLUICE_CHECK(first_ != 0, "an empty chunk has no time");
  const char* const bytes = lines.data(first_);
  uint64_t first = 0;
  SLUICE_CHECK(read_varint(bytes, bytes + std::min<size_t>(size_, kLine), first) != nullptr, "a chunk without a time");
  return zigzag_decode(first);
}

std::string OpenChunk::chunk(const LinePool& lines) const {
  std::string bytes;
  bytes.reserve(kXorHeaderSize + size_);
  append_be<uint16_t>(bytes, samples());
  size_t left = size_;
  for (LineRef line = first_; left != 0; line = lines.next(line)) {
    const size_t taken = std::min(left, kLine);
    bytes.append(lines.data(line), taken);
    left -= taken;
  }
  return bytes;
}

std::string OpenChunk::take(LinePool& lines) {
  std::string bytes = chunk(lines);
  if (first_ != 0) lines.give(first_);
  first_ = 0;
  last_ = 0;
  size_ = 0;
  encoder_.begin_chunk();
  return bytes;
}

}  // namespace sluice::tsdb
