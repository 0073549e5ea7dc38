#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "crypto/public_key.h"

namespace sluice::oidc {

enum class KeyType : uint8_t { kRsa, kEc };
std::string_view to_string(KeyType type);  ///< "RSA", "EC", as `kty` writes them

/// Why an entry of a key set is not used. AWS skips such keys silently; we say which and why.
enum class JwkSkip : uint8_t {
  kNotAnObject,
  kTypeUnsupported,    ///< kty other than RSA and EC: oct (a shared secret), OKP (EdDSA), ...
  kUseNotSignature,    ///< `use` present and not "sig"
  kHasKeyOps,          ///< `key_ops` present, even ["verify"]: AWS does not use such keys
  kNoKid,              ///< keys without kid (or with an empty one) are not found by anything
  kPrivate,            ///< private members are published: anyone could sign, so it proves nothing
  kCurveUnsupported,   ///< crv other than P-256, P-384, P-521
  kMembersMissing,     ///< n and e, or crv, x and y (x5c alone does not do)
  kMembersMalformed,   ///< not strict base64url, or a kid that is not a string
  kKeyRefused,         ///< RSA under 2048 bits or with a bad exponent, a point not on the curve
  kReplaced,           ///< a later entry has the same kid; the later one counts
};
/// One sentence.
std::string_view describe(JwkSkip skip);

struct SkippedKey {
  size_t index = 0;  ///< in the document's `keys`, from 0
  std::string kid;   ///< "" when it has none
  JwkSkip reason{};
  std::string detail;  ///< what was seen, e.g. "use: enc", "RSA of 1024 bits"
};

struct VerificationKey {
  std::string kid;
  KeyType type{};
  crypto::PublicKey key;
};

/// The usable keys of one provider (RFC 7517), indexed by kid. A kid is an opaque string: it is compared
/// with this set's own, and never becomes a path, a URL or a key of anything shared between providers.
/// Immutable after parse; thread-safe; share it as shared_ptr<const KeySet>.
class KeySet {
 public:
  KeySet() = default;

  /// Reads a JWKS of at most kJwksBytesMax. One bad entry never spoils the others: it is listed in
  /// skipped(). kMalformed when the document is not a JSON object with a list `keys`; kTooLarge.
  static Result<KeySet> parse(std::string_view json);

  /// Null when no usable key has that kid.
  const VerificationKey* find(std::string_view kid) const;
  /// The only usable key, or null when there are none or several: for tokens without a kid.
  const VerificationKey* only_key() const { return keys_.size() == 1 ? &keys_.front() : nullptr; }
  /// More than kJwksKeysPerTypeMax entries of that type were published: none of them is to be used (AWS).
  bool is_disabled(KeyType type) const { return disabled_[static_cast<size_t>(type)]; }

  /// In the order of the document.
  const std::vector<VerificationKey>& keys() const { return keys_; }
  const std::vector<SkippedKey>& skipped() const { return skipped_; }
  /// The skipped entry with that kid, or null. For explanations.
  const SkippedKey* find_skipped(std::string_view kid) const;
  bool empty() const { return keys_.empty(); }

 private:
  void add(VerificationKey key, size_t index);

  std::vector<VerificationKey> keys_;
  std::vector<size_t> indexes_;  ///< of keys_, in the document
  std::unordered_map<std::string, size_t> by_kid_;  ///< position in keys_
  std::vector<SkippedKey> skipped_;
  std::array<bool, 2> disabled_{};
};

}  // namespace sluice::oidc
