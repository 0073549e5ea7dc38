#include "net/address_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::net {
namespace {

using testing::HasSubstr;

TEST(IpAddressTest, ReadsStrictlyAndPrintsCanonically) {
  for (const auto& [text, printed] : {std::pair{"192.0.2.1", "192.0.2.1"},
                                      {"::1", "::1"},
                                      {"2001:DB8:0:0::1", "2001:db8::1"},
                                      {"::ffff:1.2.3.4", "::ffff:1.2.3.4"}}) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), printed);
  }
  for (const char* text : {"", "1.2.3", "127.1", "0177.0.0.1", "0x7f.0.0.1", "2130706433", "1.2.3.4 ", "1.2.3.256",
                           "fe80::1%eth0", "[::1]", ":::", "localhost", "1.2.3.4/8"}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
  EXPECT_FALSE(IpAddress::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST(IpNetworkTest, ReadsNetworksAndRefusesHostBits) {
  EXPECT_TRUE(IpNetwork::parse("10.0.0.0/8")->contains(*IpAddress::parse("10.255.0.1")));
  EXPECT_FALSE(IpNetwork::parse("10.0.0.0/8")->contains(*IpAddress::parse("11.0.0.0")));
  EXPECT_TRUE(IpNetwork::parse("10.128.0.0/9")->contains(*IpAddress::parse("10.200.0.1")));
  EXPECT_FALSE(IpNetwork::parse("10.128.0.0/9")->contains(*IpAddress::parse("10.127.0.1")));
  EXPECT_TRUE(IpNetwork::parse("0.0.0.0/0")->contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_FALSE(IpNetwork::parse("::/0")->contains(*IpAddress::parse("8.8.8.8")));
  EXPECT_TRUE(IpNetwork::parse("127.0.0.1")->contains(*IpAddress::parse("127.0.0.1")));
  for (const char* text :
       {"10.1.0.0/8", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "fd00::1/8", "fd00::/129", "x/8", "10.0.0.0/8x"}) {
    const auto network = IpNetwork::parse(text);
    ASSERT_FALSE(network) << text;
    EXPECT_THAT(network.error().message, HasSubstr(text));
  }
}

struct Case {
  const char* address;
  const char* reason;  ///< nullptr: passes with nothing allowed
};

class AddressPolicyTest : public testing::TestWithParam<Case> {};

TEST_P(AddressPolicyTest, DeniesWhatIsNotPublic) {
  const auto address = IpAddress::parse(GetParam().address);
  ASSERT_TRUE(address);
  const auto checked = check_address(*address, {});
  if (!GetParam().reason) {
    EXPECT_TRUE(checked) << checked.error().message;
    return;
  }
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::kPermissionDenied);
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().address));
  EXPECT_THAT(checked.error().message, HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, AddressPolicyTest,
    testing::Values(Case{"8.8.8.8", nullptr}, Case{"52.94.236.248", nullptr}, Case{"2606:4700::1111", nullptr},
                    Case{"2a00:1450::1", nullptr}, Case{"9.255.255.255", nullptr}, Case{"11.0.0.0", nullptr},
                    Case{"172.15.255.255", nullptr}, Case{"172.32.0.0", nullptr}, Case{"100.63.255.255", nullptr},
                    Case{"100.128.0.0", nullptr}, Case{"169.253.255.255", nullptr}, Case{"223.255.255.255", nullptr},
                    Case{"0.0.0.0", "this network"}, Case{"0.1.2.3", "this network"}, Case{"10.0.0.0", "private"},
                    Case{"10.255.255.255", "private"}, Case{"100.64.0.0", "carrier-grade NAT"},
                    Case{"100.127.255.255", "carrier-grade NAT"}, Case{"127.0.0.1", "loopback"},
                    Case{"127.255.255.254", "loopback"}, Case{"169.254.169.254", "metadata"},
                    Case{"168.63.129.16", "Azure"}, Case{"172.16.0.0", "private"}, Case{"172.31.255.255", "private"},
                    Case{"192.0.0.192", "IETF"}, Case{"192.0.2.1", "documentation"}, Case{"192.168.1.1", "private"},
                    Case{"198.18.0.1", "benchmarking"}, Case{"198.19.255.255", "benchmarking"},
                    Case{"198.51.100.1", "documentation"}, Case{"203.0.113.1", "documentation"},
                    Case{"224.0.0.1", "multicast"}, Case{"239.255.255.255", "multicast"}, Case{"240.0.0.1", "reserved"},
                    Case{"255.255.255.255", "broadcast"}, Case{"::", "unspecified"}, Case{"::1", "loopback"},
                    Case{"fc00::1", "unique local"}, Case{"fd12:3456::1", "unique local"},
                    Case{"fd00:ec2::254", "metadata"}, Case{"fe80::1", "link-local"}, Case{"febf::1", "link-local"},
                    Case{"fec0::1", "site-local"}, Case{"ff02::1", "multicast"}, Case{"100::1", "discard"},
                    Case{"2001:db8::1", "documentation"}, Case{"3fff::1", "documentation"},
                    Case{"4000::1", "global unicast"}, Case{"64:ff9b:1::1", "NAT64"},
                    // Forms that carry an IPv4 address.
                    Case{"::ffff:127.0.0.1", "loopback"}, Case{"::ffff:10.0.0.1", "private"},
                    Case{"::ffff:169.254.169.254", "metadata"}, Case{"::ffff:8.8.8.8", "IPv4-mapped"},
                    Case{"::127.0.0.1", "loopback"}, Case{"::8.8.8.8", "IPv4-compatible"},
                    Case{"64:ff9b::7f00:1", "loopback"}, Case{"64:ff9b::a9fe:a9fe", "metadata"},
                    Case{"64:ff9b::808:808", nullptr}, Case{"2002:7f00:1::", "loopback"},
                    Case{"2002:a9fe:a9fe::1", "metadata"}, Case{"2002:808:808::1", "6to4"},
                    Case{"2001:0:4136:e378:8000:63bf:f5ff:fffe", "private"},  // Teredo of 10.0.0.1
                    Case{"2001::1", "Teredo"}));

TEST(AddressPolicyTest, AllowsWhatIsNamedAndNoMore) {
  struct Row {
    const char* address;
    const char* allowed;
    bool passes;
  };
  const Row rows[] = {
      {"10.1.2.3", "10.0.0.0/8", true},
      {"10.1.2.3", "10.1.2.0/24", true},
      {"10.1.3.3", "10.1.2.0/24", false},
      {"127.0.0.1", "127.0.0.1", true},
      {"127.0.0.1", "::1", false},
      {"::1", "::1/128", true},
      {"fd00::1", "fd00::/8", true},
      {"10.1.2.3", "0.0.0.0/0", true},
      // Metadata services open only to who names them.
      {"169.254.169.254", "0.0.0.0/0", false},
      {"169.254.169.254", "169.254.169.254/32", true},
      {"169.254.169.254", "169.254.0.0/16", true},
      {"fd00:ec2::254", "fc00::/7", false},
      {"fe80::1", "::/0", false},
      {"fe80::1", "fe80::/64", true},
      // Never.
      {"0.0.0.0", "0.0.0.0/0", false},
      {"0.0.0.0", "0.0.0.0", false},
      {"224.0.0.1", "224.0.0.0/4", false},
      {"255.255.255.255", "255.255.255.255", false},
      {"::", "::/0", false},
      {"ff02::1", "ff00::/8", false},
      // Embedded IPv4 follows the IPv4 address.
      {"::ffff:10.0.0.1", "10.0.0.0/8", true},
      {"::ffff:10.0.0.1", "::ffff:10.0.0.0/104", true},
      {"::ffff:10.0.0.1", "::/0", false},
      {"64:ff9b::a00:1", "10.0.0.0/8", true},
      {"64:ff9b::a9fe:a9fe", "64:ff9b::/96", false},
      {"64:ff9b::a9fe:a9fe", "169.254.169.254", true},
      {"::ffff:0.0.0.0", "::ffff:0:0/96", false},
      {"::ffff:8.8.8.8", "8.8.8.8", true},
      {"::ffff:8.8.8.8", "::ffff:0:0/96", true},
  };
  for (const auto& row : rows) {
    const auto checked = check_address(*IpAddress::parse(row.address), {*IpNetwork::parse(row.allowed)});
    EXPECT_EQ(checked.has_value(), row.passes) << row.address << " with " << row.allowed;
  }
}

TEST(AddressPolicyTest, FindsEmbeddedAddresses) {
  struct Row {
    const char* address;
    const char* embedded;  ///< nullptr: none
  };
  for (const auto& [address, embedded] :
       {Row{"::ffff:1.2.3.4", "1.2.3.4"}, Row{"::1.2.3.4", "1.2.3.4"}, Row{"64:ff9b::102:304", "1.2.3.4"},
        Row{"2002:102:304::", "1.2.3.4"}, Row{"2001:0:0:0:0:0:fefd:fcfb", "1.2.3.4"}, Row{"::1", nullptr},
        Row{"::", nullptr}, Row{"2001:db8::1", nullptr}, Row{"1.2.3.4", nullptr}}) {
    const auto found = embedded_ipv4(*IpAddress::parse(address));
    ASSERT_EQ(found.has_value(), embedded != nullptr) << address;
    if (found) EXPECT_EQ(found->to_string(), embedded) << address;
  }
}

}  // namespace
}  // namespace sluice::net
