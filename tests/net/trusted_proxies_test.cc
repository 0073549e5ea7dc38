#include "net/trusted_proxies.h"

#include <gmock/gmock.h>

#include "base/limits.h"

namespace sluice::net {
namespace {

using testing::HasSubstr;

constexpr const char* kProxy = "10.0.0.7";

TrustedProxies proxies() { return TrustedProxies::parse({"10.0.0.0/8", "fd00::/8", "192.0.2.10"}).value(); }

http::Headers forwarded_for(std::initializer_list<const char*> fields) {
  http::Headers headers;
  for (const char* value : fields) headers.add("X-Forwarded-For", value);
  return headers;
}

struct Case {
  const char* peer;
  std::initializer_list<const char*> fields;
  const char* address;
  const char* why;
};

class Origin : public testing::TestWithParam<Case> {};

TEST_P(Origin, IsTheRightmostAddressThatIsNoProxyOrThePeer) {
  const auto& [peer, fields, address, why] = GetParam();
  const auto origin = proxies().origin(peer, forwarded_for(fields));
  EXPECT_EQ(origin.address, address) << why;
  EXPECT_EQ(origin.was_forwarded, std::string_view(peer) != address) << why;
}

const Case kCases[] = {
    {kProxy, {}, kProxy, "no header"},
    {kProxy, {"203.0.113.5"}, "203.0.113.5", "one hop"},
    {"fd00::1", {"203.0.113.5"}, "203.0.113.5", "a proxy over IPv6"},
    {"::ffff:10.0.0.7", {"203.0.113.5"}, "203.0.113.5", "a mapped peer is its IPv4 self"},
    {"192.0.2.10", {"203.0.113.5"}, "203.0.113.5", "a proxy named by its address"},
    {kProxy, {"2001:db8::9"}, "2001:db8::9", "a client over IPv6"},
    {kProxy, {"  203.0.113.5\t"}, "203.0.113.5", "blanks around"},

    // Peers that are nobody's proxy say what they like.
    {"198.51.100.1", {"203.0.113.5"}, "198.51.100.1", "not a proxy"},
    {"192.0.2.11", {"127.0.0.1"}, "192.0.2.11", "beside a proxy"},
    {"11.0.0.7", {"10.0.0.1"}, "11.0.0.7", "outside the network by one bit"},
    {"", {"203.0.113.5"}, "", "a peer that is not known"},

    // What the client wrote stands left of what the proxy added.
    {kProxy, {"127.0.0.1, 203.0.113.5"}, "203.0.113.5", "spoofed in the same field"},
    {kProxy, {"127.0.0.1", "203.0.113.5"}, "203.0.113.5", "spoofed in a field of its own"},
    {kProxy, {"10.9.9.9, 203.0.113.5"}, "203.0.113.5", "spoofed as a proxy"},
    {kProxy, {"1.1.1.1, 203.0.113.5, 10.0.0.8, 10.0.0.9"}, "203.0.113.5", "two more proxies of ours"},
    {kProxy, {"1.1.1.1, 203.0.113.5", "10.0.0.8", "10.0.0.9"}, "203.0.113.5", "the same in three fields"},
    {kProxy, {"1.1.1.1, 203.0.113.5, ::ffff:10.0.0.8"}, "203.0.113.5", "a mapped proxy is stepped over"},
    {kProxy, {"garbage, 203.0.113.5"}, "203.0.113.5", "garbage left of the client is the client's"},
    {kProxy, {",,,,203.0.113.5"}, "203.0.113.5", "empty elements left of the client"},
    {kProxy, {"203.0.113.5, 198.51.100.4"}, "198.51.100.4", "an unlisted proxy is the client"},

    // Doubt ends at the peer.
    {kProxy, {"10.0.0.8, 10.0.0.9"}, kProxy, "proxies alone"},
    {kProxy, {"203.0.113.5, "}, kProxy, "an empty last element"},
    {kProxy, {""}, kProxy, "an empty field"},
    {kProxy, {"203.0.113.5", ""}, kProxy, "an empty last field"},
    {kProxy, {","}, kProxy, "a comma alone"},
    {kProxy, {"unknown"}, kProxy, "RFC 7239's word"},
    {kProxy, {"203.0.113.5, unknown, 10.0.0.8"}, kProxy, "garbage between proxies"},
    {kProxy, {"203.0.113.5 10.0.0.8"}, kProxy, "blanks instead of commas"},
    {kProxy, {"203.0.113.5;10.0.0.8"}, kProxy, "semicolons"},
    {kProxy, {"203.0.113.005"}, kProxy, "leading zeros, which some readers take for octal"},
    {kProxy, {"203.0.113"}, kProxy, "short form"},
    {kProxy, {"0xcb007105"}, kProxy, "hexadecimal"},
    {kProxy, {"203.0.113.5/32"}, kProxy, "a network"},
    {kProxy, {"\"203.0.113.5\""}, kProxy, "quoted"},
    {kProxy, {"for=203.0.113.5"}, kProxy, "RFC 7239's form"},
    {kProxy, {"fe80::1%eth0"}, kProxy, "a zone"},

    // Ports.
    {kProxy, {"203.0.113.5:4711"}, "203.0.113.5", "Azure Application Gateway"},
    {kProxy, {"[2001:db8::9]:4711"}, "2001:db8::9", "a bracketed address with a port"},
    {kProxy, {"[2001:db8::9]"}, "2001:db8::9", "a bracketed address"},
    {kProxy, {"2001:db8::9:4711"}, "2001:db8::9:4711", "without brackets the rest is address"},
    {kProxy, {"203.0.113.5:"}, kProxy, "no port after the colon"},
    {kProxy, {"203.0.113.5:http"}, kProxy, "a port by name"},
    {kProxy, {"203.0.113.5:123456"}, kProxy, "a port too long"},
    {kProxy, {"[203.0.113.5]"}, kProxy, "IPv4 in brackets"},
    {kProxy, {"[2001:db8::9"}, kProxy, "a bracket left open"},
    {kProxy, {"[2001:db8::9]x"}, kProxy, "more after the bracket"},
    {kProxy, {"[]:1"}, kProxy, "nothing in brackets"},
    {kProxy, {"::ffff:203.0.113.5"}, "203.0.113.5", "mapped IPv4 is IPv4, or a policy on IPv4 would miss it"},
};

INSTANTIATE_TEST_SUITE_P(TrustedProxies, Origin, testing::ValuesIn(kCases));

TEST(TrustedProxies, WithoutAnyEveryHeaderIsIgnored) {
  auto headers = forwarded_for({"203.0.113.5"});
  headers.add("X-Forwarded-Proto", "https");
  const auto origin = TrustedProxies::parse({}).value().origin("127.0.0.1", headers);
  EXPECT_EQ(origin.address, "127.0.0.1");
  EXPECT_FALSE(origin.is_forwarded_tls);
}

TEST(TrustedProxies, ALongChainEndsAtThePeer) {
  std::string chain = "203.0.113.5";
  for (size_t i = 1; i < limits::kForwardedHopsMax; ++i) chain += ",10.0.0.8";
  EXPECT_EQ(proxies().origin(kProxy, forwarded_for({chain.c_str()})).address, "203.0.113.5");
  chain += ",10.0.0.8";
  EXPECT_EQ(proxies().origin(kProxy, forwarded_for({chain.c_str()})).address, kProxy);
}

TEST(TrustedProxies, TlsIsBelievedOfAProxyThatSaysNothingElse) {
  const auto says_tls = [](const char* peer, std::initializer_list<const char*> fields) {
    http::Headers headers;
    for (const char* value : fields) headers.add("x-forwarded-proto", value);
    return proxies().origin(peer, headers).is_forwarded_tls;
  };
  EXPECT_TRUE(says_tls(kProxy, {"https"}));
  EXPECT_TRUE(says_tls(kProxy, {"HTTPS"}));
  EXPECT_TRUE(says_tls(kProxy, {"https, https"}));
  EXPECT_FALSE(says_tls(kProxy, {}));
  EXPECT_FALSE(says_tls(kProxy, {""}));
  EXPECT_FALSE(says_tls(kProxy, {"http"}));
  EXPECT_FALSE(says_tls(kProxy, {"https, http"}));
  EXPECT_FALSE(says_tls(kProxy, {"http, https"}));
  EXPECT_FALSE(says_tls(kProxy, {"https", "http"}));
  EXPECT_FALSE(says_tls(kProxy, {"httpsx"}));
  EXPECT_FALSE(says_tls("198.51.100.1", {"https"})) << "not a proxy";
}

TEST(TrustedProxies, NamesTheNetworkThatIsNone) {
  const auto parsed = TrustedProxies::parse({"10.0.0.0/8", "10.0.0.0/33"});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(parsed.error().message, HasSubstr("'10.0.0.0/33'"));
}

}  // namespace
}  // namespace sluice::net
