// uses: oidc
// A web identity token comes from anybody. Whatever parses must keep the promises of oidc/jwt.h, and without keys
// nothing is ever verified.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "oidc/verify.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::oidc;
  const std::string_view token(reinterpret_cast<const char*>(data), size);
  const auto jwt = Jwt::parse(token);
  if (!jwt) {
    SLUICE_CHECK(stage(jwt.error().refusal) == JwtStage::kStructure, "a refusal of structure");
    SLUICE_CHECK(!wire_answer(jwt.error()).message.empty(), "an answer for the caller");
    return 0;
  }
  const JwtClaims& claims = jwt->claims();
  SLUICE_CHECK(!claims.subject.empty() && !claims.audiences.empty(), "somebody, for somebody");
  SLUICE_CHECK(claims.issued_at >= 0 && claims.expires_at >= 0, "times after 1970");
  SLUICE_CHECK(token.starts_with(jwt->signing_input()), "what was signed is the token's beginning");
  const VerifyRules rules{.issuer = claims.issuer, .client_ids = claims.audiences};
  SLUICE_CHECK(!verify(*jwt, KeySet(), rules, claims.issued_at).has_value(), "no keys, no verification");
  return 0;
}
