#include "cli/config_source.h"

#include <fstream>
#include <map>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/temp_directory.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

LoadedConfig parse(std::string_view text, ConfigProblems& problems) {
  return parse_config(text, "sluice.yaml", environment_of({{"REGION", "eu-west-1"}, {"EMPTY", ""}, {"PORT", "6443"}}),
                      problems);
}

/// All errors, one a line; "" for none.
std::string errors_of(std::string_view text) {
  ConfigProblems problems;
  parse(text, problems);
  const auto result = problems.to_result();
  return result ? "" : result.error().message;
}

constexpr std::string_view kEveryKey = R"(
web:
  listen_address: "[::1]:9443"
  admin_listen_address: 127.0.0.1:9999
  external_url: https://metrics.example
  tls_terminated_upstream: true
  tls: {cert_file: a.pem, key_file: a.key, reload_interval_seconds: 0}
  trusted_proxies: [10.1.0.0/16]
  limits:
    connections_max: 100
    connections_per_source_max: 40
    in_flight_max: 50
    in_flight_per_source_max: 20
    header_bytes_max: 16384
    body_bytes_in_memory_max: 33554432
    remote_write_body_bytes_max: 1048576
    query_body_bytes_max: 65536
    header_timeout_seconds: 5
    body_idle_timeout_seconds: 6
    body_timeout_seconds: 7
    write_idle_timeout_seconds: 8
    keep_alive_timeout_seconds: 9
storage:
  path: /var/lib/sluice
  ack: buffered
  sync_interval_ms: 250
  disk_reserve_bytes: 5000000
  backup_directory: /var/backups/sluice
  backup_key_file: /etc/sluice/backup.key
  deleted_retention_seconds: 3600
  idle_close_seconds: 600
  head_bytes_max: 2000000
  out_of_order_window_seconds: 7200
  exemplars_max: 5000
  retention_days: 30
  retention_bytes: 9000000000
log: {level: debug, format: json}
aws:
  account_id: "012345678901"
  region: eu-west-1
  accepted_regions: [us-west-2]
  root_access_key_id: AKIASLU0ABCDEFGH2345
  root_secret_access_key_file: /run/secrets/root
oidc:
  allow: {networks: [10.0.0.0/8], ports: [6443], ca_file: ca.pem}
  pinned_jwks: [{issuer: "https://k3s.example/", file: jwks.json}]
  clock_skew_seconds: 60
query: {timeout_seconds: 30, samples_max: 1000, lookback_delta_seconds: 60}
)";

TEST(Config, ReadsEveryKey) {
  ConfigProblems problems;
  const LoadedConfig loaded = parse(kEveryKey, problems);
  ASSERT_THAT(problems.errors(), IsEmpty());
  const ServeConfig& config = loaded.values;
  EXPECT_EQ(config.listen.to_string(), "[::1]:9443");
  EXPECT_EQ(config.admin_listen.port, 9999);
  EXPECT_EQ(config.tls_reload_interval_seconds, 0);
  EXPECT_THAT(config.trusted_proxies, ElementsAre("10.1.0.0/16"));
  EXPECT_EQ(config.limits.connections_max, 100u);
  EXPECT_EQ(config.limits.body_idle_timeout, std::chrono::seconds(6));
  EXPECT_EQ(config.limits.keep_alive_timeout, std::chrono::seconds(9));
  EXPECT_EQ(config.remote_write_body_bytes_max, 1'048'576u);
  EXPECT_EQ(config.account_id, "012345678901");
  EXPECT_THAT(config.regions(), ElementsAre("eu-west-1", "us-west-2"));
  EXPECT_THAT(config.oidc_ports, ElementsAre(6443));
  ASSERT_EQ(config.pinned_jwks.size(), 1u);
  EXPECT_EQ(config.pinned_jwks[0].issuer, "https://k3s.example/");
  EXPECT_EQ(config.ack, journal::Ack::kBuffered);
  EXPECT_EQ(config.sync_interval_ms, 250);
  EXPECT_EQ(config.log_format, LogFormat::kJson);
  EXPECT_EQ(config.query_samples_max, 1000u);
  EXPECT_EQ(config.exemplars_max, 5000u);
}

TEST(Config, TheTestAboveNamesEveryKeyThereIs) {
  ConfigProblems problems;
  const LoadedConfig loaded = parse(kEveryKey, problems);
  for (const Setting& setting : settings()) {
    if (setting.show) EXPECT_TRUE(loaded.origins.contains(setting.key)) << setting.key;
  }
}

TEST(Config, PrintsWhatReadsBackToTheSame) {
  for (const std::string_view text : {kEveryKey, std::string_view("")}) {
    ConfigProblems problems;
    const LoadedConfig loaded = parse(text, problems);
    const std::string printed = print_config(loaded);
    const LoadedConfig again = parse(printed, problems);
    ASSERT_THAT(problems.errors(), IsEmpty()) << printed;
    for (const Setting& setting : settings()) {
      if (setting.show) EXPECT_EQ(setting.show(again.values), setting.show(loaded.values)) << setting.key;
    }
  }
}

TEST(Config, PrintsWhereEachValueComesFrom) {
  ConfigProblems problems;
  const std::string printed = print_config(parse("log:\n  level: debug\nstorage: {path: \"a$${b\"}\n", problems));
  EXPECT_THAT(printed, HasSubstr("  level: debug  # sluice.yaml:2\n"));
  EXPECT_THAT(printed, HasSubstr("  path: \"a$${b\"  # sluice.yaml:3\n"));
  EXPECT_THAT(printed, HasSubstr("  format: logfmt  # default\n"));
}

TEST(Config, CopiesEverySetting) {
  ConfigProblems problems;
  const LoadedConfig loaded = parse(kEveryKey, problems);
  ServeConfig copy;
  for (const Setting& setting : settings()) {
    if (!setting.show) continue;
    EXPECT_NE(setting.show(copy), setting.show(loaded.values))
        << setting.key << ": give it another value than the default";
    setting.copy(loaded.values, copy);
    EXPECT_EQ(setting.show(copy), setting.show(loaded.values)) << setting.key;
  }
}

TEST(Config, AnEmptyFileKeepsTheDefaults) {
  EXPECT_EQ(errors_of(""), "");
  EXPECT_EQ(errors_of("web:\n"), "");
  EXPECT_EQ(errors_of("web: {listen_address: }\n"), "");
  EXPECT_EQ(errors_of("# nothing\n---\n"), "");
}

TEST(Config, RefusalsNameFileLineKeyAndWhatIsAccepted) {
  const struct {
    std::string_view text;
    std::string_view error;
  } cases[] = {
      {"wep: {}\n", "sluice.yaml:1: wep: unknown key; accepted here: aws, log, oidc, query, storage, web"},
      {"aws:\n  region: a\n  regoin: b\n",
       "sluice.yaml:3: aws.regoin: unknown key; accepted here: accepted_regions, account_id, region, "
       "root_access_key_id, "
       "root_secret_access_key_file"},
      {"aws: [1]\n", "sluice.yaml:1: aws: wanted a mapping of keys to values"},
      {"aws:\n  region: a\n  region: b\n", "sluice.yaml:3: aws.region: given twice"},
      {"aws: {account_id: 123}\n",
       "sluice.yaml:1: aws.account_id: '123' is not an account id; wanted 12 digits, quoted"},
      {"query:\n  timeout_seconds: soon\n",
       "sluice.yaml:2: query.timeout_seconds: 'soon' is not accepted; wanted a whole number of seconds, 1 to 86400"},
      {"query: {timeout_seconds: 0}\n",
       "sluice.yaml:1: query.timeout_seconds: '0' is not accepted; wanted a whole number of seconds, 1 to 86400"},
      {"query: {timeout_seconds: [1]}\n",
       "sluice.yaml:1: query.timeout_seconds: a list is not accepted; wanted a whole number of seconds, 1 to 86400"},
      {"query: {timeout_seconds: 1.5}\n",
       "sluice.yaml:1: query.timeout_seconds: '1.5' is not accepted; wanted a whole number of seconds, 1 to 86400"},
      {"query: {samples_max: 0x10}\n",
       "sluice.yaml:1: query.samples_max: '0x10' is not accepted; wanted a whole number of samples, 1 to "
       "1000000000000"},
      {"web: {listen_address: nowhere}\n",
       "sluice.yaml:1: web.listen_address: listen address 'nowhere' has no port; wanted HOST:PORT, e.g. "
       "127.0.0.1:9009"},
      {"web: {listen_address: \"nowhere:1\"}\n",
       "sluice.yaml:1: web.listen_address: listen address 'nowhere:1': 'nowhere' is not an IP address; wanted "
       "HOST:PORT, e.g. "
       "127.0.0.1:9009 or [::1]:9009"},
      {"web: {listen_address: \"127.0.0.1:99999\"}\n",
       "sluice.yaml:1: web.listen_address: listen address '127.0.0.1:99999': '99999' is not a port (0 to 65535)"},
      {"web: {listen_address: \"::1:9009\"}\n",
       "sluice.yaml:1: web.listen_address: listen address '::1:9009': an IPv6 address needs brackets, e.g. [::1]:9009"},
      {"web:\n  tls_terminated_upstream: yes\n",
       "sluice.yaml:2: web.tls_terminated_upstream: 'yes' is not accepted; wanted true or false"},
      {"web: {trusted_proxies: [10.0.0.0/33]}\n",
       "sluice.yaml:1: web.trusted_proxies: the prefix length of '10.0.0.0/33' is not a number from 0 to 32"},
      {"web: {trusted_proxies: 10.0.0.0/8}\n",
       "sluice.yaml:1: web.trusted_proxies: '10.0.0.0/8' is not accepted; wanted a list of CIDR networks"},
      {"web: {limits: {connections_max: 1}}\n",
       "sluice.yaml:1: web.limits.connections_max: '1' is not accepted; wanted a whole number of connections, 16 to "
       "1000000"},
      {"log: {level: loud}\n", "sluice.yaml:1: log.level: 'loud' is not accepted; wanted debug, info, warn or error"},
      {"storage: {ack: never}\n", "sluice.yaml:1: storage.ack: 'never' is not accepted; wanted fsync or buffered"},
      {"log: {format: xml}\n", "sluice.yaml:1: log.format: 'xml' is not accepted; wanted logfmt or json"},
      {"oidc: {clock_skew_seconds: 301}\n",
       "sluice.yaml:1: oidc.clock_skew_seconds: '301' is not accepted; wanted a whole number of seconds, 0 to 300"},
      {"aws: {region: us_west}\n",
       "sluice.yaml:1: aws.region: 'us_west' is not a region's name; wanted lower-case letters, digits and '-', e.g. "
       "us-east-1"},
      {"aws: {region: \"\"}\n",
       "sluice.yaml:1: aws.region: '' is not accepted; wanted a region's name, e.g. us-east-1"},
      {"aws: {accepted_regions: [a, B]}\n",
       "sluice.yaml:1: aws.accepted_regions: 'B' is not a region's name; wanted lower-case letters, digits and '-', "
       "e.g. "
       "us-east-1"},
      {"oidc: {allow: {networks: [10.0.0.0/33]}}\n",
       "sluice.yaml:1: oidc.allow.networks: the prefix length of '10.0.0.0/33' is not a number from 0 to 32"},
      {"oidc: {allow: {ports: [0]}}\n",
       "sluice.yaml:1: oidc.allow.ports: '0' is not accepted; wanted a list of ports, 1 to 65535"},
      {"oidc:\n  pinned_jwks:\n    - {issuer: \"http://x\", file: a}\n",
       "sluice.yaml:3: oidc.pinned_jwks: [0]: the issuer 'http://x' must begin with https://, as the tokens' iss does"},
      {"oidc: {pinned_jwks: [{issuer: \"https://x\"}]}\n",
       "sluice.yaml:1: oidc.pinned_jwks: [0]: needs both issuer and file"},
      {"oidc: {pinned_jwks: [{issuer: \"https://x\", fil: y}]}\n",
       "sluice.yaml:1: oidc.pinned_jwks: [0]: fil: unknown key; accepted here: file, issuer"},
      {"oidc: {pinned_jwks: [{issuer: \"https://x\", file: a}, {issuer: \"https://x\", file: b}]}\n",
       "sluice.yaml:1: oidc.pinned_jwks: [1]: the issuer 'https://x' is there twice; put all its keys into one file"},
      {"- a\n", "sluice.yaml:1: the file: wanted a mapping of keys to values"},
      {"log: {level: info}\n---\nlog: {level: warn}\n", "sluice.yaml:3: a second YAML document begins; wanted one"},
      {"storage: {path: \"a\\nb\"}\n",
       "sluice.yaml:1: storage.path: holds a line break, a control character or bytes that are no UTF-8; wanted one "
       "line of text"},
      {"? [a]\n: b\n", "sluice.yaml:1: a key must be a plain word"},
  };
  for (const auto& c : cases) EXPECT_EQ(errors_of(c.text), c.error) << c.text;
  EXPECT_THAT(errors_of("web: {\n"), AllOf(StartsWith("sluice.yaml:2: not YAML: "), Not(HasSubstr("\n"))));
  EXPECT_THAT(errors_of("web: {external_url: foo}\n"), StartsWith("sluice.yaml:1: web.external_url: "));
}

TEST(Config, TellsEveryProblemInTheOrderOfTheFile) {
  ConfigProblems problems;
  parse(
      "query:\n  timeout_seconds: soon\nnonsense: 1\nlog:\n  level: loud\n  levl: x\nweb:\n  tls:\n    cert_file: "
      "a.pem\n",
      problems);
  EXPECT_THAT(problems.errors(),
              ElementsAre(StartsWith("sluice.yaml:2: query.timeout_seconds:"), StartsWith("sluice.yaml:3: nonsense:"),
                          StartsWith("sluice.yaml:5: log.level:"), StartsWith("sluice.yaml:6: log.levl:"),
                          "sluice.yaml:9: web.tls.cert_file: needs web.tls.key_file beside it: both or neither"));
}

TEST(Config, WhatIsWrongLeavesItsSettingAlone) {
  ConfigProblems problems;
  const LoadedConfig loaded = parse("query: {timeout_seconds: soon, samples_max: 5}\n", problems);
  EXPECT_EQ(loaded.values.query_timeout_seconds, ServeConfig().query_timeout_seconds);
  EXPECT_EQ(loaded.values.query_samples_max, 5u);
}

TEST(Config, PutsTheEnvironmentIntoValuesAndTypesThemAfterwards) {
  ConfigProblems problems;
  const LoadedConfig loaded = parse(
      "aws:\n  region: ${REGION}\n  accepted_regions: [\"${REGION}\", \"${OTHER:-us-west-2}\"]\n"
      "oidc: {allow: {ports: [\"${PORT}\"]}}\nstorage:\n  path: /data/${EMPTY:-x}/$${y}$z\n"
      "query:\n  timeout_seconds: ${EMPTY}\n",
      problems);
  ASSERT_THAT(problems.errors(), IsEmpty());
  EXPECT_EQ(loaded.values.region, "eu-west-1");
  EXPECT_THAT(loaded.values.accepted_regions, ElementsAre("eu-west-1", "us-west-2"));
  EXPECT_THAT(loaded.values.oidc_ports, ElementsAre(6443));
  EXPECT_EQ(loaded.values.storage_path, "/data/x/${y}$z");
  EXPECT_EQ(loaded.values.query_timeout_seconds, 120) << "nothing is no value";
}

TEST(Config, TheEnvironmentNeverBecomesStructure) {
  ConfigProblems problems;
  const Environment hostile =
      environment_of({{"X", "a: {b: c}"}, {"LIST", "[10.0.0.0/8]"}, {"TYPED", "0x10"}, {"AGAIN", "${X}"}});
  const LoadedConfig loaded = parse_config(
      "storage: {path: \"${X}\"}\nweb:\n  trusted_proxies: ${LIST}\n  external_url: https://${AGAIN}\n"
      "query:\n  samples_max: ${TYPED}\n${X}: 1\n",
      "f", hostile, problems);
  EXPECT_EQ(loaded.values.storage_path, "a: {b: c}");
  EXPECT_EQ(loaded.values.external_url, ServeConfig().external_url);
  EXPECT_THAT(problems.errors(), ElementsAre(StartsWith("f:3: web.trusted_proxies: '[10.0.0.0/8]' is not accepted"),
                                             StartsWith("f:4: web.external_url: "),
                                             StartsWith("f:6: query.samples_max: '0x10' is not accepted"),
                                             StartsWith("f:7: ${X}: unknown key")));
}

TEST(Config, AVariableThatIsNotSetIsNamedWithItsPlace) {
  EXPECT_EQ(errors_of("aws:\n  region: ${NOWHERE}\n"),
            "sluice.yaml:2: aws.region: the environment variable NOWHERE is not set; set it, or give a default: "
            "${NOWHERE:-...}");
  EXPECT_EQ(errors_of("oidc:\n  pinned_jwks:\n    - issuer: ${NOWHERE}\n      file: a\n"),
            "sluice.yaml:3: oidc.pinned_jwks[0].issuer: the environment variable NOWHERE is not set; set it, or give a "
            "default: "
            "${NOWHERE:-...}\nsluice.yaml:3: oidc.pinned_jwks: [0]: needs both issuer and file");
}

TEST(Config, RefusesAnInlineSecretWithoutQuotingIt) {
  const std::string error = errors_of("aws:\n  root_secret_access_key: hunter2hunter2\n");
  EXPECT_THAT(error, StartsWith("sluice.yaml:2: aws.root_secret_access_key: a secret does not belong in this file"));
  EXPECT_THAT(error, HasSubstr("aws.root_secret_access_key_file"));
  EXPECT_THAT(error, Not(HasSubstr("hunter2")));
  EXPECT_THAT(errors_of("aws: {root_access_key_id: hunter2hunter2, root_secret_access_key_file: f}\n"),
              AllOf(HasSubstr("AKIASLU0 and 12 of A-Z and 2-7"), Not(HasSubstr("hunter2"))));
}

TEST(Config, BoundsTheFileItsDepthAndItsAliases) {
  EXPECT_THAT(errors_of(std::string(2 << 20, '#')), HasSubstr("larger than 1048576 bytes"));
  EXPECT_THAT(errors_of("a: " + std::string(40, '[') + std::string(40, ']')), HasSubstr("16 levels deep"));
  EXPECT_THAT(errors_of("a: " + std::string(100'000, '[')), HasSubstr("not YAML"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += fmt::format("a{0}: &a{0} [", i);
    for (int j = 0; j < 10; ++j) bomb += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_THAT(errors_of(bomb), HasSubstr("at most 10000 values"));
}

TEST(Config, FlagsWinOverTheFileAndAreNamedInErrors) {
  const test::TempDirectory directory;
  const std::string file = directory.path() + "/sluice.yaml";
  std::ofstream(file) << "storage: {path: from-file}\nlog: {level: warn}\n";
  ConfigProblems problems;
  const LoadedConfig loaded =
      load_config({file, {{"--storage.path", "storage.path", "from-flag"}}, environment_of({})}, problems);
  EXPECT_THAT(problems.errors(), IsEmpty());
  EXPECT_EQ(loaded.values.storage_path, "from-flag");
  EXPECT_EQ(loaded.values.log_level, LogLevel::kWarn);
  EXPECT_EQ(loaded.origin_of("storage.path").to_string(), "--storage.path");
  load_config({file, {{"--log.level", "log.level", "loud"}}, environment_of({})}, problems);
  EXPECT_THAT(problems.errors(), ElementsAre("--log.level: 'loud' is not accepted; wanted debug, info, warn or error"));
}

TEST(Config, AFileThatIsNotThereOrADirectoryIsAnError) {
  const test::TempDirectory directory;
  for (const std::string& file : {directory.path(), directory.path() + "/none.yaml"}) {
    ConfigProblems problems;
    load_config({file, {}, environment_of({})}, problems);
    EXPECT_THAT(problems.errors(), ElementsAre(file + ": cannot read the configuration file"));
  }
}

TEST(Config, RefusesPlaintextBeyondLoopbackUnlessToldThatTlsEndsInFront) {
  EXPECT_THAT(errors_of("web:\n  listen_address: 0.0.0.0:9009\n"),
              StartsWith("sluice.yaml:2: web.listen_address: 0.0.0.0:9009 is not loopback and web.tls is not set"));
  EXPECT_EQ(errors_of("web:\n  listen_address: 0.0.0.0:9009\n  tls_terminated_upstream: true\n"), "");
  EXPECT_THAT(errors_of("web: {admin_listen_address: 0.0.0.0:9010}\n"),
              StartsWith("sluice.yaml:1: web.admin_listen_address: 0.0.0.0:9010 is not loopback"));
}

TEST(Config, RulesBetweenKeys) {
  EXPECT_THAT(errors_of("web: {tls: {key_file: a.key}}\n"),
              StartsWith("sluice.yaml:1: web.tls.key_file: needs web.tls.cert_file beside it"));
  EXPECT_THAT(errors_of("aws: {root_access_key_id: AKIASLU0ABCDEFGH2345}\n"),
              StartsWith("sluice.yaml:1: aws.root_access_key_id: needs aws.root_secret_access_key_file beside it"));
  EXPECT_THAT(errors_of("web: {listen_address: 127.0.0.1:9010}\n"),
              HasSubstr("web.listen_address too; wanted two addresses"));
  EXPECT_THAT(errors_of("web: {limits: {body_bytes_in_memory_max: 16777216, remote_write_body_bytes_max: 16777217}}\n"),
              HasSubstr("web.limits.remote_write_body_bytes_max: 16777217 is more than"));
}

}  // namespace
}  // namespace sluice::cli
