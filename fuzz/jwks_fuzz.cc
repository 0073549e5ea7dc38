// uses: oidc
// Key sets and discovery documents come from hosts that whoever registers a provider chooses.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/limits.h"
#include "oidc/discovery.h"
#include "oidc/jwk.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto keys = oidc::KeySet::parse(text)) {
    SLUICE_CHECK(keys->keys().size() <= 2 * limits::kJwksKeysPerTypeMax, "bounded");
    for (const auto& key : keys->keys()) SLUICE_CHECK(keys->find(key.kid) == &key, "found by its kid");
    for (const auto& skipped : keys->skipped()) SLUICE_CHECK(!describe(skipped.reason).empty(), "a reason each");
  }
  if (const auto discovery = oidc::parse_discovery(text, "https://issuer.example/")) {
    SLUICE_CHECK(discovery->issuer == "https://issuer.example/", "no other issuer");
    SLUICE_CHECK(discovery->jwks_uri.starts_with("https://"), "no other scheme");
  }
  return 0;
}
