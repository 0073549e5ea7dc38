#include "base/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/utf8.h"

namespace sluice {
namespace {

using namespace std::string_literals;
using ::testing::Optional;

TEST(Hex, RoundTripsEveryByteAndRefusesTheRest) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  EXPECT_THAT(hex_decode(hex_encode(bytes)), Optional(bytes));
  EXPECT_EQ(hex_encode("\x00\xff\x1a"s), "00ff1a");
  EXPECT_THAT(hex_decode("00FF1a"), Optional("\x00\xff\x1a"s));
  for (const auto* text : {"0", "0g", "g0", " 0", "0x"}) EXPECT_EQ(hex_decode(text), std::nullopt) << text;
}

// RFC 4648 section 10.
TEST(Base64, EncodesTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : rows) {
    EXPECT_EQ(base64_encode(plain), encoded);
    EXPECT_THAT(base64_decode(encoded), Optional(std::string(plain)));
    std::string unpadded = encoded;
    while (unpadded.ends_with('=')) unpadded.pop_back();
    EXPECT_EQ(base64url_encode(plain), unpadded);
    EXPECT_THAT(base64url_decode(unpadded), Optional(std::string(plain)));
  }
}

TEST(Base64, UsesItsOwnAlphabet) {
  EXPECT_EQ(base64_encode("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(base64url_encode("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(base64_decode("-__-"), std::nullopt);
  EXPECT_EQ(base64url_decode("+//+"), std::nullopt);
}

TEST(Base64, RefusesWhatIsNotTheOneEncoding) {
  for (const auto* text :
       {"Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zg==Zg==", "Zg==\n", " Zg==", "Zm 9v"}) {
    EXPECT_EQ(base64_decode(text), std::nullopt) << text;
  }
  for (const auto* text : {"Z", "Zg==", "Zh", "Zm9", "Zm9vZ", "Zm9v\n", "Zm.v"}) {
    EXPECT_EQ(base64url_decode(text), std::nullopt) << text;
  }
}

TEST(PercentEncoding, KeepsOnlyUnreservedCharacters) {
  EXPECT_EQ(percent_encode("AZaz09-._~"), "AZaz09-._~");
  EXPECT_EQ(percent_encode("a b/c+d\xc3\xa9*"), "a%20b%2Fc%2Bd%C3%A9%2A");
  EXPECT_EQ(percent_encode("/a b/", true), "/a%20b/");
}

TEST(PercentEncoding, DecodesAndRefusesBrokenEscapes) {
  EXPECT_THAT(percent_decode("a%2Fb%c3%A9+"), Optional("a/b\xc3\xa9+"s));
  EXPECT_THAT(percent_decode("a+b%2B", true), Optional("a b+"s));
  for (const auto* text : {"%", "%2", "%2g", "%g2", "a%", "%%20"})
    EXPECT_EQ(percent_decode(text), std::nullopt) << text;
}

TEST(Utf8, AcceptsWellFormedTextOnly) {
  for (const auto& text : {"", "a", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
                           "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_valid_utf8(text)) << hex_encode(text);
  }
  for (const auto& text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_valid_utf8(text)) << hex_encode(text);
  }
}

TEST(Utf8, JudgesEveryByteOfLongerText) {
  const std::string ascii = "node_filesystem_avail";
  EXPECT_TRUE(is_valid_utf8(ascii));
  for (size_t i = 0; i <= ascii.size(); ++i) {
    EXPECT_TRUE(is_valid_utf8(std::string(ascii).insert(i, "\xc3\xa9"))) << i;
    EXPECT_FALSE(is_valid_utf8(std::string(ascii).insert(i, "\xc3"))) << i;
  }
}

TEST(Utf8, CountsUtf16UnitsAsAwsDoes) {
  EXPECT_EQ(utf16_length("abc"), 3u);
  EXPECT_EQ(utf16_length("\xc3\xa9\xe2\x82\xac"), 2u);
  EXPECT_EQ(utf16_length("\xf0\x9f\x98\x80"), 2u);
}

TEST(Utf8, PrefixNeverCutsACharacter) {
  EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 4), "a\xe2\x82\xac");
  EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 3), "a");
  EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 2), "a");
  EXPECT_EQ(utf8_prefix("a\xe2\x82\xac", 0), "");
}

TEST(Printable, EscapesWhatWouldDeceiveATerminal) {
  EXPECT_EQ(printable("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(printable("a\nb\x1b[31m\x7f"), "a\\u{0a}b\\u{1b}[31m\\u{7f}");
  EXPECT_EQ(printable("\xe2\x80\xae"
                      "evil"),
            "\\u{202e}evil");
  EXPECT_EQ(printable("\xff\xc2\x85"), "\\xff\\u{85}");
  EXPECT_EQ(printable("\0x"s), "\\u{00}x");
}

TEST(Printable, CutsBetweenCharactersAndEscapes) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("a\xe2\x82\xac", 3), "a...");
  EXPECT_EQ(printable("a\n", 4), "a...");
}

TEST(Ascii, LowersAndComparesWithoutCase) {
  EXPECT_EQ(ascii_lower("X-Amz-\xc3\x89Z"), "x-amz-\xc3\x89z");
  EXPECT_TRUE(ascii_iequals("Host", "hOST"));
  EXPECT_FALSE(ascii_iequals("Host", "Hos"));
  EXPECT_FALSE(ascii_iequals("a[", "A{"));
  EXPECT_EQ(trim(" \t a b \t"), "a b");
  EXPECT_EQ(trim(" \t "), "");
}

}  // namespace
}  // namespace sluice
