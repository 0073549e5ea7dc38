// uses: backup
// A manifest is refused with a reason, or names files inside the backup alone and reads back from what is written of
// it.
#include <cstdint>
#include <string_view>

#include "backup/manifest.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  const auto manifest = backup::parse_manifest({reinterpret_cast<const char*>(data), size});
  if (!manifest) {
    SLUICE_CHECK(!manifest.error().message.empty(), "a refusal says why");
    return 0;
  }
  for (const auto& file : manifest->files) {
    SLUICE_CHECK(!file.path.starts_with('/') && ("/" + file.path + "/").find("/../") == std::string::npos,
                 "paths stay inside");
  }
  const auto again = backup::parse_manifest(backup::to_json(*manifest));
  SLUICE_CHECK(again && *again == *manifest, "it reads back");
  return 0;
}
