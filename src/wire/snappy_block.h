#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sluice::wire {

/// Decompresses one snappy block (format_description.txt of snappy). The size it declares is checked against
/// `decoded_bytes_max`, and against what a block of that length can hold at all, before memory is taken.
/// The framed format, gzip and zstd are recognised and named. kMalformed or kTooLarge.
/// The string's content is on the heap whatever its length (see model::WriteBatch); the memory of `reused` serves it.
Result<std::string> snappy_decode(std::string_view block, size_t decoded_bytes_max, std::string reused = {});

std::string snappy_encode(std::string_view bytes);

}  // namespace sluice::wire
