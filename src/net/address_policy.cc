#include "net/address_policy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <span>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::net {
namespace {

/// One row of IANA's special-purpose registries (IPv4: RFC 6890 and its updates; IPv6 likewise).
struct Range {
  const char* network;
  const char* name;
  bool is_never_allowed = false;  ///< nothing can listen there that a document could come from
  bool wants_named = false;       ///< only a network inside the range opens it (metadata services)
};

constexpr const char* kNat64 = "NAT64";
constexpr const char* kNever = "it can never be allowed";
constexpr const char* kHowToAllow = "only oidc.allow.networks can allow it";

constexpr Range kRanges[] = {
    {"0.0.0.0/8", "this network", true},
    {"10.0.0.0/8", "private"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"127.0.0.0/8", "loopback"},
    {"168.63.129.16/32", "Azure's platform address", false, true},
    {"169.254.0.0/16", "link-local and cloud metadata", false, true},
    {"172.16.0.0/12", "private"},
    {"192.0.0.0/24", "IETF protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"192.31.196.0/24", "AS112"},
    {"192.52.193.0/24", "AMT"},
    {"192.88.99.0/24", "6to4 relay anycast"},
    {"192.168.0.0/16", "private"},
    {"192.175.48.0/24", "AS112"},
    {"198.18.0.0/15", "benchmarking"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"224.0.0.0/4", "multicast", true},
    {"255.255.255.255/32", "broadcast", true},
    {"240.0.0.0/4", "reserved"},
    {"::/128", "unspecified", true},
    {"::1/128", "loopback"},
    {"::ffff:0:0/96", "IPv4-mapped"},
    {"::/96", "IPv4-compatible"},
    {"64:ff9b::/96", kNat64},
    {"64:ff9b:1::/48", "local NAT64"},
    {"100::/64", "discard-only"},
    {"2001::/32", "Teredo"},
    {"2001::/23", "IETF protocol assignments"},
    {"2001:db8::/32", "documentation"},
    {"2002::/16", "6to4"},
    {"3fff::/20", "documentation"},
    {"5f00::/16", "segment routing"},
    {"fd00:ec2::/32", "cloud metadata", false, true},
    {"fc00::/7", "unique local"},
    {"fe80::/10", "link-local", false, true},
    {"fec0::/10", "site-local"},
    {"ff00::/8", "multicast", true},
};

struct CompiledRange {
  IpNetwork network;
  const Range* range;
};

const std::vector<CompiledRange>& ranges() {
  static const std::vector<CompiledRange> compiled = [] {
    std::vector<CompiledRange> all;
    for (const Range& range : kRanges) {
      auto network = IpNetwork::parse(range.network);
      SLUICE_CHECK(network.has_value(), range.network);
      all.push_back({*network, &range});
    }
    return all;
  }();
  return compiled;
}

/// The first row that holds `address`: rows stand before the wider ones they lie in.
const CompiledRange* find_range(const IpAddress& address) {
  for (const auto& row : ranges()) {
    if (row.network.contains(address)) return &row;
  }
  // Everything outside 2000::/3 is not handed out as global unicast (RFC 4291 2.4, IANA's IPv6 space).
  static constexpr Range kUnassigned{"!2000::/3", "not global unicast"};
  static const CompiledRange unassigned{{}, &kUnassigned};
  return address.is_v6 && (address.bytes[0] & 0xe0) != 0x20 ? &unassigned : nullptr;
}

std::string describe(const Range& range) { return fmt::format("{} ({})", range.name, range.network); }

bool lies_inside(const IpNetwork& inner, const IpNetwork& outer) {
  return inner.prefix_bits >= outer.prefix_bits && outer.contains(inner.address);
}

/// Whether the operator's networks open `address`, given the special range it is in.
bool is_opened(const IpAddress& address, const CompiledRange& row, const std::vector<IpNetwork>& allowed) {
  if (row.range->is_never_allowed) return false;
  return std::ranges::any_of(allowed, [&](const IpNetwork& network) {
    return network.contains(address) && (!row.range->wants_named || lies_inside(network, row.network));
  });
}

Result<void> check_one(const IpAddress& address, const std::vector<IpNetwork>& allowed) {
  const CompiledRange* row = find_range(address);
  if (!row || is_opened(address, *row, allowed)) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("address {} is {}; {}", address.to_string(), describe(*row->range),
                          row->range->is_never_allowed ? kNever : kHowToAllow));
}

/// `address` reaches `inner`, so both readings must pass. A public IPv4 address behind NAT64 is how a network
/// without IPv4 reaches the internet (RFC 6146); the other forms have no use in public DNS.
Result<void> check_embedding(const IpAddress& address, const IpAddress& inner, const std::vector<IpNetwork>& allowed) {
  const CompiledRange* outer_row = find_range(address);
  SLUICE_CHECK(outer_row != nullptr, "every embedding form has its row");
  const CompiledRange* inner_row = find_range(inner);
  if (!inner_row && std::string_view(outer_row->range->name) == kNat64) return {};

  const auto names_inner = [&](const IpNetwork& network) { return network.contains(inner); };
  const auto names_form = [&](const IpNetwork& network) {
    return network.contains(address) && lies_inside(network, outer_row->network);
  };
  const bool is_inner_opened =
      inner_row ? is_opened(inner, *inner_row, allowed) : std::ranges::any_of(allowed, names_inner);
  const bool may_be_named_by_form =
      !inner_row || (!inner_row->range->is_never_allowed && !inner_row->range->wants_named);
  if (is_inner_opened || (may_be_named_by_form && std::ranges::any_of(allowed, names_form))) return {};
  return fail(ErrorCode::kPermissionDenied,
              fmt::format("address {} is {} and carries {}{}; {}", address.to_string(), describe(*outer_row->range),
                          inner.to_string(), inner_row ? ", which is " + describe(*inner_row->range) : "",
                          inner_row && inner_row->range->is_never_allowed ? kNever : kHowToAllow));
}

IpAddress v4_from(std::span<const uint8_t> bytes, uint8_t invert = 0) {
  IpAddress address;
  for (size_t i = 0; i < 4; ++i) address.bytes[i] = static_cast<uint8_t>(bytes[i] ^ invert);
  return address;
}

bool has_prefix(const IpAddress& address, std::initializer_list<uint8_t> prefix) {
  return std::equal(prefix.begin(), prefix.end(), address.bytes.begin());
}

}  // namespace

Result<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  IpAddress address;
  // inet_pton takes neither octal, hexadecimal, short forms nor zones; an embedded NUL would hide the rest.
  if (text.find('\0') == std::string_view::npos && text.size() <= INET6_ADDRSTRLEN) {
    if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
    address.is_v6 = true;
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  }
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not an IP address", printable(text, 64)));
}

std::string IpAddress::to_string() const {
  char text[INET6_ADDRSTRLEN] = {};
  const char* written = inet_ntop(is_v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof text);
  SLUICE_CHECK(written != nullptr, "every 4 or 16 bytes have a text form");
  return written;
}

Result<IpNetwork> IpNetwork::parse(std::string_view text) {
  const size_t slash = text.find('/');
  auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("'{}' is not a network such as 10.0.0.0/8 or fd00::/8", printable(text, 64)));
  }
  const auto bits_max = static_cast<unsigned>(address->size() * 8);
  unsigned bits = bits_max;
  if (slash != std::string_view::npos) {
    const std::string_view digits = text.substr(slash + 1);
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || bits > bits_max) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("the prefix length of '{}' is not a number from 0 to {}", printable(text, 64), bits_max));
    }
  }
  IpNetwork network{*address, static_cast<uint8_t>(bits)};
  for (unsigned bit = bits; bit < bits_max; ++bit) {
    const auto mask = static_cast<uint8_t>(0x80u >> (bit % 8));
    if (address->bytes[bit / 8] & mask) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("network '{}' has bits set after its first {}", printable(text, 64), bits));
    }
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& other) const {
  if (other.is_v6 != address.is_v6) return false;
  const size_t whole = prefix_bits / 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + whole, other.bytes.begin())) return false;
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff00u >> rest);
  return (address.bytes[whole] & mask) == (other.bytes[whole] & mask);
}

std::optional<IpAddress> embedded_ipv4(const IpAddress& address) {
  if (!address.is_v6) return std::nullopt;
  const std::span<const uint8_t> bytes(address.bytes);
  const bool starts_with_zeros = std::ranges::all_of(bytes.first(10), [](uint8_t b) { return b == 0; });
  if (starts_with_zeros && ((bytes[10] == 0xff && bytes[11] == 0xff) || (bytes[10] == 0 && bytes[11] == 0))) {
    const bool is_unspecified_or_loopback =
        bytes[10] == 0 && bytes[12] == 0 && bytes[13] == 0 && bytes[14] == 0 && bytes[15] <= 1;
    if (is_unspecified_or_loopback) return std::nullopt;
    return v4_from(bytes.subspan(12));
  }
  if (has_prefix(address, {0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})) return v4_from(bytes.subspan(12));
  if (has_prefix(address, {0x20, 0x02})) return v4_from(bytes.subspan(2));
  // RFC 4380 4: the client's address is stored with every bit inverted.
  if (has_prefix(address, {0x20, 0x01, 0x00, 0x00})) return v4_from(bytes.subspan(12), 0xff);
  return std::nullopt;
}

std::optional<std::string> special_purpose(const IpAddress& address) {
  const auto* row = find_range(address);
  if (!row) return std::nullopt;
  return describe(*row->range);
}

Result<void> check_address(const IpAddress& address, const std::vector<IpNetwork>& allowed) {
  const auto inner = embedded_ipv4(address);
  return inner ? check_embedding(address, *inner, allowed) : check_one(address, allowed);
}

}  // namespace sluice::net
