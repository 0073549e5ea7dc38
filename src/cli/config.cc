#include "cli/config.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "cli/yaml_section.h"
#include "http/uri.h"
#include "net/address_policy.h"

namespace sluice::cli {

namespace {

using Strings = std::vector<std::string>;

Result<void> read_address(YamlSection& section, const std::string& key, ListenAddress& target) {
  std::string text;
  SLUICE_TRY(section.read(key, text, "HOST:PORT"));
  if (text.empty()) return {};
  auto address = ListenAddress::parse(text);
  if (!address) return section.error(key, address.error().message);
  target = *address;
  return {};
}

Result<void> read_web(YamlSection& web, ServeConfig& config) {
  SLUICE_TRY(read_address(web, "listen_address", config.listen));
  SLUICE_TRY(read_address(web, "admin_listen_address", config.admin_listen));
  SLUICE_TRY(web.read("external_url", config.external_url, "a URL"));
  if (!config.external_url.empty()) {
    if (const auto uri = http::Uri::parse(config.external_url); !uri) return web.error("external_url", uri.error().message);
  }
  SLUICE_TRY(web.read("tls_terminated_upstream", config.tls_terminated_upstream, "true or false"));
  SLUICE_ASSIGN(auto tls, web.section("tls"));
  SLUICE_TRY(tls.read("cert_file", config.tls_cert_file, "a PEM file's path"));
  SLUICE_TRY(tls.read("key_file", config.tls_key_file, "a PEM file's path"));
  SLUICE_TRY(tls.finish());
  return web.finish();
}

Result<void> read_storage(YamlSection& storage, ServeConfig& config) {
  SLUICE_TRY(storage.read("path", config.storage_path, "a directory's path"));
  SLUICE_TRY(storage.read("head_bytes_max", config.head_bytes_max, "a number of bytes"));
  return storage.finish();
}

Result<void> read_log(YamlSection& log, ServeConfig& config) {
  std::string level;
  std::string format;
  SLUICE_TRY(log.read("level", level, "debug, info, warn or error"));
  SLUICE_TRY(log.read("format", format, "logfmt or json"));
  if (!level.empty()) {
    auto parsed = parse_log_level(level);
    if (!parsed) return log.error("level", parsed.error().message);
    config.log_level = *parsed;
  }
  if (!format.empty() && format != "logfmt" && format != "json") {
    return log.error("format", fmt::format("'{}' is not a log format; wanted logfmt or json", format));
  }
  if (!format.empty()) config.log_format = format == "json" ? LogFormat::kJson : LogFormat::kLogfmt;
  return log.finish();
}

Result<void> check_region(const YamlSection& aws, const std::string& key, const std::string& region) {
  const auto is_allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  if (!region.empty() && std::ranges::all_of(region, is_allowed)) return {};
  return aws.error(key, fmt::format("'{}' is not a region's name; wanted lower-case letters, digits and '-', e.g. us-east-1", region));
}

Result<void> check_file(const YamlSection& section, const std::string& key, const std::string& file) {
  if (file.empty() || std::ifstream(file)) return {};
  return section.error(key, fmt::format("cannot read {}", file));
}

Result<void> read_aws(YamlSection& aws, ServeConfig& config) {
  // Read as text: a leading zero would be lost in a number.
  SLUICE_TRY(aws.read("account_id", config.account_id, "12 digits, quoted"));
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (!config.account_id.empty() && (config.account_id.size() != 12 || !std::ranges::all_of(config.account_id, is_digit))) {
    return aws.error("account_id", fmt::format("'{}' is not an account id; wanted 12 digits, quoted", config.account_id));
  }
  SLUICE_TRY(aws.read("region", config.region, "a region's name, e.g. us-east-1"));
  SLUICE_TRY(aws.read("accepted_regions", config.accepted_regions, "a list of region names"));
  SLUICE_TRY(check_region(aws, "region", config.region));
  for (const auto& region : config.accepted_regions) SLUICE_TRY(check_region(aws, "accepted_regions", region));
  return aws.finish();
}

Result<void> read_pinned_jwks(YamlSection& oidc, ServeConfig& config) {
  const YAML::Node list = oidc.take("pinned_jwks");
  if (!list.IsDefined() || list.IsNull()) return {};
  if (!list.IsSequence()) return oidc.error("pinned_jwks", "wanted a list of {issuer, file}");
  for (size_t i = 0; i < list.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", oidc.path_of("pinned_jwks"), i);
    SLUICE_ASSIGN(auto entry, YamlSection::open(oidc.file(), path, list[i]));
    PinnedJwks pinned;
    SLUICE_TRY(entry.read("issuer", pinned.issuer, "the tokens' iss, byte for byte"));
    SLUICE_TRY(entry.read("file", pinned.file, "a JWKS file's path"));
    SLUICE_TRY(entry.finish());
    if (pinned.issuer.empty() || pinned.file.empty()) return oidc.error(list[i], "pinned_jwks", "needs both issuer and file");
    if (!pinned.issuer.starts_with("https://")) return oidc.error(list[i], "pinned_jwks", "the issuer must begin with https://");
    SLUICE_TRY(check_file(entry, "file", pinned.file));
    config.pinned_jwks.push_back(std::move(pinned));
  }
  return {};
}

Result<void> read_oidc(YamlSection& oidc, ServeConfig& config) {
  SLUICE_ASSIGN(auto allow, oidc.section("allow"));
  SLUICE_TRY(allow.read("networks", config.oidc_networks, "a list of CIDR networks"));
  for (const auto& network : config.oidc_networks) {
    if (const auto parsed = net::IpNetwork::parse(network); !parsed) return allow.error("networks", parsed.error().message);
  }
  SLUICE_TRY(allow.read("ports", config.oidc_ports, "a list of ports"));
  SLUICE_TRY(allow.read("ca_file", config.oidc_ca_file, "a PEM file's path"));
  SLUICE_TRY(check_file(allow, "ca_file", config.oidc_ca_file));
  SLUICE_TRY(allow.finish());
  SLUICE_TRY(read_pinned_jwks(oidc, config));
  SLUICE_TRY(oidc.read("clock_skew_seconds", config.clock_skew_seconds, "0 to 300 seconds"));
  if (config.clock_skew_seconds < 0 || config.clock_skew_seconds > 300) {
    return oidc.error("clock_skew_seconds", fmt::format("{} is out of range; wanted 0 to 300", config.clock_skew_seconds));
  }
  return oidc.finish();
}

Result<void> read_query(YamlSection& query, ServeConfig& config) {
  SLUICE_TRY(query.read("timeout_seconds", config.query_timeout_seconds, "a number of seconds"));
  SLUICE_TRY(query.read("samples_max", config.query_samples_max, "a number of samples"));
  SLUICE_TRY(query.read("lookback_delta_seconds", config.lookback_delta_seconds, "a number of seconds"));
  if (config.query_timeout_seconds <= 0) return query.error("timeout_seconds", "must be above 0");
  if (config.lookback_delta_seconds <= 0) return query.error("lookback_delta_seconds", "must be above 0");
  return query.finish();
}

Result<void> read_all(const YAML::Node& document, const std::string& name, ServeConfig& config) {
  SLUICE_ASSIGN(auto root, YamlSection::open(name, "", document));
  SLUICE_ASSIGN(auto web, root.section("web"));
  SLUICE_TRY(read_web(web, config));
  SLUICE_ASSIGN(auto storage, root.section("storage"));
  SLUICE_TRY(read_storage(storage, config));
  SLUICE_ASSIGN(auto log, root.section("log"));
  SLUICE_TRY(read_log(log, config));
  SLUICE_ASSIGN(auto aws, root.section("aws"));
  SLUICE_TRY(read_aws(aws, config));
  SLUICE_ASSIGN(auto oidc, root.section("oidc"));
  SLUICE_TRY(read_oidc(oidc, config));
  SLUICE_ASSIGN(auto query, root.section("query"));
  SLUICE_TRY(read_query(query, config));
  return root.finish();
}

}  // namespace

Result<void> parse_config(std::string_view text, const std::string& name, ServeConfig& config) {
  try {
    return read_all(YAML::Load(std::string(text)), name, config);
  } catch (const YAML::Exception& error) {
    return fail(ErrorCode::kMalformed, fmt::format("{}:{}: not YAML: {}", name, error.mark.line + 1, error.msg));
  }
}

Result<void> load_config(const std::string& file, ServeConfig& config) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorCode::kNotFound, fmt::format("cannot read the configuration file {}", file));
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  return parse_config(text, file, config);
}

Result<void> check_config(const ServeConfig& config) {
  if (config.tls_cert_file.empty() != config.tls_key_file.empty()) {
    return fail(ErrorCode::kInvalidArgument, "web.tls needs both cert_file and key_file");
  }
  const bool has_tls = !config.tls_cert_file.empty();
  if (!config.listen.is_loopback() && !has_tls && !config.tls_terminated_upstream) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("web.listen_address {} is not loopback and web.tls is not set: tokens would travel in the "
                            "clear. Set web.tls.cert_file and key_file, or web.tls_terminated_upstream: true if a "
                            "proxy in front ends TLS",
                            config.listen.to_string()));
  }
  if (!config.admin_listen.is_loopback()) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("web.admin_listen_address {} is not loopback: the admin listener has no authentication",
                            config.admin_listen.to_string()));
  }
  return {};
}

}  // namespace sluice::cli
