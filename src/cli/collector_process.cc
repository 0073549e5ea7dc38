#include "cli/collector_process.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/core.h>
#include <sys/resource.h>

#include "api/collector.h"
#include "base/file_system.h"
#include "catalog/sqlite_catalog.h"
#include "cli/first_start.h"
#include "cli/late_handler.h"
#include "journal/syncer_pool.h"
#include "net/document_fetcher.h"
#include "net/http_server.h"
#include "net/thread_pool.h"
#include "tsdb/data_directory.h"

namespace sluice::cli {

namespace {

constexpr size_t kSyncerThreads = 2;
constexpr std::chrono::seconds kStopGrace{10};

/// The control plane's view of the workspaces' storage.
class StoreWorkspaceStorage final : public api::WorkspaceStorage {
 public:
  explicit StoreWorkspaceStorage(tsdb::Store& store) : store_(store) {}

  Result<void> create(std::string_view workspace_id) override {
    auto created = store_.create_workspace(workspace_id);
    if (!created && created.error().code != ErrorCode::kAlreadyExists) return created;
    return {};
  }
  Result<void> remove(std::string_view workspace_id) override {
    auto removed = store_.delete_workspace(workspace_id);
    if (!removed && removed.error().code != ErrorCode::kNotFound) return removed;
    return {};
  }

 private:
  tsdb::Store& store_;
};

Result<std::unique_ptr<http::DocumentFetcher>> make_fetcher(net::Runtime& runtime, const ServeConfig& config) {
  net::FetcherOptions options;
  options.allowance = {config.oidc_networks, config.oidc_ports, config.oidc_ca_file};
  return net::make_document_fetcher(runtime, std::move(options));
}

Result<void> pin_keys(FileSystem& fs, const ServeConfig& config, api::IssuerKeys& issuer_keys, Logger& logger) {
  for (const PinnedJwks& pinned : config.pinned_jwks) {
    SLUICE_ASSIGN(const std::string text, read_file(fs, pinned.file, limits::kJwksBytesMax));
    auto keys = oidc::KeySet::parse(text);
    if (!keys) return fail_in("oidc.pinned_jwks " + pinned.file, keys.error());
    if (keys->empty()) {
      return fail(ErrorCode::kInvalidArgument, "oidc.pinned_jwks " + pinned.file + ": holds no usable signing key");
    }
    logger.info("keys pinned", {{"issuer", pinned.issuer}, {"file", pinned.file}, {"keys", uint64_t{keys->keys().size()}}});
    issuer_keys.pin(pinned.issuer, std::make_shared<const oidc::KeySet>(*std::move(keys)));
  }
  return {};
}

net::ServerOptions server_options(const ListenAddress& address, bool is_admin, const ServeConfig& config) {
  net::ServerOptions options;
  options.listen_address = address.host;
  options.port = address.port;
  options.is_admin = is_admin;
  // Past the longest query, so that its own, better text is what times out.
  options.limits.request_deadline = std::chrono::seconds(config.query_timeout_seconds) + std::chrono::seconds(10);
  // Half of the file handles, so that logs, databases and fetches never go without.
  rlimit handles{};
  if (getrlimit(RLIMIT_NOFILE, &handles) == 0) {
    options.limits.connections_max = std::min<size_t>(options.limits.connections_max, handles.rlim_cur / 2);
  }
  if (!is_admin && !config.tls_cert_file.empty()) options.tls = net::TlsFiles{config.tls_cert_file, config.tls_key_file};
  return options;
}

promql::EngineOptions engine_options(const ServeConfig& config) {
  promql::EngineOptions options;
  options.lookback_ms = config.lookback_delta_seconds * 1000;
  options.samples_max = config.query_samples_max;
  return options;
}

}  // namespace

/// Members in the order they are made; stop() undoes what must not wait for destructors.
struct CollectorProcess::State {
  const ServeConfig config;
  net::Runtime& runtime;
  const Clock& clock;
  Logger& logger;
  MetricRegistry& metrics;

  std::unique_ptr<FileSystem> fs = make_posix_file_system();
  std::unique_ptr<tsdb::DataDirectory> directory;
  std::shared_ptr<const sts::SealingKeys> sealing_keys;
  std::unique_ptr<catalog::Catalog> catalog;
  std::string account_id;
  std::string base_url;
  journal::SyncerPool syncers{kSyncerThreads};
  net::ThreadPool query_pool{std::max<size_t>(1, std::thread::hardware_concurrency())};
  std::unique_ptr<tsdb::Store> store;
  std::unique_ptr<StoreWorkspaceStorage> storage;
  std::unique_ptr<http::DocumentFetcher> fetcher;
  diagnosis::DecisionLog decisions{diagnosis::DecisionLogOptions{}};
  std::unique_ptr<api::IssuerKeys> issuer_keys;
  std::unique_ptr<api::RefusalRecorder> refusals;
  std::unique_ptr<api::Authenticator> authenticator;
  std::unique_ptr<api::Authorizer> authorizer;
  std::unique_ptr<api::StsService> sts;
  std::unique_ptr<api::IamService> iam;
  std::unique_ptr<api::AmpService> amp;
  std::unique_ptr<api::DataPlane> data;
  std::unique_ptr<api::AdminRoutes> admin;
  std::unique_ptr<api::Collector> handler;
  LateHandler front;
  std::unique_ptr<net::HttpServer> public_server;
  std::unique_ptr<net::HttpServer> admin_server;
  std::thread replay;

  Result<void> open_state();
  Result<void> open_storage();
  Result<void> make_services();
  Result<void> listen();
  void announce();
  std::string external_url() const;
  /// True when only processes of this machine reach the public listener, and nothing says that a proxy stands before it.
  bool has_private_listener() const {
    return config.listen.is_loopback() && config.tls_cert_file.empty() && !config.tls_terminated_upstream && config.external_url.empty();
  }
};

Result<void> CollectorProcess::State::open_state() {
  SLUICE_ASSIGN(auto opened, tsdb::DataDirectory::open(*fs, config.storage_path));
  directory = std::make_unique<tsdb::DataDirectory>(std::move(opened));
  SLUICE_ASSIGN(auto keys, sts::load_or_create_sealing_keys(*fs, join_path(config.storage_path, "keys"), clock.now_s()));
  sealing_keys = std::make_shared<const sts::SealingKeys>(std::move(keys));
  SLUICE_ASSIGN(catalog, catalog::open_sqlite_catalog(join_path(config.storage_path, "catalog.db"), clock));
  SLUICE_ASSIGN(account_id, ensure_account(*fs, *catalog, *sealing_keys, config.account_id,
                                           join_path(config.storage_path, "credentials"), clock, logger));
  return {};
}

Result<void> CollectorProcess::State::open_storage() {
  tsdb::WorkspaceDbOptions options;
  options.clock = &clock;
  options.syncer = &syncers;
  options.logger = &logger;
  options.metrics = &metrics;
  options.head_bytes_max = config.head_bytes_max;
  SLUICE_ASSIGN(store, tsdb::Store::open(*fs, directory->workspaces_path(), options));
  storage = std::make_unique<StoreWorkspaceStorage>(*store);
  return {};
}

std::string CollectorProcess::State::external_url() const {
  std::string url = config.external_url;
  while (url.ends_with('/')) url.pop_back();
  return url.empty() ? base_url : url;
}

Result<void> CollectorProcess::State::make_services() {
  SLUICE_ASSIGN(fetcher, make_fetcher(runtime, config));
  issuer_keys = std::make_unique<api::IssuerKeys>(*fetcher, runtime.compute(), clock, logger, metrics);
  SLUICE_TRY(pin_keys(*fs, config, *issuer_keys, logger));
  refusals = std::make_unique<api::RefusalRecorder>(decisions, clock, logger, metrics);
  api::Authenticator::Options authenticator_options;
  authenticator_options.regions = {config.region};
  for (const auto& region : config.accepted_regions) authenticator_options.regions.push_back(region);
  authenticator = std::make_unique<api::Authenticator>(*catalog, sealing_keys, clock, authenticator_options);
  authorizer = std::make_unique<api::Authorizer>(*catalog, logger);
  sts = std::make_unique<api::StsService>(*catalog, sealing_keys, *issuer_keys, *authenticator, *refusals, clock, metrics,
                                          api::StsService::Options{config.region, config.clock_skew_seconds});
  iam = std::make_unique<api::IamService>(*catalog, logger);
  amp = std::make_unique<api::AmpService>(*catalog, *storage, clock, logger, api::AmpOptions{external_url()});
  SLUICE_TRY(amp->reconcile());
  data = std::make_unique<api::DataPlane>(
      *store, api::QueryHandler(engine_options(config), std::chrono::seconds(config.query_timeout_seconds), clock),
      api::DataPlane::Executors{runtime.compute(), query_pool}, clock, metrics);
  admin = std::make_unique<api::AdminRoutes>(metrics, decisions, [this] { return store->ready(); }, has_private_listener());
  handler = std::make_unique<api::Collector>(
      api::Collector::Parts{*admin, *sts, *iam, *amp, *data, *authenticator, *authorizer, *refusals, *catalog, clock, logger},
      config.region);
  return {};
}

Result<void> CollectorProcess::State::listen() {
  auto operators = net::HttpServer::start(runtime, server_options(config.admin_listen, true, config), front, logger, metrics);
  if (!operators) return fail_in("web.admin_listen_address", operators.error());
  admin_server = *std::move(operators);
  auto open = net::HttpServer::start(runtime, server_options(config.listen, false, config), front, logger, metrics);
  if (!open) return fail_in("web.listen_address, web.tls", open.error());
  public_server = *std::move(open);
  base_url = (config.tls_cert_file.empty() ? "http://" : "https://") + public_server->address();
  return {};
}

void CollectorProcess::State::announce() {
  logger.info("listening", {{"listener", "admin"}, {"address", admin_server->address()}});
  logger.info("listening", {{"listener", "public"}, {"address", public_server->address()},
                            {"tls", config.tls_cert_file.empty() ? "no" : "yes"}, {"account", account_id},
                            {"region", config.region}});
}

CollectorProcess::CollectorProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}

CollectorProcess::~CollectorProcess() { stop(); }

Result<std::unique_ptr<CollectorProcess>> CollectorProcess::start(const ServeConfig& config, net::Runtime& runtime,
                                                                  const Clock& clock, Logger& logger,
                                                                  MetricRegistry& metrics) {
  std::unique_ptr<CollectorProcess> process(
      new CollectorProcess(std::unique_ptr<State>(new State{config, runtime, clock, logger, metrics})));
  State& state = *process->state_;
  // Bound first: a port that is taken must not leave a half-made data directory behind.
  SLUICE_TRY(state.listen());
  SLUICE_TRY(state.open_state());
  SLUICE_TRY(state.open_storage());
  SLUICE_TRY(state.make_services());
  state.front.set(*state.handler);
  state.announce();
  state.replay = std::thread([&state] {
    if (const auto opened = state.store->open_all(); !opened) {
      state.logger.error("cannot open the workspaces", {{"reason", opened.error().message}});
    }
  });
  return process;
}

std::string CollectorProcess::address() const { return state_->public_server->address(); }
std::string CollectorProcess::admin_address() const { return state_->admin_server->address(); }
std::string CollectorProcess::base_url() const { return state_->base_url; }
std::string CollectorProcess::account_id() const { return state_->account_id; }
std::string CollectorProcess::credentials_file() const { return join_path(state_->config.storage_path, "credentials"); }
Result<void> CollectorProcess::ready() const { return state_->store->ready(); }

void CollectorProcess::stop() {
  if (!state_) return;
  if (state_->public_server) state_->public_server->stop(kStopGrace);
  if (state_->admin_server) state_->admin_server->stop(std::chrono::seconds(1));
  // Closing first lets a replay of many workspaces end after the one it is at.
  if (state_->store) state_->store->close();
  if (state_->replay.joinable()) state_->replay.join();
  state_.reset();
}

}  // namespace sluice::cli
