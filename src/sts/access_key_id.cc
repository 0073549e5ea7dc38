#include "sts/access_key_id.h"

#include <algorithm>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace sluice::sts {
namespace {

constexpr std::string_view kSessionPrefix = "ASIA";
constexpr std::string_view kLongLivedPrefix = "AKIA";
constexpr std::string_view kOurMark = "SLU0";
constexpr size_t kIdLength = 20;
constexpr size_t kOwnCharacters = 12;  ///< 60 bits
constexpr size_t kSecretBytes = 30;    ///< 40 characters of base64

}  // namespace

AccessKeyKind classify_access_key_id(std::string_view id) {
  const bool is_session = id.starts_with(kSessionPrefix);
  if (!is_session && !id.starts_with(kLongLivedPrefix)) return AccessKeyKind::kForeign;
  const bool is_ours = id.size() == kIdLength && id.substr(4, 4) == kOurMark &&
                       std::ranges::all_of(id.substr(8), [](char c) { return crypto::kUniqueIdAlphabet.contains(c); });
  if (is_ours) return is_session ? AccessKeyKind::kSession : AccessKeyKind::kLongLived;
  return is_session ? AccessKeyKind::kForeignSession : AccessKeyKind::kForeign;
}

std::string session_access_key_id(std::string_view salt) {
  const std::string digest = crypto::sha256(std::string("sluice access key id\n").append(salt));
  std::string id = std::string(kSessionPrefix).append(kOurMark);
  for (size_t i = 0; i < kOwnCharacters; ++i) {
    id += crypto::kUniqueIdAlphabet[static_cast<unsigned char>(digest[i]) % crypto::kUniqueIdAlphabet.size()];
  }
  return id;
}

std::string make_long_lived_access_key_id() {
  return std::string(kLongLivedPrefix).append(kOurMark) +
         crypto::random_text(kOwnCharacters, crypto::kUniqueIdAlphabet);
}

std::string make_secret_access_key() { return base64_encode(crypto::random_bytes(kSecretBytes)); }

}  // namespace sluice::sts
