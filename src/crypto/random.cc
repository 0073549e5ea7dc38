#include "crypto/random.h"

#include <array>
#include <climits>
#include <cstring>

#include <openssl/rand.h>

#include "base/check.h"
#include "base/uuid.h"
#include "crypto/openssl.h"

namespace sluice::crypto {

std::string random_bytes(size_t size) {
  std::string out(size, '\0');
  SLUICE_CHECK(size <= INT_MAX && RAND_bytes(internal::as_bytes(out), static_cast<int>(size)) == 1,
               "the system's random source failed");
  return out;
}

Secret random_secret(size_t size) { return Secret(random_bytes(size)); }

std::string random_uuid() {
  std::array<uint8_t, 16> bytes{};
  const std::string random = random_bytes(bytes.size());
  std::memcpy(bytes.data(), random.data(), bytes.size());
  return format_uuid_v4(bytes);
}

std::string random_text(size_t size, std::string_view alphabet) {
  SLUICE_CHECK(!alphabet.empty() && alphabet.size() <= 256, "an alphabet of 1 to 256 characters");
  // Bytes past the last whole multiple of the alphabet are thrown away: taking them would favour its start.
  const size_t usable = 256 - 256 % alphabet.size();
  std::string out;
  out.reserve(size);
  while (out.size() < size) {
    const std::string random = random_bytes(size - out.size() + 8);
    for (const char c : random) {
      const auto byte = static_cast<unsigned char>(c);
      if (byte < usable && out.size() < size) out += alphabet[byte % alphabet.size()];
    }
  }
  return out;
}

}  // namespace sluice::crypto
