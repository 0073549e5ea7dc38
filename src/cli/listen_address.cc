#include <charconv>

#include <fmt/core.h>

#include "cli/config.h"
#include "net/address_policy.h"

namespace sluice::cli {

Result<ListenAddress> ListenAddress::parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("listen address '{}' has no port; wanted HOST:PORT, e.g. 127.0.0.1:9009", text));
  }
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("listen address '{}': an IPv6 address needs brackets, e.g. [::1]:9009", text));
  }
  const std::string_view digits = text.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (status != std::errc() || end != digits.data() + digits.size()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("listen address '{}': '{}' is not a port (0 to 65535)", text, digits));
  }
  if (host == "localhost") host = "127.0.0.1";
  if (host.empty()) host = "0.0.0.0";
  if (!net::IpAddress::parse(host)) {
    return fail(
        ErrorCode::kInvalidArgument,
        fmt::format(
            "listen address '{}': '{}' is not an IP address; wanted HOST:PORT, e.g. 127.0.0.1:9009 or [::1]:9009", text,
            host));
  }
  return ListenAddress{std::string(host), port};
}

bool ListenAddress::is_loopback() const { return host.starts_with("127.") || host == "::1"; }

std::string ListenAddress::to_string() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port) : fmt::format("[{}]:{}", host, port);
}

}  // namespace sluice::cli
