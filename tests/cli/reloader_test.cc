#include "cli/reloader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/temp_directory.h"
#include "crypto/certificate.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr UnixSeconds kStart = 1'800'000'000;

class FakeCollector final : public Reloadable {
 public:
  Result<void> apply(const ServeConfig& config, ConfigFiles) override {
    if (!failure.empty()) return fail(ErrorCode::kInvalidArgument, failure);
    applied.push_back(config);
    return {};
  }
  std::string status() const override { return "running"; }
  Result<void> reload_certificate(const ServeConfig& config) override {
    ++certificate_reloads;
    cert_file = config.tls_cert_file;
    if (!failure.empty()) return fail(ErrorCode::kInvalidArgument, failure);
    return {};
  }
  std::vector<ServeConfig> applied;
  int certificate_reloads = 0;
  std::string cert_file;
  std::string failure;
};

class ReloaderTest : public testing::Test {
 protected:
  void write(const std::string& text) { directory.write("sluice.yaml", text); }

  /// Starts from the file as it is now.
  void start() {
    ConfigProblems problems;
    const ConfigSources sources{directory.file("sluice.yaml"), {}, [](const std::string&) { return std::nullopt; }};
    LoadedConfig config = load_config(sources, problems);
    ASSERT_FALSE(problems.has_errors()) << problems.to_result().error().message;
    reloader = std::make_unique<Reloader>(sources, std::move(config),
                                          Reloader::Parts{*fs, runtime, clock, *logger, metrics, notifier});
  }
  void start_attached() {
    start();
    reloader->attach(collector);
  }
  void write_certificate(const std::string& names) {
    const auto key = *crypto::PrivateKey::generate_ec();
    directory.write("a.pem",
                    *crypto::make_self_signed_certificate(key, {names, {"localhost"}, kStart - 100, kStart + 100'000}));
    directory.write("a.key", key.pem().reveal());
  }
  std::string tls() {
    return "web: {tls: {cert_file: " + directory.file("a.pem") + ", key_file: " + directory.file("a.key") + "}}\n";
  }
  bool exposes(const std::string& line) { return metrics.expose().find(line + "\n") != std::string::npos; }

  const test::TempDirectory directory;
  const std::unique_ptr<FileSystem> fs = make_posix_file_system();
  FakeClock clock{kStart * 1000};
  std::string log;
  const std::unique_ptr<Logger> logger =
      make_logger(LogLevel::kInfo, LogFormat::kLogfmt, clock, [this](std::string_view line) { log += line; });
  MetricRegistry metrics;
  net::Runtime runtime{{.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger};
  ServiceNotifier notifier{[](const std::string&) { return std::nullopt; }};
  FakeCollector collector;
  std::unique_ptr<Reloader> reloader;
};

TEST_F(ReloaderTest, AppliesWhatAReloadCanChange) {
  write("log: {level: info}\n");
  start_attached();
  write("log: {level: debug}\nquery: {timeout_seconds: 7}\n");
  const auto done = reloader->reload("test");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, HasSubstr("changed: log.level, query.timeout_seconds\n"));
  ASSERT_EQ(collector.applied.size(), 1u);
  EXPECT_EQ(collector.applied[0].log_level, LogLevel::kDebug);
  EXPECT_EQ(collector.applied[0].query_timeout_seconds, 7);
  EXPECT_THAT(*reloader->reload("test"), HasSubstr("changed: nothing\n"));
}

TEST_F(ReloaderTest, NamesWhatNeedsARestartAndKeepsItsValue) {
  write("storage: {path: a}\n");
  start_attached();
  write("storage: {path: b}\nlog: {level: warn}\n");
  for (int round = 0; round < 2; ++round) {
    const auto done = reloader->reload("test");
    ASSERT_TRUE(done);
    EXPECT_THAT(*done, HasSubstr("changed, needs a restart: storage.path\n"));
    EXPECT_EQ(collector.applied.back().storage_path, "a");
    EXPECT_EQ(collector.applied.back().log_level, LogLevel::kWarn);
  }
  EXPECT_THAT(log, HasSubstr("level=warn msg=\"changed, needs a restart\" keys=storage.path"));
}

TEST_F(ReloaderTest, AMistakeLeavesTheOldStateAndTellsEveryProblem) {
  write("log: {level: info}\n");
  start_attached();
  EXPECT_TRUE(exposes("sluice_config_last_reload_successful 1"));
  clock.advance(std::chrono::seconds(10));
  write("log:\n  level: debug\nquery:\n  timeout_seconds: 0\noidc:\n  allow:\n    ca_file: /nonexistent\n");
  const auto failed = reloader->reload("test");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, AllOf(HasSubstr("the old configuration stays in force:\n"),
                                            HasSubstr("sluice.yaml:4: query.timeout_seconds: '0'"),
                                            HasSubstr("sluice.yaml:7: oidc.allow.ca_file: ")));
  EXPECT_TRUE(collector.applied.empty());
  EXPECT_TRUE(exposes("sluice_config_last_reload_successful 0"));
  EXPECT_TRUE(exposes("sluice_config_last_reload_success_timestamp_seconds 1800000000"));
  EXPECT_THAT(log, HasSubstr("level=error msg=\"reload failed; the old configuration stays in force\" trigger=test"));
  EXPECT_THAT(log, HasSubstr("; " + directory.file("sluice.yaml") + ":7: ")) << "one log line for all of them";

  write("log: {level: debug}\n");
  ASSERT_TRUE(reloader->reload("test"));
  EXPECT_TRUE(exposes("sluice_config_last_reload_successful 1"));
  EXPECT_TRUE(exposes("sluice_config_last_reload_success_timestamp_seconds 1800000010"));
}

TEST_F(ReloaderTest, AFailureToApplyIsAFailureOfTheReload) {
  write("log: {level: info}\n");
  start_attached();
  write("log: {level: debug}\n");
  collector.failure = "no";
  EXPECT_FALSE(reloader->reload("test"));
  collector.failure.clear();
  const auto done = reloader->reload("test");
  ASSERT_TRUE(done);
  EXPECT_THAT(*done, HasSubstr("changed: log.level\n")) << "what failed was not taken for done";
}

TEST_F(ReloaderTest, BeforeTheCollectorRunsAReloadIsUnavailable) {
  write("");
  start();
  const auto early = reloader->reload("test");
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().code, ErrorCode::kUnavailable);
}

TEST_F(ReloaderTest, AMissingFileIsAFailure) {
  write("");
  start_attached();
  std::filesystem::remove(directory.file("sluice.yaml"));
  const auto failed = reloader->reload("test");
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message, HasSubstr("cannot read the configuration file"));
}

TEST_F(ReloaderTest, LooksAtTheCertificateOnlyWhenItsFilesChange) {
  write_certificate("first");
  write(tls());
  start_attached();
  EXPECT_EQ(reloader->certificate_interval(), std::chrono::seconds(60));
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 0);
  write_certificate("second");
  reloader->check_certificate();
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 1);
}

TEST_F(ReloaderTest, ACertificateThatCannotBeUsedIsLoggedOnceAndTriedAgain) {
  write_certificate("first");
  write(tls());
  start_attached();
  write_certificate("second");
  collector.failure = "the key does not belong to it";
  reloader->check_certificate();
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 2);
  EXPECT_TRUE(exposes("sluice_tls_certificate_last_reload_successful 0"));
  const size_t first = log.find("the old pair stays in use");
  ASSERT_NE(first, std::string::npos);
  EXPECT_EQ(log.find("the old pair stays in use", first + 1), std::string::npos);
  collector.failure.clear();
  reloader->check_certificate();
  EXPECT_TRUE(exposes("sluice_tls_certificate_last_reload_successful 1"));
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 3);
}

TEST_F(ReloaderTest, AReloadReadsTheCertificateSoTheNextLookIsQuiet) {
  write_certificate("first");
  write(tls());
  start_attached();
  write_certificate("second");
  ASSERT_TRUE(reloader->reload("test"));
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 0) << "apply() had it already";
}

TEST_F(ReloaderTest, OtherFilesAreLookedAtFromTheReloadOn) {
  write_certificate("first");
  write(tls());
  start_attached();
  std::filesystem::rename(directory.file("a.pem"), directory.file("b.pem"));
  write("web: {tls: {cert_file: " + directory.file("b.pem") + ", key_file: " + directory.file("a.key") + "}}\n");
  const auto done = reloader->reload("test");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, HasSubstr("changed: web.tls.cert_file\n"));
  EXPECT_EQ(collector.applied.back().tls_cert_file, directory.file("b.pem"));
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 0);
  write_certificate("second");
  std::filesystem::rename(directory.file("a.pem"), directory.file("b.pem"));
  reloader->check_certificate();
  EXPECT_EQ(collector.certificate_reloads, 1);
  EXPECT_EQ(collector.cert_file, directory.file("b.pem"));
}

TEST_F(ReloaderTest, TlsBeginsAndEndsAtARestart) {
  write_certificate("first");
  write("");
  start_attached();
  write(tls());
  auto done = reloader->reload("test");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, HasSubstr("changed, needs a restart: web.tls.cert_file, web.tls.key_file\n"));
  EXPECT_FALSE(collector.applied.back().has_tls());
  start_attached();
  write("");
  done = reloader->reload("test");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_THAT(*done, HasSubstr("changed, needs a restart: web.tls.cert_file, web.tls.key_file\n"));
  EXPECT_TRUE(collector.applied.back().has_tls());
}

TEST_F(ReloaderTest, WithoutTlsOrWithIntervalZeroNobodyLooks) {
  write("");
  start_attached();
  EXPECT_THAT(metrics.expose(), Not(HasSubstr("sluice_tls_certificate")));
  EXPECT_EQ(reloader->certificate_interval(), std::nullopt);
  write_certificate("first");
  write("web: {tls: {cert_file: " + directory.file("a.pem") + ", key_file: " + directory.file("a.key") +
        ", reload_interval_seconds: 0}}\n");
  start_attached();
  EXPECT_EQ(reloader->certificate_interval(), std::nullopt);
}

}  // namespace
}  // namespace sluice::cli
