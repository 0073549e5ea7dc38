#include "net/trusted_proxies.h"

#include <algorithm>
#include <optional>
#include <ranges>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::net {
namespace {

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// "1.2.3.4", "1.2.3.4:5", "2001:db8::1", "[2001:db8::1]" or "[2001:db8::1]:5".
std::optional<IpAddress> parse_hop(std::string_view text) {
  std::string_view port;
  bool has_port = false;
  const bool is_bracketed = text.starts_with('[');
  if (is_bracketed) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return std::nullopt;
    has_port = !rest.empty();
    port = has_port ? rest.substr(1) : rest;
    text = text.substr(1, close - 1);
  } else if (std::ranges::count(text, ':') == 1) {
    const size_t colon = text.find(':');
    has_port = true;
    port = text.substr(colon + 1);
    text = text.substr(0, colon);
  }
  if (has_port && !is_port(port)) return std::nullopt;
  const auto address = IpAddress::parse(text);
  if (!address || (is_bracketed && !address->is_v6)) return std::nullopt;
  return unmapped(*address);
}

/// The elements of a list header, the last first. RFC 9110 5.3: several fields are one list, in their order.
class ElementsFromTheRight {
 public:
  ElementsFromTheRight(const http::Headers& headers, std::string_view name) {
    for (const auto& [field, value] : headers.fields()) {
      if (ascii_iequals(field, name)) left_.push_back(value);
    }
  }
  std::optional<std::string_view> next() {
    if (left_.empty()) return std::nullopt;
    std::string_view& value = left_.back();
    const size_t comma = value.rfind(',');
    const std::string_view element = comma == std::string_view::npos ? value : value.substr(comma + 1);
    if (comma == std::string_view::npos) {
      left_.pop_back();
    } else {
      value = value.substr(0, comma);
    }
    return trim(element);
  }

 private:
  std::vector<std::string_view> left_;  ///< what has not been given out of each field
};

bool is_https_throughout(const http::Headers& headers) {
  ElementsFromTheRight elements(headers, "X-Forwarded-Proto");
  auto element = elements.next();
  if (!element) return false;
  for (; element; element = elements.next()) {
    if (!ascii_iequals(*element, "https")) return false;
  }
  return true;
}

}  // namespace

IpAddress unmapped(const IpAddress& address) {
  static constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (!address.is_v6 || !std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) return address;
  IpAddress inner;
  std::copy_n(address.bytes.begin() + kMapped.size(), 4, inner.bytes.begin());
  return inner;
}

Result<TrustedProxies> TrustedProxies::parse(const std::vector<std::string>& networks) {
  TrustedProxies proxies;
  for (const std::string& text : networks) {
    SLUICE_ASSIGN(const IpNetwork network, IpNetwork::parse(text));
    proxies.networks_.push_back(network);
  }
  return proxies;
}

bool TrustedProxies::contains(const IpAddress& address) const {
  return std::ranges::any_of(networks_, [&](const IpNetwork& network) { return network.contains(address); });
}

RequestOrigin TrustedProxies::origin(std::string_view peer, const http::Headers& headers) const {
  RequestOrigin origin{std::string(peer)};
  if (networks_.empty()) return origin;
  const auto socket_address = IpAddress::parse(peer);
  if (!socket_address || !contains(unmapped(*socket_address))) return origin;
  origin.is_forwarded_tls = is_https_throughout(headers);
  ElementsFromTheRight hops(headers, "X-Forwarded-For");
  for (size_t steps = 0; steps < limits::kForwardedHopsMax; ++steps) {
    const auto element = hops.next();
    const auto address = element ? parse_hop(*element) : std::nullopt;
    if (!address) break;
    if (contains(*address)) continue;
    origin.address = address->to_string();
    origin.was_forwarded = true;
    break;
  }
  return origin;
}

}  // namespace sluice::net
