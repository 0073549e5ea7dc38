#include "cli/setting_types.h"
#include "http/uri.h"

namespace sluice::cli {

namespace {

constexpr int64_t kSecondsMax = 24 * 3600;
constexpr size_t kKiB = 1024;
constexpr size_t kMiB = 1024 * kKiB;
constexpr size_t kGiB = 1024 * kMiB;

template <class Field>
Setting address_setting(std::string_view key, Field field) {
  auto read = [field](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, "HOST:PORT, e.g. 127.0.0.1:9009"));
    SLUICE_ASSIGN(field(config), ListenAddress::parse(text));
    return {};
  };
  return {key,
          "HOST:PORT",
          Applies::kOnRestart,
          std::move(read),
          [field](const ServeConfig& c) { return yaml_scalar(field(c).to_string()); },
          copy_of(field)};
}

Result<void> check_url(const std::string& text) {
  if (const auto uri = http::Uri::parse(text); !uri) return std::unexpected(uri.error());
  return {};
}

}  // namespace

std::vector<Setting> web_settings() {
  return {
      address_setting("web.listen_address", [](auto& c) -> auto& { return c.listen; }),
      address_setting("web.admin_listen_address", [](auto& c) -> auto& { return c.admin_listen; }),
      text_setting(
          "web.tls.cert_file", Applies::kOnReload, [](auto& c) -> auto& { return c.tls_cert_file; },
          "a PEM file's path"),
      text_setting(
          "web.tls.key_file", Applies::kOnReload, [](auto& c) -> auto& { return c.tls_key_file; }, "a PEM file's path"),
      integer_setting(
          "web.tls.reload_interval_seconds", Applies::kOnReload,
          [](auto& c) -> auto& { return c.tls_reload_interval_seconds; }, "seconds", Range<int64_t>{0, kSecondsMax}),
      boolean_setting("web.tls_terminated_upstream", Applies::kOnRestart,
                      [](auto& c) -> auto& { return c.tls_terminated_upstream; }),
      text_setting(
          "web.external_url", Applies::kOnRestart, [](auto& c) -> auto& { return c.external_url; },
          "an http or https URL", check_url),
      list_setting(
          "web.trusted_proxies", Applies::kOnReload, [](auto& c) -> auto& { return c.trusted_proxies; },
          "a list of CIDR networks", check_network),
  };
}

std::vector<Setting> limit_settings() {
  const auto count = [](std::string_view key, auto field, std::string_view unit, Range<size_t> range) {
    return integer_setting(key, Applies::kOnRestart, field, unit, range);
  };
  const auto seconds = [](std::string_view key, auto field) {
    return seconds_setting(key, Applies::kOnRestart, field, Range<int64_t>{1, 3600});
  };
  return {
      count("web.limits.connections_max", [](auto& c) -> auto& { return c.limits.connections_max; }, "connections",
            {16, 1'000'000}),
      count("web.limits.connections_per_source_max",
            [](auto& c) -> auto& { return c.limits.connections_per_source_max; }, "connections", {1, 1'000'000}),
      count("web.limits.in_flight_max", [](auto& c) -> auto& { return c.limits.in_flight_max; }, "requests",
            {1, 100'000}),
      count("web.limits.in_flight_per_source_max", [](auto& c) -> auto& { return c.limits.in_flight_per_source_max; },
            "requests", {1, 100'000}),
      count("web.limits.header_bytes_max", [](auto& c) -> auto& { return c.limits.header_bytes_max; }, "bytes",
            {8 * kKiB, kMiB}),
      count("web.limits.body_bytes_in_memory_max", [](auto& c) -> auto& { return c.limits.body_bytes_in_memory_max; },
            "bytes", {16 * kMiB, 1024 * kGiB}),
      count("web.limits.remote_write_body_bytes_max", [](auto& c) -> auto& { return c.remote_write_body_bytes_max; },
            "bytes", {kKiB, limits::kRemoteWriteDecodedBytesMax}),
      count("web.limits.query_body_bytes_max", [](auto& c) -> auto& { return c.query_body_bytes_max; }, "bytes",
            {kKiB, 64 * kMiB}),
      seconds("web.limits.header_timeout_seconds", [](auto& c) -> auto& { return c.limits.header_timeout; }),
      seconds("web.limits.body_idle_timeout_seconds", [](auto& c) -> auto& { return c.limits.body_idle_timeout; }),
      seconds("web.limits.body_timeout_seconds", [](auto& c) -> auto& { return c.limits.body_timeout; }),
      seconds("web.limits.write_idle_timeout_seconds", [](auto& c) -> auto& { return c.limits.write_idle_timeout; }),
      seconds("web.limits.keep_alive_timeout_seconds", [](auto& c) -> auto& { return c.limits.keep_alive_timeout; }),
  };
}

}  // namespace sluice::cli
