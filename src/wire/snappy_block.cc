#include "wire/snappy_block.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <snappy.h>

namespace sluice::wire {
namespace {

// Three bytes of a block (a copy with a two-byte offset) make at most 64 bytes of output.
constexpr size_t kExpansionMax = 22;
// More than any small-string buffer, so that views into the text survive a move of the string.
constexpr size_t kHeapBytesMin = 64;

struct Magic {
  std::string_view bytes;
  std::string_view what;
};
constexpr Magic kOtherFormats[] = {
    {std::string_view("\xff\x06\x00\x00sNaPpY", 10), "framed snappy (a stream, as .sz files have it)"},
    {std::string_view("\x1f\x8b", 2), "gzip"},
    {std::string_view("\x28\xb5\x2f\xfd", 4), "zstd"},
};

std::unexpected<Error> malformed(std::string message) { return fail(ErrorCode::kMalformed, std::move(message)); }

}  // namespace

Result<std::string> snappy_decode(std::string_view block, size_t decoded_bytes_max, std::string reused) {
  for (const Magic& magic : kOtherFormats) {
    if (block.starts_with(magic.bytes)) {
      return malformed(fmt::format("the body is {}; remote write wants the snappy block format", magic.what));
    }
  }
  size_t declared = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &declared)) {
    return malformed(
        fmt::format("the body of {} bytes is not a snappy block: no decoded size at byte 0", block.size()));
  }
  if (declared > decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, fmt::format("the snappy block declares {} bytes decoded; at most {} are taken",
                                                  declared, decoded_bytes_max));
  }
  if (declared / kExpansionMax > block.size()) {
    return malformed(fmt::format("the snappy block is cut off: {} bytes cannot hold the {} bytes it declares",
                                 block.size(), declared));
  }
  std::string decoded = std::move(reused);
  decoded.clear();
  decoded.reserve(std::max(declared, kHeapBytesMin));
  bool is_intact = false;
  decoded.resize_and_overwrite(declared, [&](char* data, size_t size) {
    is_intact = snappy::RawUncompress(block.data(), block.size(), data);
    return is_intact ? size : 0;
  });
  if (!is_intact) {
    return malformed(
        fmt::format("the snappy block of {} bytes is damaged or cut off: it does not decode to the {} "
                    "bytes it declares",
                    block.size(), declared));
  }
  return decoded;
}

std::string snappy_encode(std::string_view bytes) {
  std::string block;
  snappy::Compress(bytes.data(), bytes.size(), &block);
  return block;
}

}  // namespace sluice::wire
