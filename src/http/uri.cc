#include "http/uri.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::http {
namespace {

constexpr size_t kHostBytesMax = 253;  // RFC 1035 2.3.4, without the root's dot

auto refuse(std::string reason) { return fail(ErrorCode::kInvalidArgument, std::move(reason)); }

bool is_alnum(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

uint16_t default_port(std::string_view scheme) { return scheme == "https" ? 443 : 80; }

Result<void> check_characters(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '\\') return refuse("the URL has a backslash, which clients read in different ways");
    if (c <= ' ' || c >= 0x7f) {
      return refuse(fmt::format("the URL has byte 0x{:02x} at offset {}; it must be percent-encoded", c, i));
    }
  }
  return {};
}

Result<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || port == 0) {
    return refuse(fmt::format("port '{}' is not a number from 1 to 65535", printable(text, 32)));
  }
  return port;
}

/// Splits "host", "host:port", "[v6]" or "[v6]:port" into `uri`.
Result<void> parse_authority(std::string_view text, Uri& uri) {
  if (text.find('@') != std::string_view::npos) return refuse("user information ('@') is not allowed in the URL");
  const bool is_literal = text.starts_with('[');
  std::string_view rest;
  if (is_literal) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return refuse("'[' of the IPv6 address is not closed");
    uri.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
  } else {
    const size_t colon = text.find(':');
    uri.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (uri.host.empty()) return refuse("the URL has no host");
  if (uri.host.size() > kHostBytesMax) {
    return refuse(fmt::format("the host has {} bytes, the limit is {}", uri.host.size(), kHostBytesMax));
  }
  // Zone identifiers and percent-encoded hosts are left out on purpose: two readers could disagree on them.
  const bool is_clean = std::ranges::all_of(
      uri.host, [&](char c) { return is_alnum(c) || c == '.' || (is_literal ? c == ':' : c == '-' || c == '_'); });
  if (!is_clean) return refuse(fmt::format("host '{}' has a character that is not allowed", printable(uri.host, 300)));
  uri.port = default_port(uri.scheme);
  if (rest.empty()) return {};
  if (rest.front() != ':') return refuse("after ']' only a port may follow");
  SLUICE_ASSIGN(uri.port, parse_port(rest.substr(1)));
  uri.has_explicit_port = true;
  return {};
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text) {
  if (text.size() > limits::kRequestTargetBytesMax) {
    return refuse(fmt::format("the URL has {} bytes, the limit is {}", text.size(), limits::kRequestTargetBytesMax));
  }
  SLUICE_TRY(check_characters(text));
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse("the URL must start with http:// or https://");
  Uri uri;
  uri.scheme = ascii_lower(text.substr(0, colon));
  if (uri.scheme != "http" && uri.scheme != "https") {
    return refuse(fmt::format("scheme '{}' is not http or https", printable(uri.scheme, 32)));
  }
  if (text.find('#') != std::string_view::npos) return refuse("a fragment ('#') is not allowed in the URL");
  const std::string_view after = text.substr(colon + 3);
  const size_t end = std::min(after.find_first_of("/?"), after.size());
  SLUICE_TRY(parse_authority(after.substr(0, end), uri));
  uri.target = after.substr(end);
  if (!uri.target.starts_with('/')) uri.target.insert(0, 1, '/');
  return uri;
}

std::string Uri::host_header() const {
  std::string value = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != default_port(scheme)) value += fmt::format(":{}", port);
  return value;
}

}  // namespace sluice::http
