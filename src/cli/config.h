#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"

namespace sluice::cli {

/// Where a listener binds: an IP literal and a port (0 lets the system choose).
struct ListenAddress {
  std::string host;
  uint16_t port = 0;

  /// "127.0.0.1:9009", "[::1]:9009", ":9009" (every interface). kInvalidArgument names what is wrong.
  static Result<ListenAddress> parse(std::string_view text);
  bool is_loopback() const;
  std::string to_string() const;
};

/// A cluster whose keys an administrator hands over, because its issuer publishes none that we can reach.
struct PinnedJwks {
  std::string issuer;  ///< exactly as in the tokens' `iss`
  std::string file;    ///< a JWKS document
};

/// `sluice serve`'s settings: built-in defaults, then the YAML file, then flags.
struct ServeConfig {
  ListenAddress listen{"127.0.0.1", 9009};
  ListenAddress admin_listen{"127.0.0.1", 9010};
  std::string tls_cert_file;  ///< PEM chain; both or neither
  std::string tls_key_file;
  bool tls_terminated_upstream = false;  ///< the operator's word that a proxy in front ends TLS
  std::string external_url;   ///< what DescribeWorkspace tells clients; "" derives it from the listener

  std::string storage_path = "data";
  uint64_t head_bytes_max = uint64_t{4} << 30;  ///< memory of all series kept in memory; beyond it writes get 503

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;

  std::string account_id;  ///< 12 digits; "" generates one at first start and keeps it
  std::string region = "us-east-1";
  std::vector<std::string> accepted_regions;  ///< in credential scopes, besides `region`

  std::vector<std::string> oidc_networks;  ///< CIDR of issuers at private addresses
  std::vector<uint16_t> oidc_ports;        ///< besides 443
  std::string oidc_ca_file;                ///< PEM, besides the system's
  std::vector<PinnedJwks> pinned_jwks;
  int64_t clock_skew_seconds = 300;        ///< tolerance on a token's iat, nbf and exp; 0 to 300

  int64_t query_timeout_seconds = 120;
  uint64_t query_samples_max = limits::kQuerySamplesMax;
  int64_t lookback_delta_seconds = 300;
};

/// Reads a YAML file over `config`. Unknown keys, wrong types and impossible values are kInvalidArgument:
/// "file:line: key: what was wrong, what is accepted".
Result<void> load_config(const std::string& file, ServeConfig& config);
/// The same from text; `name` stands for the file in messages.
Result<void> parse_config(std::string_view text, const std::string& name, ServeConfig& config);
/// Rules between keys: TLS pair complete, plaintext beyond loopback refused without a word about TLS upstream.
Result<void> check_config(const ServeConfig& config);

}  // namespace sluice::cli
