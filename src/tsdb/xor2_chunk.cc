#include "tsdb/xor2_chunk.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/coding.h"
#include "model/sample.h"

namespace sluice::tsdb {
namespace {

// How a sample from the third on begins: with the delta of delta of its timestamp and, when that is zero, with whether
// its value changed. `0` neither, `10` the value alone, `11111` a stale marker at the usual time; else:
struct DodCode {
  uint64_t prefix;
  unsigned prefix_size;
  unsigned bits;  // two's complement
};
constexpr DodCode kDodCodes[] = {{0b110, 3, 13}, {0b1110, 4, 20}, {0b11110, 5, 64}};
constexpr unsigned kControlBitsMax = 5;

constexpr bool fits(int64_t value, unsigned bits) {
  return bits == 64 || (-(int64_t{1} << (bits - 1)) <= value && value < int64_t{1} << (bits - 1));
}

}  // namespace

void Xor2ChunkWriter::append(TimestampMs t_ms, TimestampMs start_ms, double value) {
  SLUICE_CHECK(samples_ < UINT16_MAX, "chunk capacity exceeded");
  const auto bits = std::bit_cast<uint64_t>(value);
  const uint64_t delta = static_cast<uint64_t>(t_ms) - static_cast<uint64_t>(t_ms_);
  BitWriter out(data_, free_);
  if (samples_ == 0) {
    append_varint_bits(out, zigzag_encode(t_ms));
    out.bits(bits, 64);
  } else if (samples_ == 1) {
    append_varint_bits(out, delta);
    append_value(out, bits);
    delta_ = delta;
  } else {
    append_joint(out, static_cast<int64_t>(delta - delta_), bits);
    delta_ = delta;
  }
  starts_.append(out, samples_, start_ms, t_ms, t_ms_);
  free_ = static_cast<uint8_t>(out.finish());
  t_ms_ = t_ms;
  if (!model::is_stale(value)) value_bits_ = bits;
  ++samples_;
}

void Xor2ChunkWriter::append_joint(BitWriter& out, int64_t dod, uint64_t bits) {
  if (dod != 0) {
    const auto* code = std::ranges::find_if(kDodCodes, [&](const DodCode& c) { return fits(dod, c.bits); });
    out.bits(code->prefix, code->prefix_size);
    out.bits(varbit::low_bits(static_cast<uint64_t>(dod), code->bits), code->bits);
    return append_value(out, bits);
  }
  if (bits == model::kStaleNaNBits) return out.bits(0b11111, 5);
  const uint64_t change = bits ^ value_bits_;
  if (change == 0) return out.bit(false);
  if (window_.holds(change)) {
    out.bits(0b100, 3);
    window_.write(out, change);
  } else {
    out.bits(0b101, 3);
    window_.write_new(out, change);
  }
}

// `0` unchanged, `10` in the window, `110` in a new one, `111` a stale marker.
void Xor2ChunkWriter::append_value(BitWriter& out, uint64_t bits) {
  const uint64_t change = bits ^ value_bits_;
  if (bits == model::kStaleNaNBits) {
    out.bits(0b111, 3);
  } else if (change == 0) {
    out.bit(false);
  } else if (window_.holds(change)) {
    out.bits(0b10, 2);
    window_.write(out, change);
  } else {
    out.bits(0b110, 3);
    window_.write_new(out, change);
  }
}

std::string Xor2ChunkWriter::chunk() const {
  std::string bytes;
  bytes.reserve(size());
  append_be<uint16_t>(bytes, samples_);
  bytes += static_cast<char>(starts_.header());
  bytes += data_.view();
  return bytes;
}

std::string Xor2ChunkWriter::take() {
  std::string bytes = chunk();
  *this = {};
  return bytes;
}

Xor2ChunkReader::Xor2ChunkReader(std::string_view chunk)
    : in_(chunk.substr(std::min(chunk.size(), kXor2HeaderSize))),
      starts_(chunk.size() < kXor2HeaderSize ? uint8_t{0} : static_cast<unsigned char>(chunk[2])) {
  if (chunk.size() < kXor2HeaderSize) {
    error_ = "shorter than its header";
  } else {
    samples_ = load_be<uint16_t>(chunk.data());
  }
}

uint64_t Xor2ChunkReader::value_bits() const { return is_stale_ ? model::kStaleNaNBits : value_bits_; }

Result<void> Xor2ChunkReader::status() const {
  if (error_ == nullptr) return {};
  return fail(ErrorCode::kMalformed, fmt::format("XOR2 chunk: {} at sample {} of {}", error_, read_, samples_));
}

bool Xor2ChunkReader::end(const char* reason) {
  error_ = reason;
  return false;
}

bool Xor2ChunkReader::next() {
  if (error_ != nullptr || read_ == samples_) return false;
  const TimestampMs previous_t_ms = t_ms_;
  is_stale_ = false;
  const bool is_whole = read_ == 0 ? next_first() : read_ == 1 ? next_second() : next_joint();
  if (!is_whole) return false;
  if (!starts_.read(in_, read_, t_ms_, previous_t_ms)) return end("cut off in a start timestamp");
  ++read_;
  return true;
}

bool Xor2ChunkReader::next_first() {
  uint64_t zigzag = 0;
  uint64_t bits = 0;
  if (const char* error = read_varint_bits(in_, zigzag)) return end(error);
  if (!in_.read(64, bits)) return end("cut off in the first value");
  t_ms_ = zigzag_decode(zigzag);
  is_stale_ = bits == model::kStaleNaNBits;
  if (!is_stale_) value_bits_ = bits;
  return true;
}

bool Xor2ChunkReader::next_second() {
  if (const char* error = read_varint_bits(in_, delta_)) return end(error);
  step();
  return read_value();
}

bool Xor2ChunkReader::next_joint() {
  const auto control = static_cast<uint8_t>(in_.peek(kControlBitsMax) << (8 - kControlBitsMax));
  const auto ones = static_cast<unsigned>(std::countl_one(control));
  const unsigned prefix_size = std::min(ones + 1, kControlBitsMax);
  if (in_.remaining() < prefix_size) return end("cut off in a timestamp");
  in_.skip(prefix_size);
  const bool has_dod = ones >= 2 && ones < kControlBitsMax;
  if (has_dod) {
    const unsigned bits = kDodCodes[ones - 2].bits;
    uint64_t dod = 0;
    if (!in_.read(bits, dod)) return end("cut off in a timestamp");
    if (bits != 64 && dod >= uint64_t{1} << (bits - 1)) dod -= uint64_t{1} << bits;
    delta_ += dod;
  }
  step();
  if (has_dod) return read_value();
  is_stale_ = ones == kControlBitsMax;
  return ones != 1 || read_known_change();
}

bool Xor2ChunkReader::read_value() {
  uint64_t bit = 0;
  if (!in_.read(1, bit)) return end("cut off in a value");
  if (bit == 0) return true;
  if (!in_.read(1, bit)) return end("cut off in a value");
  const char* error = nullptr;
  if (bit == 0) {
    error = window_.read(in_, value_bits_);
  } else {
    if (!in_.read(1, bit)) return end("cut off in a value");
    is_stale_ = bit == 1;
    if (!is_stale_) error = window_.read_new(in_, value_bits_);
  }
  return error == nullptr || end(error);
}

bool Xor2ChunkReader::read_known_change() {
  uint64_t is_new = 0;
  if (!in_.read(1, is_new)) return end("cut off in a value");
  const char* error = is_new == 1 ? window_.read_new(in_, value_bits_) : window_.read(in_, value_bits_);
  return error == nullptr || end(error);
}

}  // namespace sluice::tsdb
