#include "base/utf8.h"

#include "base/coding.h"

namespace sluice {
namespace {

struct Form {
  size_t length;
  unsigned char second_min;
  unsigned char second_max;
};

// Table 3-7 of the Unicode standard: the second byte's range shuts out overlong forms, surrogates and
// everything above U+10FFFF; length 0 means that no sequence starts so.
Form form_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, 0};
  if (lead < 0xc2) return {0, 0, 0};
  if (lead < 0xe0) return {2, 0x80, 0xbf};
  if (lead == 0xe0) return {3, 0xa0, 0xbf};
  if (lead == 0xed) return {3, 0x80, 0x9f};
  if (lead < 0xf0) return {3, 0x80, 0xbf};
  if (lead == 0xf0) return {4, 0x90, 0xbf};
  if (lead < 0xf4) return {4, 0x80, 0xbf};
  if (lead == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

}  // namespace

bool is_ascii(std::string_view text) {
  uint64_t bits = 0;
  size_t at = 0;
  for (; at + sizeof bits <= text.size(); at += sizeof bits) bits |= load_le<uint64_t>(text.data() + at);
  for (; at < text.size(); ++at) bits |= static_cast<unsigned char>(text[at]);
  return (bits & 0x8080'8080'8080'8080) == 0;
}

Utf8Step next_utf8(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const Form form = form_of(byte(0));
  if (form.length == 1) return {byte(0), 1, true};
  constexpr Utf8Step kInvalid = {0xfffd, 1, false};
  if (form.length == 0 || text.size() < form.length) return kInvalid;
  if (byte(1) < form.second_min || byte(1) > form.second_max) return kInvalid;
  char32_t code_point = byte(0) & (0x7fu >> form.length);
  for (size_t i = 1; i < form.length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return kInvalid;
    code_point = (code_point << 6) | (byte(i) & 0x3fu);
  }
  return {code_point, form.length, true};
}

std::string_view utf8_prefix(std::string_view text, size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

}  // namespace sluice
