#include "tsdb/xor_chunk.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/check.h"
#include "tsdb/varbit.h"

namespace sluice::tsdb {
namespace {

// Size codes of a delta of delta: the prefix, its length, and the bits that follow (xor.go, Append). "0" is no change.
struct DodCode {
  uint64_t prefix;
  unsigned prefix_size;
  unsigned bits;
};
constexpr DodCode kDodCodes[] = {{0b10, 2, 14}, {0b110, 3, 17}, {0b1110, 4, 20}, {0b1111, 4, 64}};

// bitRange of xor.go: the range is lopsided, -(2^(n-1)-1) .. 2^(n-1).
constexpr bool fits(int64_t value, unsigned bits) {
  return bits == 64 || (-((int64_t{1} << (bits - 1)) - 1) <= value && value <= int64_t{1} << (bits - 1));
}

}  // namespace

std::string_view XorEncoder::append(BitCollector& out, TimestampMs t_ms, double value) {
  SLUICE_CHECK(samples_ < UINT16_MAX, "chunk capacity exceeded");
  const auto bits = std::bit_cast<uint64_t>(value);
  if (samples_ == 0) {
    append_varint_bits(out, zigzag_encode(t_ms));
    out.bits(bits, 64);
  } else {
    const uint64_t delta = static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(t_ms_);
    if (samples_ == 1) {
      append_varint_bits(out, delta);
    } else {
      append_delta_of_delta(out, static_cast<int64_t>(delta - delta_));
    }
    delta_ = delta;
    append_xor_change(out, bits ^ value_bits_, window_);
  }
  free_ = static_cast<uint8_t>(out.free());
  t_ms_ = t_ms;
  value_bits_ = bits;
  ++samples_;
  return out.finish();
}

void XorEncoder::begin_chunk() {
  samples_ = 0;
  free_ = 0;
  window_ = {};
}

void XorEncoder::append_delta_of_delta(BitCollector& out, int64_t dod) {
  if (dod == 0) {
    out.bit(false);
    return;
  }
  const auto* code = std::ranges::find_if(kDodCodes, [&](const DodCode& c) { return fits(dod, c.bits); });
  out.bits(code->prefix, code->prefix_size);
  out.bits(varbit::low_bits(static_cast<uint64_t>(dod), code->bits), code->bits);
}

void XorChunkWriter::append(TimestampMs t_ms, double value) {
  BitCollector out = encoder_.begin(data_.size() == 0 ? '\0' : data_.back());
  const size_t rewritten = encoder_.rewrites_last() ? 1 : 0;
  data_.replace_tail(rewritten, encoder_.append(out, t_ms, value));
}

std::string XorChunkWriter::chunk() const {
  std::string bytes;
  bytes.reserve(size());
  append_be<uint16_t>(bytes, samples());
  bytes += data_.view();
  return bytes;
}

std::string XorChunkWriter::take() {
  std::string bytes = chunk();
  data_.clear();
  encoder_.begin_chunk();
  return bytes;
}

XorChunkReader::XorChunkReader(std::string_view chunk) : in_(chunk.substr(std::min(chunk.size(), kXorHeaderSize))) {
  if (chunk.size() < kXorHeaderSize) {
    error_ = "shorter than its header";
  } else {
    samples_ = load_be<uint16_t>(chunk.data());
  }
}

double XorChunkReader::value() const { return std::bit_cast<double>(value_bits_); }

Result<void> XorChunkReader::status() const {
  if (error_ == nullptr) return {};
  return fail(ErrorCode::kMalformed, fmt::format("XOR chunk: {} at sample {} of {}", error_, read_, samples_));
}

bool XorChunkReader::end(const char* reason) {
  error_ = reason;
  return false;
}

bool XorChunkReader::next() {
  if (error_ != nullptr || read_ == samples_) return false;
  if (read_ == 0) return next_first();
  if (!next_time()) return false;
  if (const char* error = read_xor_change(in_, value_bits_, window_)) return end(error);
  ++read_;
  return true;
}

bool XorChunkReader::next_first() {
  uint64_t zigzag = 0;
  if (const char* error = read_varint_bits(in_, zigzag)) return end(error);
  if (!in_.read(64, value_bits_)) return end("cut off in the first value");
  t_ms_ = zigzag_decode(zigzag);
  ++read_;
  return true;
}

bool XorChunkReader::next_time() {
  if (read_ == 1) {
    if (const char* error = read_varint_bits(in_, delta_)) return end(error);
  } else {
    const uint64_t prefix = in_.peek(4);
    unsigned ones = 0;
    while (ones < 4 && (prefix >> (3 - ones) & 1) != 0) ++ones;
    uint64_t dod = 0;
    const unsigned prefix_size = ones == 0 ? 1 : kDodCodes[ones - 1].prefix_size;
    const unsigned bits = ones == 0 ? 0 : kDodCodes[ones - 1].bits;
    if (in_.remaining() < prefix_size + bits) return end("cut off in a timestamp");
    in_.skip(prefix_size);
    (void)in_.read(bits, dod);
    // Negative values come back as large ones; exactly 2^(n-1) is positive.
    if (bits != 0 && bits != 64 && dod > uint64_t{1} << (bits - 1)) dod -= uint64_t{1} << bits;
    delta_ += dod;
  }
  t_ms_ = static_cast<TimestampMs>(static_cast<uint64_t>(t_ms_) + delta_);
  return true;
}

}  // namespace sluice::tsdb
