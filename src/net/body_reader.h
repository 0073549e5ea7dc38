#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::net {

/// Takes the body of one HTTP/1.1 message off a stream, however it is cut, and says where it ends (RFC 9112 6, 7).
/// Our own instead of Beast's because that one (1.81) fails an assertion when the last chunk's bytes come one by one,
/// and accepts blanks around a chunk's size that other readers do not. Not thread-safe.
class BodyReader {
 public:
  enum class Framing : uint8_t { kNone, kLength, kChunked, kToEnd };
  enum class Step : uint8_t { kNeedMore, kDone, kTooLarge, kBroken };

  void begin(Framing framing, uint64_t length = 0);
  void set_bytes_max(size_t bytes_max) { bytes_max_ = bytes_max; }

  /// Consumes from the front of `bytes` up to the body's end; nothing of it has to be presented again.
  Step feed(std::string_view& bytes);
  /// The stream ended: kDone when that ends the body, kBroken otherwise.
  Step feed_end() const { return is_done() || framing_ == Framing::kToEnd ? Step::kDone : Step::kBroken; }
  bool is_done() const { return state_ == State::kDone; }

  /// With kBroken.
  const std::string& fault() const { return fault_; }
  std::string& body() { return body_; }

 private:
  enum class State : uint8_t { kData, kSize, kDataEnd, kTrailer, kDone };

  Step append(std::string_view& bytes, uint64_t wanted);
  Step feed_chunk_header(std::string_view& bytes);
  Step read_size();
  Step broken(std::string fault);
  /// Moves one line without its CRLF into line_; false while it is incomplete or fault_ says why it never will be.
  bool take_line(std::string_view& bytes);

  Framing framing_ = Framing::kNone;
  State state_ = State::kDone;
  uint64_t left_ = 0;          ///< of the body, or of the chunk
  size_t bytes_max_ = SIZE_MAX;
  std::string line_;           ///< of a chunk's size, its end, or a trailer
  size_t header_bytes_ = 0;    ///< of the line, or of all trailers
  std::string body_;
  std::string fault_;
};

}  // namespace sluice::net
