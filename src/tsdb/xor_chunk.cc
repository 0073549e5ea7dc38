#include "tsdb/xor_chunk.h"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

// Size codes of a delta of delta: the prefix, its length, and the bits that follow (xor.go, Append). "0" is no change.
struct DodCode {
  uint64_t prefix;
  unsigned prefix_size;
  unsigned bits;
};
constexpr DodCode kDodCodes[] = {{0b10, 2, 14}, {0b110, 3, 17}, {0b1110, 4, 20}, {0b1111, 4, 64}};

constexpr unsigned kLeadingBits = 5;
constexpr unsigned kSignificantBits = 6;
constexpr unsigned kLeadingMax = 31;

constexpr uint64_t low_bits(uint64_t value, unsigned count) {
  return count == 64 ? value : value & ((uint64_t{1} << count) - 1);
}

// bitRange of xor.go: the range is lopsided, -(2^(n-1)-1) .. 2^(n-1).
constexpr bool fits(int64_t value, unsigned bits) {
  return bits == 64 || (-((int64_t{1} << (bits - 1)) - 1) <= value && value <= int64_t{1} << (bits - 1));
}

void append_varint_bits(BitCollector& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.bits((value & 0x7f) | 0x80, 8);
  out.bits(value, 8);
}

}  // namespace

void XorChunkWriter::append(TimestampMs t_ms, double value) {
  SLUICE_CHECK(samples_ < UINT16_MAX, "chunk capacity exceeded");
  const auto bits = std::bit_cast<uint64_t>(value);
  BitCollector out(free_ == 0 ? '\0' : data_.back(), free_);
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
    append_value(out, bits);
  }
  data_.replace_tail(free_ == 0 ? 0 : 1, out.finish());
  free_ = static_cast<uint8_t>(out.free());
  t_ms_ = t_ms;
  value_bits_ = bits;
  ++samples_;
}

std::string XorChunkWriter::chunk() const {
  std::string bytes;
  bytes.reserve(size());
  append_be<uint16_t>(bytes, samples_);
  bytes += data_.view();
  return bytes;
}

std::string XorChunkWriter::take() {
  std::string bytes = chunk();
  data_.clear();
  samples_ = 0;
  free_ = 0;
  leading_ = kNoWindow;
  trailing_ = 0;
  return bytes;
}

void XorChunkWriter::append_delta_of_delta(BitCollector& out, int64_t dod) {
  if (dod == 0) {
    out.bit(false);
    return;
  }
  const auto* code = std::ranges::find_if(kDodCodes, [&](const DodCode& c) { return fits(dod, c.bits); });
  out.bits(code->prefix, code->prefix_size);
  out.bits(low_bits(static_cast<uint64_t>(dod), code->bits), code->bits);
}

void XorChunkWriter::append_value(BitCollector& out, uint64_t bits) {
  const uint64_t change = bits ^ value_bits_;
  if (change == 0) {
    out.bit(false);
    return;
  }
  const auto leading = std::min<unsigned>(static_cast<unsigned>(std::countl_zero(change)), kLeadingMax);
  const auto trailing = static_cast<unsigned>(std::countr_zero(change));
  const bool window_fits = leading_ != kNoWindow && leading >= leading_ && trailing >= trailing_;
  if (window_fits) {
    out.bits(0b10, 2);
    out.bits(change >> trailing_, 64u - leading_ - trailing_);
    return;
  }
  leading_ = static_cast<uint8_t>(leading);
  trailing_ = static_cast<uint8_t>(trailing);
  const unsigned significant = 64 - leading - trailing;
  out.bits(0b11, 2);
  out.bits(leading << kSignificantBits | low_bits(significant, kSignificantBits),  // 64 is written as 0
           kLeadingBits + kSignificantBits);
  out.bits(change >> trailing, significant);
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
  if (!next_time() || !next_value()) return false;
  ++read_;
  return true;
}

bool XorChunkReader::next_first() {
  uint64_t zigzag = 0;
  if (!read_varint(zigzag)) return false;
  if (!in_.read(64, value_bits_)) return end("cut off in the first value");
  t_ms_ = zigzag_decode(zigzag);
  ++read_;
  return true;
}

bool XorChunkReader::next_time() {
  if (read_ == 1) {
    if (!read_varint(delta_)) return false;
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

bool XorChunkReader::next_value() {
  uint64_t bits = 0;
  if (!in_.read(1, bits)) return end("cut off in a value");
  if (bits == 0) return true;
  if (!in_.read(1, bits)) return end("cut off in a value");
  if (bits == 1) {
    if (!in_.read(kLeadingBits + kSignificantBits, bits)) return end("cut off in a value");
    const auto leading = static_cast<unsigned>(bits >> kSignificantBits);
    const auto significant = static_cast<unsigned>(low_bits(bits, kSignificantBits));
    significant_ = significant == 0 ? 64 : significant;
    if (leading + significant_ > 64) return end("a value window of more than 64 bits");
    trailing_ = 64 - leading - significant_;
  } else if (significant_ == 0) {
    return end("a value window is reused before there is one");
  }
  if (!in_.read(significant_, bits)) return end("cut off in a value");
  value_bits_ ^= bits << trailing_;
  return true;
}

bool XorChunkReader::read_varint(uint64_t& value) {
  value = 0;
  uint64_t byte = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (!in_.read(8, byte)) return end("cut off in a timestamp");
    if (shift == 63 && byte > 1) break;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return end("a timestamp of more than 64 bits");
}

}  // namespace sluice::tsdb
