#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice::iam {

/// An IPv4 or IPv6 network, "10.0.0.0/8", or an address alone, which is a network of one. IPv4 is kept as IPv4-mapped
/// IPv6, so that "::ffff:10.0.0.1" and "10.0.0.1" are the same address.
class IpNetwork {
 public:
  /// nullopt for anything else. Host bits may be set; they are ignored.
  static std::optional<IpNetwork> parse(std::string_view text);
  /// True when every address of `other` is in this network.
  bool contains(const IpNetwork& other) const;

 private:
  std::array<uint8_t, 16> bytes_{};
  int prefix_bits_ = 128;
};

}  // namespace sluice::iam
