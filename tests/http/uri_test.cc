#include "http/uri.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using testing::HasSubstr;

TEST(UriTest, SplitsAbsoluteUris) {
  struct Case {
    const char* text;
    const char* scheme;
    const char* host;
    uint16_t port;
    bool explicit_port;
    const char* target;
    const char* host_header;
  };
  const Case cases[] = {
      {"https://sts.amazonaws.com", "https", "sts.amazonaws.com", 443, false, "/", "sts.amazonaws.com"},
      {"HTTPS://Example.org:443/a/b?c=%20", "https", "Example.org", 443, true, "/a/b?c=%20", "Example.org"},
      {"http://127.0.0.1:9009/", "http", "127.0.0.1", 9009, true, "/", "127.0.0.1:9009"},
      {"http://h?x=1", "http", "h", 80, false, "/?x=1", "h"},
      {"https://[2001:db8::1]:8443/x", "https", "2001:db8::1", 8443, true, "/x", "[2001:db8::1]:8443"},
      {"https://[::1]", "https", "::1", 443, false, "/", "[::1]"},
      {"http://h:443/", "http", "h", 443, true, "/", "h:443"},
      {"https://oidc.eks.us-east-1.amazonaws.com/id/ABC/", "https", "oidc.eks.us-east-1.amazonaws.com", 443, false,
       "/id/ABC/", "oidc.eks.us-east-1.amazonaws.com"},
  };
  for (const auto& c : cases) {
    const auto uri = Uri::parse(c.text);
    ASSERT_TRUE(uri) << c.text << ": " << uri.error().message;
    EXPECT_EQ(uri->scheme, c.scheme) << c.text;
    EXPECT_EQ(uri->host, c.host) << c.text;
    EXPECT_EQ(uri->port, c.port) << c.text;
    EXPECT_EQ(uri->has_explicit_port, c.explicit_port) << c.text;
    EXPECT_EQ(uri->target, c.target) << c.text;
    EXPECT_EQ(uri->host_header(), c.host_header) << c.text;
  }
}

TEST(UriTest, RefusesWhatReadersWouldDisagreeOn) {
  struct Case {
    std::string text;
    const char* reason;
  };
  const Case cases[] = {
      {"", "must start with"},
      {"example.org", "must start with"},
      {"//example.org/", "must start with"},
      {"ftp://example.org/", "scheme 'ftp'"},
      {"file:///etc/passwd", "scheme 'file'"},
      {"https://user@example.org/", "user information"},
      {"https://good.example@127.0.0.1/", "user information"},
      {"https://example.org/#frag", "fragment"},
      {"https:///path", "no host"},
      {"https://:443/", "no host"},
      {"https://example.org:/", "port ''"},
      {"https://example.org:0/", "port '0'"},
      {"https://example.org:65536/", "port '65536'"},
      {"https://example.org:+1/", "port '+1'"},
      {"https://example.org:44a/", "port '44a'"},
      {"https://a:1:2/", "port '1:2'"},
      {"https://[::1/", "not closed"},
      {"https://[::1]x/", "after ']'"},
      {"https://[fe80::1%25eth0]/", "character that is not allowed"},
      {"https://exa%6Dple.org/", "character that is not allowed"},
      {"https://a,b/", "character that is not allowed"},
      {"https://example.org/a b", "0x20"},
      {"https://example.org/a\tb", "0x09"},
      {"https://example.org/\r\nX: y", "0x0d"},
      {std::string("https://example.org/\0", 21), "0x00"},
      {"https://ex\xc3\xa4mple.org/", "0xc3"},
      {"https:\\\\example.org/", "backslash"},
      {"https://example.org\\@evil/", "backslash"},
      {"https://" + std::string(300, 'a') + "/", "host has 300 bytes"},
      {"https://example.org/" + std::string(40'000, 'a'), "the limit is"},
  };
  for (const auto& c : cases) {
    const auto uri = Uri::parse(c.text);
    ASSERT_FALSE(uri) << c.text;
    EXPECT_EQ(uri.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(uri.error().message, HasSubstr(c.reason)) << c.text;
  }
}

}  // namespace
}  // namespace sluice::http
