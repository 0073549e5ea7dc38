#include "net/body_reader.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/limits.h"

namespace sluice::net {
namespace {

constexpr size_t kReserveBytesMax = 1 << 20;   // a declared length is only a claim
constexpr size_t kSizeDigitsMax = 16;

}  // namespace

void BodyReader::begin(Framing framing, uint64_t length) {
  framing_ = framing;
  switch (framing) {
    case Framing::kNone: state_ = State::kDone; break;
    case Framing::kChunked: state_ = State::kSize; break;
    case Framing::kToEnd:
      state_ = State::kData;
      left_ = UINT64_MAX;
      break;
    case Framing::kLength:
      state_ = length == 0 ? State::kDone : State::kData;
      left_ = length;
      body_.reserve(std::min<uint64_t>(length, kReserveBytesMax));
      break;
  }
}

BodyReader::Step BodyReader::broken(std::string fault) {
  fault_ = std::move(fault);
  return Step::kBroken;
}

BodyReader::Step BodyReader::append(std::string_view& bytes, uint64_t wanted) {
  const std::string_view piece = bytes.substr(0, std::min<uint64_t>(wanted, bytes.size()));
  if (piece.size() > bytes_max_ - std::min(bytes_max_, body_.size())) return Step::kTooLarge;
  body_ += piece;
  bytes.remove_prefix(piece.size());
  left_ -= piece.size();
  return left_ == 0 ? Step::kDone : Step::kNeedMore;
}

BodyReader::Step BodyReader::feed(std::string_view& bytes) {
  while (state_ != State::kDone) {
    if (bytes.empty()) return Step::kNeedMore;
    if (state_ == State::kData) {
      const Step step = append(bytes, left_);
      if (step == Step::kTooLarge) return step;
      if (step == Step::kDone) state_ = framing_ == Framing::kChunked ? State::kDataEnd : State::kDone;
      continue;
    }
    const Step step = feed_chunk_header(bytes);
    if (step != Step::kDone) return step;
  }
  return Step::kDone;
}

/// One line between chunks; kDone when it has been taken in.
BodyReader::Step BodyReader::feed_chunk_header(std::string_view& bytes) {
  if (!take_line(bytes)) return fault_.empty() ? Step::kNeedMore : Step::kBroken;
  Step step = Step::kDone;
  if (state_ == State::kSize) {
    step = read_size();
  } else if (state_ == State::kDataEnd) {
    if (!line_.empty()) return broken("a chunk is longer than its size says");
    state_ = State::kSize;
  } else if (line_.empty()) {
    state_ = State::kDone;
  } else if (line_.find(':') == std::string::npos || line_.front() == ' ' || line_.front() == '\t') {
    return broken("a trailer is no field");
  }
  line_.clear();
  if (state_ != State::kTrailer) header_bytes_ = 0;
  return step;
}

/// chunk-size [ chunk-ext ]: the extension is passed over, and blanks before it are not taken.
BodyReader::Step BodyReader::read_size() {
  uint64_t size = 0;
  const char* const last = line_.data() + line_.size();
  const auto [end, error] = std::from_chars(line_.data(), last, size, 16);
  const auto digits = static_cast<size_t>(end - line_.data());
  if (error != std::errc() || line_.front() == '-' || digits > kSizeDigitsMax || (end != last && *end != ';')) {
    return broken("a chunk's size is not a hexadecimal number of 1 to 16 digits");
  }
  if (size > bytes_max_ - std::min(bytes_max_, body_.size())) return Step::kTooLarge;
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  return Step::kDone;
}

bool BodyReader::take_line(std::string_view& bytes) {
  while (!bytes.empty()) {
    const char c = bytes.front();
    bytes.remove_prefix(1);
    if (++header_bytes_ > limits::kChunkHeaderBytesMax) {
      fault_ = fmt::format("a chunk's header or the trailers are larger than {} bytes", limits::kChunkHeaderBytesMax);
      return false;
    }
    const bool after_return = !line_.empty() && line_.back() == '\r';
    if (c == '\n' && after_return) {
      line_.pop_back();
      return true;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (after_return || (byte < ' ' && c != '\t' && c != '\r') || byte == 0x7f) {
      fault_ = "a chunk's header has a control character or a broken line end";
      return false;
    }
    if (state_ == State::kDataEnd && c != '\r') {
      fault_ = "a chunk is longer than its size says";
      return false;
    }
    line_ += c;
  }
  return false;
}

}  // namespace sluice::net
