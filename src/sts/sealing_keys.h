#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/secret.h"

namespace sluice::sts {

inline constexpr size_t kSealingKeyBytes = 32;
inline constexpr size_t kSealingKeysMax = 16;
/// After a rotation the older key must open what it sealed for as long as a session can last (12 h); an hour
/// more covers clocks that disagree.
inline constexpr int64_t kSealingOverlapSeconds = 13 * 3600;

/// One key. The id is public, random, and stands in every token the key seals.
struct SealingKey {
  uint32_t id = 0;
  UnixSeconds created_at = 0;
  Secret bytes;  ///< kSealingKeyBytes
};

/// The keys under which session tokens and stored secrets are sealed: the newest seals, all of them open.
/// Replicas that share them understand each other's tokens. Immutable; share it as shared_ptr<const> and
/// replace it on rotation.
///
/// File form (docs/formats/sealing-keys.md): a first line "sluice-sealing-keys 1", then one line a key,
/// newest last: id as 8 hex digits, creation time in Unix seconds, key in base64.
class SealingKeys {
 public:
  /// One fresh key.
  static SealingKeys generate(UnixSeconds now);
  /// kMalformed, naming the line and never quoting it; kTooLarge over kSealingKeysMax.
  static Result<SealingKeys> parse(std::string_view text);
  Secret serialize() const;

  /// With a fresh key that seals from now on; older keys whose successor is older than
  /// kSealingOverlapSeconds are left out.
  SealingKeys rotated(UnixSeconds now) const;

  const SealingKey& newest() const { return keys_.back(); }
  const SealingKey* find(uint32_t id) const;  ///< null when unknown
  size_t size() const { return keys_.size(); }

 private:
  std::vector<SealingKey> keys_;  ///< never empty; by creation time, newest last
};

/// Reads `directory`/sealing.keys; makes directory (0700) and file (0600) with one fresh key when the file is
/// not there. Errors name the path and, for a damaged file, the way out.
Result<SealingKeys> load_or_create_sealing_keys(FileSystem& fs, const std::string& directory, UnixSeconds now);
/// Replaces the file durably.
Result<void> store_sealing_keys(FileSystem& fs, const std::string& directory, const SealingKeys& keys);

/// Seals a small secret at rest (an access key's secret in the catalog) under the newest key; `purpose` and
/// `name` say what it is, and must be the same to open it. Bytes: key id | salt | AES-256-GCM.
std::string seal_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name, const Secret& secret);
/// kUnauthenticated when it was not sealed under one of these keys for this purpose and name.
Result<Secret> open_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name,
                           std::string_view sealed);

}  // namespace sluice::sts
