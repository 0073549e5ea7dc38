#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"
#include "base/secret.h"

namespace sluice::backup {

/// The key that backups' secrets are sealed under, kept by the operator apart from the backups: the content of a file,
/// a line break at its end not counted. It must be random, since nothing slows down guessing it:
/// `openssl rand -base64 32`.
///
/// A sealed file: version (1) | salt (32) | AES-256-GCM under HKDF-SHA256(key, salt, "sluice backup v1"), the file's
/// name as associated data. docs/formats/backup.md.
class BackupKey {
 public:
  /// kInvalidArgument when it is shorter than 32 bytes, kTooLarge over limits::kSecretFileBytesMax. Never says what it
  /// holds.
  static Result<BackupKey> read(FileSystem& fs, const std::string& path);

  std::string seal(std::string_view name, const Secret& secret) const;
  /// kUnauthenticated for another key, another name or altered bytes; kUnsupported for a newer version.
  Result<Secret> open(std::string_view name, std::string_view sealed) const;

 private:
  explicit BackupKey(Secret key) : key_(std::move(key)) {}
  Secret derive(std::string_view salt) const;
  Secret key_;
};

}  // namespace sluice::backup
