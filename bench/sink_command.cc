#include <csignal>
#include <cstdio>
#include <thread>
#include <utility>

#include <fmt/core.h>

#include "base/file_system.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bench/commands.h"
#include "bench/sink.h"
#include "http/uri.h"
#include "net/http_server.h"
#include "net/runtime.h"

namespace sluice::bench {
namespace {

/// More than the connections of any load on one machine: each may block one in fdatasync.
constexpr size_t kSinkThreads = 16;

/// SIGINT and SIGTERM, blocked in this thread and all it starts afterwards.
sigset_t block_stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

}  // namespace

Result<int> run_sink(const SinkCommand& command) {
  // A URI has no port 0; without a port the system chooses.
  const bool is_any_port = command.listen.ends_with(":0");
  const std::string address = command.listen.substr(0, command.listen.size() - (is_any_port ? 2 : 0));
  SLUICE_ASSIGN(const http::Uri listen, http::Uri::parse("http://" + address));
  if (command.key.region.empty() != command.is_unsigned) {
    return fail(ErrorCode::kInvalidArgument, "the sink wants --sigv4-region and a key, or --unsigned; not both");
  }
  std::optional<Signing> signing;
  if (!command.is_unsigned) {
    SLUICE_ASSIGN(auto key, read_key(command.key));
    signing = Signing{std::move(key), command.key.region};
  }
  const auto fs = make_posix_file_system();
  SLUICE_TRY(fs->create_directories(command.data));

  const sigset_t signals = block_stop_signals();
  const auto logger = make_stderr_logger(LogLevel::kInfo, LogFormat::kLogfmt);
  const SystemClock clock;
  MetricRegistry metrics;
  net::Runtime runtime({.io_threads = 2, .compute_threads = kSinkThreads, .lookup_threads = 1}, *logger);
  Sink sink(*fs, clock, command.data, std::move(signing));
  net::ServerOptions options;
  options.listen_address = listen.host;
  options.port = listen.has_explicit_port ? listen.port : 0;
  SLUICE_ASSIGN(const auto server, net::HttpServer::start(runtime, options, sink, *logger, metrics));
  fmt::print("listening on {}\n", server->address());
  std::fflush(stdout);
  int signal = 0;
  sigwait(&signals, &signal);
  server->stop(std::chrono::seconds(5));
  runtime.shutdown();
  return 0;
}

}  // namespace sluice::bench
