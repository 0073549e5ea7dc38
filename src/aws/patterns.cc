#include <algorithm>
#include <string_view>

#include "aws/validation.h"
#include "base/utf8.h"

/// The regular expressions of the STS, IAM and AMP models as plain code: each is one class repeated, or nearly so, and
/// a regex engine would be one more library on the path of unauthenticated input.
namespace sluice::aws::patterns {
namespace {

bool is_alnum(char32_t c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
bool is_one_of(char32_t c, std::string_view set) { return c < 0x80 && set.find(static_cast<char>(c)) != set.npos; }
bool is_word(char32_t c) { return is_alnum(c) || c == '_'; }

template <class Predicate>
bool all_characters(std::string_view text, Predicate is_member) {
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    if (!step.is_valid || !is_member(step.code_point)) return false;
    text.remove_prefix(step.length);
  }
  return true;
}

bool is_name_character(char32_t c) { return is_word(c) || is_one_of(c, "+=,.@-"); }
bool is_line_character(char32_t c) { return c == 0x9 || c == 0xA || c == 0xD; }

/// Letters, separators and digits outside ASCII are taken as all but controls, symbols, arrows, box drawing, private
/// use and pictographs: \p{L}\p{Z}\p{N} without a Unicode table. Marks (accents on their own) do not count, as in the
/// model.
bool is_letter_separator_or_number(char32_t c) {
  if (c < 0x80) return is_alnum(c) || c == ' ';
  if (c < 0xC0)
    return c == 0xA0 || c == 0xAA || c == 0xB2 || c == 0xB3 || c == 0xB5 || c == 0xB9 || c == 0xBA ||
           (c >= 0xBC && c <= 0xBE);
  if (c == 0xD7 || c == 0xF7) return false;                              // multiplication and division signs
  if (c >= 0x300 && c <= 0x36F) return false;                            // combining marks
  if (c == 0x61C || c == 0xFEFF) return false;                           // invisible: Arabic mark, byte order mark
  if (c >= 0x200B && c <= 0x206F) return c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F;  // and punctuation
  if (c >= 0x20A0 && c <= 0x20FF) return false;  // currency signs, marks for symbols
  if (c >= 0x2190 && c <= 0x2BFF) return c >= 0x2460 && c <= 0x249B;  // arrows to symbols, but numbers in circles
  if (c >= 0xE000 && c <= 0xF8FF) return false;  // private use
  if (c >= 0xFE00 && c <= 0xFE2F) return false;  // variation selectors, half marks
  if (c >= 0xFFF0 && c <= 0xFFFF) return false;  // specials
  if (c >= 0x1F000 && c <= 0x1FAFF) return c >= 0x1F100 && c <= 0x1F10C;  // pictographs, but numbers
  return c < 0xE0000;
}

bool is_tag_character(char32_t c) { return is_letter_separator_or_number(c) || is_one_of(c, "_.:/=+-@"); }

bool is_arn_character(char32_t c) {
  // The model's \u10000-\u10FFFF reads as four-digit escapes in the service, so characters beyond the BMP are refused.
  return is_line_character(c) || (c >= 0x20 && c <= 0x7E) || c == 0x85 || (c >= 0xA0 && c <= 0xD7FF) ||
         (c >= 0xE000 && c <= 0xFFFD);
}

bool is_path(std::string_view text) {
  if (text == "/") return true;
  return text.size() >= 3 && text.front() == '/' && text.back() == '/' &&
         all_characters(text, [](char32_t c) { return c >= 0x21 && c <= 0x7E; });
}

bool is_policy_path(std::string_view text) {
  if (text.empty() || text.front() != '/' || text.back() != '/') return false;
  return text.find("//") == std::string_view::npos &&
         all_characters(text, [](char32_t c) { return is_alnum(c) || is_one_of(c, "/.,+@=_-"); });
}

bool is_path_prefix(std::string_view text) {
  return text.starts_with('/') && all_characters(text.substr(1), [](char32_t c) { return c >= 0x21 && c <= 0x7F; });
}

bool is_version_id(std::string_view text) {
  if (text.size() < 2 || text[0] != 'v' || text[1] < '1' || text[1] > '9') return false;
  text.remove_prefix(2);
  while (!text.empty() && text[0] >= '0' && text[0] <= '9') text.remove_prefix(1);
  if (text.empty()) return true;
  return text[0] == '.' && all_characters(text.substr(1), [](char32_t c) { return is_alnum(c) || c == '-'; });
}

bool is_document(std::string_view text) {
  return !text.empty() &&
         all_characters(text, [](char32_t c) { return is_line_character(c) || (c >= 0x20 && c <= 0xFF); });
}

bool is_role_description(std::string_view text) {
  return all_characters(
      text, [](char32_t c) { return is_line_character(c) || (c >= 0x20 && c <= 0x7E) || (c >= 0xA1 && c <= 0xFF); });
}

}  // namespace

constexpr Pattern kNameCharacters{
    R"([\w+=,.@-]+)", [](std::string_view t) { return !t.empty() && all_characters(t, is_name_character); }};
constexpr Pattern kSessionName{R"([\w+=,.@-]*)",
                               [](std::string_view t) { return all_characters(t, is_name_character); }};
constexpr Pattern kArn{R"([\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+)",
                       [](std::string_view t) { return !t.empty() && all_characters(t, is_arn_character); }};
constexpr Pattern kPath{R"((\u002F)|(\u002F[\u0021-\u007E]+\u002F))", is_path};
constexpr Pattern kPolicyPath{R"(((/[A-Za-z0-9\.,\+@=_-]+)*)/)", is_policy_path};
constexpr Pattern kPathPrefix{R"(\u002F[\u0021-\u007F]*)", is_path_prefix};
constexpr Pattern kPolicyDocument{R"([\u0009\u000A\u000D\u0020-\u00FF]+)", is_document};
constexpr Pattern kRoleDescription{R"([\u0009\u000A\u000D\u0020-\u007E\u00A1-\u00FF]*)", is_role_description};
constexpr Pattern kMarker{R"([\u0020-\u00FF]+)", [](std::string_view t) {
                            return !t.empty() && all_characters(t, [](char32_t c) { return c >= 0x20 && c <= 0xFF; });
                          }};
constexpr Pattern kVersionId{R"(v[1-9][0-9]*(\.[A-Za-z0-9-]*)?)", is_version_id};
constexpr Pattern kTagKey{R"([\p{L}\p{Z}\p{N}_.:/=+\-@]+)",
                          [](std::string_view t) { return !t.empty() && all_characters(t, is_tag_character); }};
constexpr Pattern kTagValue{R"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
                            [](std::string_view t) { return all_characters(t, is_tag_character); }};
constexpr Pattern kExternalId{R"([\w+=,.@:\/-]*)", [](std::string_view t) {
                                return all_characters(
                                    t, [](char32_t c) { return is_word(c) || is_one_of(c, "+=,.@:/-"); });
                              }};
constexpr Pattern kClientToken{R"([!-~]+)", [](std::string_view t) {
                                 return !t.empty() &&
                                        all_characters(t, [](char32_t c) { return c >= '!' && c <= '~'; });
                               }};

}  // namespace sluice::aws::patterns
