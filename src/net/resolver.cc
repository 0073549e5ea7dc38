#include "net/resolver.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include <fmt/format.h>

#include "base/encoding.h"

namespace sluice::net {
namespace {

constexpr size_t kAddressesMax = 32;  // of one name; the rest would never be tried

std::optional<IpAddress> from_sockaddr(const sockaddr& generic) {
  IpAddress address;
  if (generic.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &generic, sizeof v4);
    std::memcpy(address.bytes.data(), &v4.sin_addr, 4);
    return address;
  }
  if (generic.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &generic, sizeof v6);
    address.is_v6 = true;
    std::memcpy(address.bytes.data(), &v6.sin6_addr, 16);
    return address;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<IpAddress>> resolve_with_system(const std::string& host) {
  if (auto literal = IpAddress::parse(host)) return std::vector<IpAddress>{*literal};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  if (status != 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the name '{}' cannot be resolved: {}", printable(host, 300), gai_strerror(status)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<IpAddress> addresses;
  for (const addrinfo* entry = found; entry && addresses.size() < kAddressesMax; entry = entry->ai_next) {
    const auto address = from_sockaddr(*entry->ai_addr);
    if (address && std::ranges::find(addresses, *address) == addresses.end()) addresses.push_back(*address);
  }
  if (addresses.empty()) {
    return fail(ErrorCode::kUnavailable, fmt::format("the name '{}' has no address", printable(host, 300)));
  }
  return addresses;
}

}  // namespace sluice::net
