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

/// The keys of this server. Session keys seal tokens: the newest seals, all of them open, and they rotate
/// freely, since a session ends within hours. The at-rest key seals what is stored (access keys' secrets),
/// and stays: replacing it would mean sealing all of that anew. Replicas that share the keys understand each
/// other's tokens. Immutable; share it as shared_ptr<const> and replace it on rotation.
///
/// File form (docs/formats/sealing-keys.md): a first line "sluice-sealing-keys 1", a line "at-rest" with its
/// key in base64, then one line a session key, newest last: id as 8 hex digits, creation time in Unix
/// seconds, key in base64.
class SealingKeys {
 public:
  /// One fresh session key and an at-rest key.
  static SealingKeys generate(UnixSeconds now);
  /// kMalformed, naming the line and never quoting it; kTooLarge over kSealingKeysMax.
  static Result<SealingKeys> parse(std::string_view text);
  Secret serialize() const;

  /// With a fresh session key that seals from now on; older ones whose successor is older than
  /// kSealingOverlapSeconds are left out. The at-rest key stays.
  SealingKeys rotated(UnixSeconds now) const;

  const SealingKey& newest() const { return keys_.back(); }
  const SealingKey* find(uint32_t id) const;  ///< null when unknown
  size_t size() const { return keys_.size(); }  ///< session keys
  const Secret& at_rest() const { return at_rest_; }

 private:
  Secret at_rest_;  ///< kSealingKeyBytes
  std::vector<SealingKey> keys_;  ///< never empty; by creation time, newest last
};

/// Reads `directory`/sealing.keys; makes directory (0700) and file (0600) with one fresh key when the file is
/// not there. Errors name the path and, for a damaged file, the way out.
Result<SealingKeys> load_or_create_sealing_keys(FileSystem& fs, const std::string& directory, UnixSeconds now);
/// Replaces the file durably.
Result<void> store_sealing_keys(FileSystem& fs, const std::string& directory, const SealingKeys& keys);

/// Seals a small secret at rest (an access key's secret in the catalog); `purpose` and `name` say what it is,
/// and must be the same to open it. Bytes: version (1) | salt (32) | AES-256-GCM under HKDF(at-rest key,
/// salt, purpose), with purpose and name as associated data.
std::string seal_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name, const Secret& secret);
/// kUnauthenticated when it was not sealed under this at-rest key for this purpose and name.
Result<Secret> open_secret(const SealingKeys& keys, std::string_view purpose, std::string_view name,
                           std::string_view sealed);

}  // namespace sluice::sts
