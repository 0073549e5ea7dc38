#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "net/address_policy.h"

/// Inside net: whom limits per source count as one.
namespace sluice::net {

/// One source: an IPv4 address, or a /64 of IPv6, of which any customer has at least one whole.
using SourceKey = std::array<uint8_t, 9>;

SourceKey source_of(const IpAddress& address);

/// How often each source holds something. Sources that hold nothing are forgotten, so the size is bounded by the sum.
/// Not thread-safe.
class SourceCounts {
 public:
  /// The count, which stays where it is until it is 0.
  const size_t& add(const SourceKey& source) { return ++counts_[source]; }
  void remove(const SourceKey& source);  ///< undoes one add()
  size_t of(const SourceKey& source) const;

 private:
  std::map<SourceKey, size_t> counts_;  ///< a tree: strangers choose the keys, and could make hashes collide
};

}  // namespace sluice::net
