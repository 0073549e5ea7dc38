#include "cli/config_rules.h"

#include <fmt/core.h>

namespace sluice::cli {

namespace {

void check_pair(const LoadedConfig& config, std::string_view first, bool has_first, std::string_view second,
                bool has_second, ConfigProblems& problems) {
  if (has_first == has_second) return;
  const std::string_view given = has_first ? first : second;
  const std::string_view missing = has_first ? second : first;
  problems.error(config.origin_of(given), given, fmt::format("needs {} beside it: both or neither", missing));
}

void check_listeners(const LoadedConfig& config, ConfigProblems& problems) {
  const ServeConfig& values = config.values;
  const bool has_some_tls = values.has_tls() || !values.tls_key_file.empty();
  if (!values.listen.is_loopback() && !has_some_tls && !values.tls_terminated_upstream) {
    problems.error(
        config.origin_of("web.listen_address"), "web.listen_address",
        fmt::format("{} is not loopback and web.tls is not set: tokens would travel in the clear. Set "
                    "web.tls.cert_file and web.tls.key_file, or web.tls_terminated_upstream: true if a proxy in "
                    "front ends TLS",
                    values.listen.to_string()));
  }
  if (!values.admin_listen.is_loopback()) {
    problems.error(
        config.origin_of("web.admin_listen_address"), "web.admin_listen_address",
        fmt::format("{} is not loopback: the admin listener asks nobody who they are; wanted 127.0.0.1:PORT or "
                    "[::1]:PORT",
                    values.admin_listen.to_string()));
  }
  if (values.listen.port != 0 && values.listen.to_string() == values.admin_listen.to_string()) {
    problems.error(config.origin_of("web.admin_listen_address"), "web.admin_listen_address",
                   fmt::format("{} is web.listen_address too; wanted two addresses", values.admin_listen.to_string()));
  }
}

void check_limits(const LoadedConfig& config, ConfigProblems& problems) {
  const ServeConfig& values = config.values;
  if (values.remote_write_body_bytes_max > values.limits.body_bytes_in_memory_max) {
    problems.error(
        config.origin_of("web.limits.remote_write_body_bytes_max"), "web.limits.remote_write_body_bytes_max",
        fmt::format("{} is more than web.limits.body_bytes_in_memory_max ({}), which all bodies together may take",
                    values.remote_write_body_bytes_max, values.limits.body_bytes_in_memory_max));
  }
  if (values.limits.body_idle_timeout > values.limits.body_timeout) {
    problems.warn(config.origin_of("web.limits.body_idle_timeout_seconds"), "web.limits.body_idle_timeout_seconds",
                  "is more than web.limits.body_timeout_seconds, which ends the body before it");
  }
}

}  // namespace

void check_rules(const LoadedConfig& config, ConfigProblems& problems) {
  const ServeConfig& values = config.values;
  check_pair(config, "web.tls.cert_file", values.has_tls(), "web.tls.key_file", !values.tls_key_file.empty(), problems);
  check_pair(config, "aws.root_access_key_id", !values.root_access_key_id.empty(), "aws.root_secret_access_key_file",
             !values.root_secret_access_key_file.empty(), problems);
  check_pair(config, "storage.backup_directory", !values.backup_directory.empty(), "storage.backup_key_file",
             !values.backup_key_file.empty(), problems);
  check_listeners(config, problems);
  check_limits(config, problems);
}

std::vector<std::string> ServeConfig::regions() const {
  std::vector<std::string> all = {region};
  all.insert(all.end(), accepted_regions.begin(), accepted_regions.end());
  return all;
}

Result<void> check_config(const ServeConfig& config) {
  ConfigProblems problems;
  check_rules({config, {}}, problems);
  return problems.to_result();
}

}  // namespace sluice::cli
