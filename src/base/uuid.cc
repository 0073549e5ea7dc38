#include "base/uuid.h"

#include <string_view>

#include "base/encoding.h"

namespace sluice {

std::string format_uuid_v4(std::array<uint8_t, 16> random) {
  random[6] = static_cast<uint8_t>((random[6] & 0x0f) | 0x40);
  random[8] = static_cast<uint8_t>((random[8] & 0x3f) | 0x80);
  std::string text = hex_encode(std::string_view(reinterpret_cast<const char*>(random.data()), random.size()));
  for (const size_t at : {8u, 13u, 18u, 23u}) text.insert(at, 1, '-');
  return text;
}

}  // namespace sluice
