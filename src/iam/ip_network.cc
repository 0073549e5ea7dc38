#include "iam/ip_network.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace sluice::iam {
namespace {

constexpr int kMappedBits = 96;  // ::ffff:0:0/96 holds IPv4

std::optional<int> parse_prefix(std::string_view text, int bits_max) {
  int bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc() || end != text.data() + text.size() || bits < 0 || bits > bits_max) return std::nullopt;
  return bits;
}

}  // namespace

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) {
  const size_t slash = text.find('/');
  const std::string address(text.substr(0, slash));  // inet_pton wants a terminated string
  if (address.size() > 64 || address.find('\0') != std::string::npos) return std::nullopt;
  IpNetwork network;
  const bool is_v4 = address.find(':') == std::string::npos;
  if (is_v4) {
    network.bytes_[10] = network.bytes_[11] = 0xFF;
    if (inet_pton(AF_INET, address.c_str(), &network.bytes_[12]) != 1) return std::nullopt;
  } else if (inet_pton(AF_INET6, address.c_str(), network.bytes_.data()) != 1) {
    return std::nullopt;
  }
  if (slash != std::string_view::npos) {
    const auto bits = parse_prefix(text.substr(slash + 1), is_v4 ? 32 : 128);
    if (!bits) return std::nullopt;
    network.prefix_bits_ = is_v4 ? kMappedBits + *bits : *bits;
  }
  return network;
}

bool IpNetwork::contains(const IpNetwork& other) const {
  if (other.prefix_bits_ < prefix_bits_) return false;
  const auto whole_bytes = static_cast<size_t>(prefix_bits_ / 8);
  if (!std::equal(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(whole_bytes), other.bytes_.begin())) {
    return false;
  }
  const int bits_left = prefix_bits_ % 8;
  if (bits_left == 0) return true;
  const int mask = 0xFF << (8 - bits_left) & 0xFF;
  return (bytes_[whole_bytes] & mask) == (other.bytes_[whole_bytes] & mask);
}

}  // namespace sluice::iam
