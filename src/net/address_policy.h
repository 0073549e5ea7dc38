#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sluice::net {

/// An IPv4 or IPv6 address: 4 or 16 bytes in network order. No zone, no port.
struct IpAddress {
  std::array<uint8_t, 16> bytes{};
  bool is_v6 = false;

  /// Strict: dotted decimal without leading zeros ("0177.0.0.1" and "127.1" are refused), or RFC 4291 text
  /// without a zone. kInvalidArgument quoting the text.
  static Result<IpAddress> parse(std::string_view text);
  std::string to_string() const;
  size_t size() const { return is_v6 ? 16 : 4; }
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

/// A CIDR network. Host bits must be zero: "10.1.0.0/8" is more likely a typing error than a wish.
struct IpNetwork {
  IpAddress address;
  uint8_t prefix_bits = 0;

  /// "10.0.0.0/8", "fd00::/8", or a bare address for a network of one. kInvalidArgument.
  static Result<IpNetwork> parse(std::string_view text);
  /// False for an address of the other family; an embedded IPv4 is the caller's to extract.
  bool contains(const IpAddress& address) const;
};

/// The IPv4 address that reaching `address` would really reach, for the forms of IPv6 that carry one:
/// IPv4-mapped (::ffff:0:0/96), IPv4-compatible (::/96), NAT64 (64:ff9b::/96), 6to4 (2002::/16) and
/// Teredo (2001::/32, the client's address). nullopt for the rest.
std::optional<IpAddress> embedded_ipv4(const IpAddress& address);

/// Why an address is not on the public internet ("loopback (127.0.0.0/8)"), from the IANA special-purpose
/// registries; nullopt when it is. Forms that embed IPv4 always have a reason; check_address looks inside.
std::optional<std::string> special_purpose(const IpAddress& address);

/// The SSRF rule for fetched documents: public addresses, and what the operator named. kPermissionDenied names the
/// address, its range and the setting that would allow it. Pure; thread-safe.
///  1. Unspecified, multicast and broadcast addresses are never allowed.
///  2. Link-local addresses, where clouds keep their metadata services, are allowed only by a network that lies
///     inside their range: "0.0.0.0/0" does not open them.
///  3. A form that embeds IPv4 passes when a network opens the embedded address by these rules, or lies inside
///     the form's own range (not for rules 1 and 2). NAT64 passes by itself when the embedded address is public.
Result<void> check_address(const IpAddress& address, const std::vector<IpNetwork>& allowed);

}  // namespace sluice::net
