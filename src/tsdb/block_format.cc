#include "tsdb/block_format.h"

#include <fmt/format.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kSectionSizeSize = 4;

}  // namespace

std::unexpected<Error> damaged_at(uint64_t offset, std::string_view what) {
  return fail(ErrorCode::kDataLoss, fmt::format("at offset {}: {}", offset, what));
}

Result<void> check_checksum(std::string_view file, uint64_t offset, uint64_t size) {
  if (offset > file.size() || size > file.size() - offset || file.size() - offset - size < kChecksumSize) {
    return damaged_at(offset,
                      fmt::format("{} bytes and their checksum should follow, the file ends at {}", size, file.size()));
  }
  const uint32_t found = load_be<uint32_t>(file.data() + offset + size);
  const uint32_t wanted = crc32c(file.substr(offset, size));
  if (found == wanted) return {};
  return damaged_at(offset, fmt::format("{} bytes have checksum {:08x}, and {:08x} is stored", size, wanted, found));
}

Result<std::string_view> read_section(std::string_view file, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < kSectionSizeSize) {
    return damaged_at(offset, fmt::format("a section should begin here, the file ends at {}", file.size()));
  }
  const uint32_t size = load_be<uint32_t>(file.data() + offset);
  SLUICE_TRY(check_checksum(file, offset + kSectionSizeSize, size));
  return file.substr(offset + kSectionSizeSize, size);
}

}  // namespace sluice::tsdb
