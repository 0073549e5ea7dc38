#include "backup/backup_key.h"

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "crypto/aead.h"
#include "crypto/hkdf.h"
#include "crypto/random.h"

namespace sluice::backup {
namespace {

constexpr char kVersion = 1;
constexpr size_t kSaltBytes = 32;
constexpr size_t kKeyBytesMin = 32;
constexpr std::string_view kPurpose = "sluice backup v1";

}  // namespace

Result<BackupKey> BackupKey::read(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(std::string bytes, read_file(fs, path, limits::kSecretFileBytesMax));
  Secret whole(std::move(bytes));
  std::string_view text = whole.reveal();
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  if (text.size() < kKeyBytesMin) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("{}: a backup key of {} bytes; at least {} random ones are wanted: openssl rand -base64 32",
                            path, text.size(), kKeyBytesMin));
  }
  return BackupKey(Secret(std::string(text)));
}

Secret BackupKey::derive(std::string_view salt) const {
  return crypto::hkdf(salt, key_.reveal(), kPurpose, crypto::kAeadKeyBytes);
}

std::string BackupKey::seal(std::string_view name, const Secret& secret) const {
  const std::string salt = crypto::random_bytes(kSaltBytes);
  return std::string(1, kVersion) + salt + crypto::seal(derive(salt), name, secret.reveal());
}

Result<Secret> BackupKey::open(std::string_view name, std::string_view sealed) const {
  if (!sealed.empty() && sealed[0] > kVersion) {
    return fail(ErrorCode::kUnsupported, fmt::format("{} is sealed in a newer version than this program knows", name));
  }
  if (sealed.size() > 1 + kSaltBytes && sealed[0] == kVersion) {
    auto opened = crypto::open_sealed(derive(sealed.substr(1, kSaltBytes)), name, sealed.substr(1 + kSaltBytes));
    if (opened) return Secret(*std::move(opened));
  }
  return fail(ErrorCode::kUnauthenticated,
              fmt::format("{} cannot be opened: it was sealed under another backup key, or it is damaged", name));
}

}  // namespace sluice::backup
