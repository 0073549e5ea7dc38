#include "cli/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

using testing::HasSubstr;

std::string error_of(std::string_view text) {
  ServeConfig config;
  const auto parsed = parse_config(text, "sluice.yaml", config);
  return parsed ? "" : parsed.error().message;
}

TEST(Config, ReadsEveryKey) {
  ServeConfig config;
  const auto parsed = parse_config(R"(
web:
  listen_address: "[::1]:9443"
  admin_listen_address: 127.0.0.1:9999
  external_url: https://metrics.example
  tls_terminated_upstream: true
  tls: {cert_file: a.pem, key_file: a.key}
storage: {path: /var/lib/sluice, head_bytes_max: 1000000}
log: {level: debug, format: json}
aws: {account_id: "012345678901", region: eu-west-1, accepted_regions: [us-west-2]}
oidc:
  allow: {networks: [10.0.0.0/8], ports: [6443], ca_file: /dev/null}
  pinned_jwks: [{issuer: "https://k3s.example/", file: /dev/null}]
  clock_skew_seconds: 60
query: {timeout_seconds: 30, samples_max: 1000, lookback_delta_seconds: 60}
)", "sluice.yaml", config);
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(config.listen.to_string(), "[::1]:9443");
  EXPECT_EQ(config.admin_listen.port, 9999);
  EXPECT_EQ(config.account_id, "012345678901");
  EXPECT_EQ(config.accepted_regions, std::vector<std::string>{"us-west-2"});
  EXPECT_EQ(config.oidc_ports, std::vector<uint16_t>{6443});
  ASSERT_EQ(config.pinned_jwks.size(), 1u);
  EXPECT_EQ(config.pinned_jwks[0].issuer, "https://k3s.example/");
  EXPECT_EQ(config.log_format, LogFormat::kJson);
  EXPECT_EQ(config.query_samples_max, 1000u);
}

TEST(Config, AnEmptyFileKeepsTheDefaults) {
  EXPECT_EQ(error_of(""), "");
  EXPECT_EQ(error_of("web:\n"), "");
}

TEST(Config, RefusalsNameFileLineKeyAndWhatIsAccepted) {
  const struct {
    std::string_view text;
    std::vector<std::string> parts;
  } cases[] = {
      {"wep: {}\n", {"sluice.yaml:1: wep: unknown key", "accepted here: aws, log, oidc, query, storage, web"}},
      {"aws:\n  region: a\n  regoin: b\n", {"sluice.yaml:3: aws.regoin: unknown key"}},
      {"aws: [1]\n", {"sluice.yaml:1: aws: wanted a mapping"}},
      {"aws:\n  region: a\n  region: b\n", {"sluice.yaml:3: aws.region: given twice"}},
      {"aws: {account_id: 123}\n", {"aws.account_id", "'123'", "12 digits"}},
      {"query:\n  timeout_seconds: soon\n", {"sluice.yaml:2: query.timeout_seconds", "a number of seconds"}},
      {"query: {timeout_seconds: 0}\n", {"query.timeout_seconds", "above 0"}},
      {"web: {listen_address: nowhere}\n", {"sluice.yaml:1: web.listen_address", "no port"}},
      {"web: {listen_address: \"127.0.0.1:99999\"}\n", {"'99999' is not a port"}},
      {"web: {listen_address: \"::1:9009\"}\n", {"needs brackets"}},
      {"log: {level: loud}\n", {"log.level", "loud"}},
      {"log: {format: xml}\n", {"log.format", "'xml'", "logfmt or json"}},
      {"oidc: {clock_skew_seconds: 301}\n", {"oidc.clock_skew_seconds", "301", "0 to 300"}},
      {"aws: {region: us_west}\n", {"sluice.yaml:1: aws.region: 'us_west'"}},
      {"aws: {accepted_regions: [a, B]}\n", {"aws.accepted_regions: 'B'"}},
      {"web: {external_url: foo}\n", {"sluice.yaml:1: web.external_url"}},
      {"oidc: {allow: {networks: [10.0.0.0/33]}}\n", {"sluice.yaml:1: oidc.allow.networks", "10.0.0.0/33"}},
      {"oidc: {allow: {ca_file: /nonexistent/ca.pem}}\n", {"oidc.allow.ca_file: cannot read /nonexistent/ca.pem"}},
      {"oidc: {pinned_jwks: [{issuer: http://x, file: /dev/null}]}\n", {"oidc.pinned_jwks", "https://"}},
      {"oidc: {pinned_jwks: [{issuer: https://x}]}\n", {"oidc.pinned_jwks", "both issuer and file"}},
      {"oidc: {pinned_jwks: [{issuer: https://x, fil: y}]}\n", {"oidc.pinned_jwks[0].fil: unknown key"}},
      {"web: {\n", {"sluice.yaml", "not YAML"}},
      {"- a\n", {"sluice.yaml:1: the file: wanted a mapping"}},
  };
  for (const auto& c : cases) {
    for (const auto& part : c.parts) EXPECT_THAT(error_of(c.text), HasSubstr(part)) << c.text;
  }
}

TEST(Config, RefusesPlaintextBeyondLoopbackUnlessToldThatTlsEndsInFront) {
  ServeConfig config;
  EXPECT_TRUE(check_config(config));
  config.listen = {"0.0.0.0", 9009};
  const auto refused = check_config(config);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("not loopback"));
  config.tls_terminated_upstream = true;
  EXPECT_TRUE(check_config(config));
  config.admin_listen = {"0.0.0.0", 9010};
  EXPECT_FALSE(check_config(config));
}

TEST(Config, RefusesHalfATlsPair) {
  ServeConfig config;
  config.tls_cert_file = "a.pem";
  EXPECT_FALSE(check_config(config));
}

}  // namespace
}  // namespace sluice::cli
