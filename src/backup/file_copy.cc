#include "backup/file_copy.h"

#include <functional>

#include "base/encoding.h"
#include "crypto/digest.h"

namespace sluice::backup {
namespace {

constexpr size_t kPieceBytes = 1 << 20;

/// Reads the file piece by piece.
Result<FileDigest> read_through(FileSystem& fs, const std::string& path,
                                const std::function<Result<void>(uint64_t offset, std::string_view piece)>& use) {
  SLUICE_ASSIGN(const auto file, fs.open_readable(path));
  crypto::Sha256 sha256;
  FileDigest digest;
  std::string piece;
  for (;;) {
    SLUICE_TRY(file->read_at(digest.bytes, kPieceBytes, piece));
    if (piece.empty()) break;
    sha256.update(piece);
    SLUICE_TRY(use(digest.bytes, piece));
    digest.bytes += piece.size();
  }
  digest.sha256 = hex_encode(sha256.finish());
  return digest;
}

}  // namespace

Result<FileDigest> digest_file(FileSystem& fs, const std::string& path) {
  return read_through(fs, path, [](uint64_t, std::string_view) { return Result<void>(); });
}

Result<FileDigest> copy_file(FileSystem& fs, const std::string& from, const std::string& to, uint32_t permissions) {
  SLUICE_ASSIGN(const auto target, fs.open_writable(to, OpenMode::kCreateNew, permissions));
  SLUICE_ASSIGN(auto digest, read_through(fs, from, [&](uint64_t offset, std::string_view piece) {
                  return target->write_at(offset, piece);
                }));
  SLUICE_TRY(target->sync_data());
  return digest;
}

Result<FileDigest> write_new_file(FileSystem& fs, const std::string& to, std::string_view bytes, uint32_t permissions) {
  SLUICE_ASSIGN(const auto target, fs.open_writable(to, OpenMode::kCreateNew, permissions));
  SLUICE_TRY(target->write_at(0, bytes));
  SLUICE_TRY(target->sync_data());
  return FileDigest{bytes.size(), hex_encode(crypto::sha256(bytes))};
}

}  // namespace sluice::backup
