#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/request.h"
#include "net/address_policy.h"

namespace sluice::net {

/// Where a request came from, as far as it may be believed.
struct RequestOrigin {
  std::string address;          ///< the client's IP; the peer's own unless a trusted proxy names another
  bool was_forwarded = false;   ///< `address` was named by a trusted proxy
  bool is_forwarded_tls = false;  ///< a trusted proxy took the request over TLS
};

/// The proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Policies decide by the address found here
/// (aws:SourceIp, aws:SecureTransport), so every doubt ends at the peer's own address. Immutable; thread-safe.
///  1. Of a peer that is not listed, both headers are ignored.
///  2. X-Forwarded-For, all its fields in order as one list, is read from its right end, which the nearest proxy wrote:
///     listed proxies are stepped over, and the first other address is the client's. What stands left of it was
///     written by the client itself and is never looked at.
///  3. An element that is no IP address before that point, an empty one, a list of listed proxies alone, or more than
///     limits::kForwardedHopsMax steps: the peer's own address. "1.2.3.4:567" and "[2001:db8::1]:567" count as
///     addresses, because Azure's gateways write ports; IPv4-mapped IPv6 is IPv4.
///  4. TLS is believed only when every value of X-Forwarded-Proto is "https".
class TrustedProxies {
 public:
  /// CIDR networks or single addresses. kInvalidArgument quotes the first that is neither.
  static Result<TrustedProxies> parse(const std::vector<std::string>& networks);

  bool contains(const IpAddress& address) const;
  /// `peer` is the socket's address in text; one that is no address ("") is trusted with nothing.
  RequestOrigin origin(std::string_view peer, const http::Headers& headers) const;

 private:
  std::vector<IpNetwork> networks_;
};

/// `address`, or the IPv4 address inside an IPv4-mapped one (RFC 4291 2.5.5.2).
IpAddress unmapped(const IpAddress& address);

}  // namespace sluice::net
