#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/log.h"
#include "base/result.h"
#include "journal/journal.h"
#include "net/http_server.h"

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
  int line = 0;        ///< of the configuration file, for messages; 0 when it comes from elsewhere
};

/// `sluice serve`'s settings, with the built-in defaults. settings.h has a row for each: its key, what is accepted, and
/// whether a reload can change it.
struct ServeConfig {
  ListenAddress listen{"127.0.0.1", 9009};
  ListenAddress admin_listen{"127.0.0.1", 9010};
  std::string external_url;  ///< what DescribeWorkspace tells clients; "" derives it from the listener
  std::string tls_cert_file;  ///< PEM chain; both or neither
  std::string tls_key_file;
  int64_t tls_reload_interval_seconds = 60;  ///< how often the two files are looked at; 0: only when told to reload
  bool tls_terminated_upstream = false;  ///< the operator's word that a proxy in front ends TLS
  std::vector<std::string> trusted_proxies;  ///< CIDR of those whose forwarded headers count
  net::ServerLimits limits;  ///< of the public listener; request_deadline follows query_timeout_seconds
  uint64_t remote_write_body_bytes_max = limits::kRemoteWriteBodyBytesMax;
  uint64_t query_body_bytes_max = limits::kQueryBodyBytesMax;

  std::string storage_path = "data";
  std::optional<uint64_t> disk_reserve_bytes;  ///< free space below which samples are refused; nullopt: by size
  std::string backup_directory;  ///< where backups of the running collector go; both or neither
  std::string backup_key_file;
  int64_t deleted_retention_seconds = 7 * 86'400;  ///< how long a deleted workspace is kept; 0: not at all
  int64_t idle_close_seconds = 1'800;  ///< after which a workspace nobody asks for is closed; 0: never
  uint64_t head_bytes_max = uint64_t{4} << 30;  ///< memory of one workspace's head; beyond it writes get 503
  int64_t out_of_order_window_seconds = 86'400;  ///< behind a workspace's newest sample; 0: none are taken late
  uint64_t exemplars_max = limits::kExemplarsMax;  ///< of one workspace, the ones added last; 0: none
  journal::Ack ack = journal::Ack::kFsync;  ///< when a write is answered
  int64_t sync_interval_ms = 1'000;  ///< of what is answered before its sync
  int64_t retention_days = 150;  ///< 0: for ever
  uint64_t retention_bytes = 0;  ///< of one workspace; 0: as many as there are

  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kLogfmt;

  std::string account_id;  ///< 12 digits; "" generates one at first start and keeps it
  std::string region = "us-east-1";
  std::vector<std::string> accepted_regions;  ///< in credential scopes, besides `region`
  std::string root_access_key_id;  ///< of a pair the operator brings; both or neither
  std::string root_secret_access_key_file;

  std::vector<std::string> oidc_networks;  ///< CIDR of issuers at private addresses
  std::vector<uint16_t> oidc_ports;  ///< besides 443
  std::string oidc_ca_file;  ///< PEM, besides the system's
  std::vector<PinnedJwks> pinned_jwks;
  int64_t clock_skew_seconds = 300;  ///< tolerance on a token's iat, nbf and exp; 0 to 300

  int64_t query_timeout_seconds = 120;
  uint64_t query_samples_max = limits::kQuerySamplesMax;
  int64_t lookback_delta_seconds = 300;

  bool has_tls() const { return !tls_cert_file.empty(); }
  /// Accepted in credential scopes, the collector's own first.
  std::vector<std::string> regions() const;
};

/// Rules between settings, for a configuration that comes from no file: TLS pair complete, plaintext beyond loopback
/// refused without a word about TLS upstream, and so on. All that is wrong, one a line.
Result<void> check_config(const ServeConfig& config);

}  // namespace sluice::cli
