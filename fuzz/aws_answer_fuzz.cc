// uses: awsclient
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "awsclient/answer.h"
#include "awsclient/credentials.h"
#include "base/check.h"

/// What a service, or a proxy in front of it, may answer; and a credentials file.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto refused = sluice::awsclient::to_answer({400, {}, text});
  SLUICE_CHECK(!refused.ok(), "a failure has a code, whatever its body is");
  for (const char c : refused.to_error().message) SLUICE_CHECK(c == '\t' || !(c >= 0 && c < ' '), "printable");
  (void)sluice::awsclient::xml_texts(text, "AssumeRoleWithWebIdentityResult/Credentials/AccessKeyId");
  if (const auto found = sluice::awsclient::parse_shared_credentials(text, "default", "f")) {
    SLUICE_CHECK(!found->access_key_id.empty() && !found->secret_access_key.empty(), "complete");
  }
  return 0;
}
