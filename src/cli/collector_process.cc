#include "cli/collector_process.h"

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "api/collector.h"
#include "api/workspace_actions.h"
#include "api/workspace_data_actions.h"
#include "base/file_system.h"
#include "catalog/sqlite_catalog.h"
#include "cli/backup_service.h"
#include "cli/collector_options.h"
#include "cli/first_start.h"
#include "cli/late_handler.h"
#include "cli/periodic_task.h"
#include "cli/switching_fetcher.h"
#include "journal/syncer_pool.h"
#include "net/http_server.h"
#include "net/thread_pool.h"
#include "tsdb/data_directory.h"

namespace sluice::cli {

namespace {

constexpr size_t kSyncerThreads = 2;
constexpr size_t kKeeperThreadsMin = 2;  // a workspace whose log is long does not hold up the next one's
constexpr std::chrono::seconds kStopGrace{10};
constexpr std::chrono::seconds kTendInterval{1};
constexpr std::chrono::seconds kPurgeInterval{60};

/// The control plane's view of the workspaces' storage.
class StoreWorkspaceStorage final : public api::WorkspaceStorage {
 public:
  explicit StoreWorkspaceStorage(tsdb::Store& store) : store_(store) {}

  Result<void> create(std::string_view workspace_id) override {
    auto created = store_.create_workspace(workspace_id);
    if (!created && created.error().code != ErrorCode::kAlreadyExists) return created;
    return {};
  }
  Result<void> set_aside(std::string_view workspace_id) override {
    auto deleted = store_.delete_workspace(workspace_id);
    if (!deleted && deleted.error().code != ErrorCode::kNotFound) return deleted;
    return {};
  }
  Result<void> restore(std::string_view workspace_id) override { return store_.undelete_workspace(workspace_id); }
  Result<void> purge(std::string_view workspace_id) override { return store_.purge_deleted(workspace_id); }
  Result<std::vector<api::KeptStorage>> kept() override {
    SLUICE_ASSIGN(const auto deleted, store_.deleted());
    std::vector<api::KeptStorage> all;
    for (const auto& [id, deleted_at_ms] : deleted) all.push_back({id, deleted_at_ms});
    return all;
  }

 private:
  tsdb::Store& store_;
};

}  // namespace

/// Members in the order they are made; stop() undoes what must not wait for destructors.
struct CollectorProcess::State {
  const LoadedConfig loaded;
  net::Runtime& runtime;
  const Clock& clock;
  Logger& logger;
  MetricRegistry& metrics;
  ReloadFunction reload;
  const ServeConfig& config = loaded.values;

  std::unique_ptr<FileSystem> fs = make_posix_file_system();
  std::unique_ptr<tsdb::DataDirectory> directory;
  std::shared_ptr<const sts::SealingKeys> sealing_keys;
  std::unique_ptr<catalog::Catalog> catalog;
  std::string account_id;
  std::string base_url;
  journal::SyncerPool syncers{kSyncerThreads};
  net::ThreadPool query_pool{std::max<size_t>(1, std::thread::hardware_concurrency())};
  net::ThreadPool maintainer{1};
  net::ThreadPool keeper{std::max<size_t>(kKeeperThreadsMin, std::thread::hardware_concurrency())};
  std::unique_ptr<tsdb::Store> store;
  std::unique_ptr<tsdb::DiskReserve> reserve;
  std::unique_ptr<StoreWorkspaceStorage> storage;
  std::unique_ptr<api::DeletedWorkspaces> deleted;
  std::unique_ptr<api::WorkspaceData> workspace_data;
  std::unique_ptr<SwitchingFetcher> fetcher;
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
  std::unique_ptr<BackupService> backups;
  std::unique_ptr<PeriodicTask> tending;
  std::unique_ptr<PeriodicTask> purging;

  Result<ConfigFiles> read_files();
  Result<void> open_state(const std::optional<aws::Credentials>& root_key);
  Result<void> open_storage();
  Result<void> make_services(ConfigFiles files);
  Result<void> listen();
  Result<void> listen_failed(std::string_view key, const Error& error) const;
  void announce();
  void begin();
  std::string external_url() const;
  /// True when only processes of this machine reach the public listener, and nothing says that a proxy stands before
  /// it.
  bool has_private_listener() const {
    return config.listen.is_loopback() && !config.has_tls() && !config.tls_terminated_upstream &&
           config.external_url.empty() && config.trusted_proxies.empty();
  }
};

Result<ConfigFiles> CollectorProcess::State::read_files() {
  ConfigProblems problems;
  ConfigFiles files = read_config_files(loaded, *fs, runtime, problems);
  for (const auto& warning : problems.warnings()) logger.warn("configuration", {{"warning", warning}});
  SLUICE_TRY(problems.to_result());
  for (const PinnedJwks& pinned : config.pinned_jwks) {
    logger.info("keys pinned", {{"issuer", pinned.issuer},
                                {"file", pinned.file},
                                {"keys", uint64_t{files.pinned.at(pinned.issuer)->keys().size()}}});
  }
  return files;
}

Result<void> CollectorProcess::State::open_state(const std::optional<aws::Credentials>& root_key) {
  SLUICE_ASSIGN(auto opened, tsdb::DataDirectory::open(*fs, config.storage_path));
  directory = std::make_unique<tsdb::DataDirectory>(std::move(opened));
  SLUICE_ASSIGN(auto keys,
                sts::load_or_create_sealing_keys(*fs, join_path(config.storage_path, "keys"), clock.now_s()));
  sealing_keys = std::make_shared<const sts::SealingKeys>(std::move(keys));
  SLUICE_ASSIGN(catalog, catalog::open_sqlite_catalog(join_path(config.storage_path, "catalog.db"), clock));
  SLUICE_ASSIGN(account_id, ensure_account({*fs, *catalog, *sealing_keys, clock, logger}, {config.account_id, root_key},
                                           join_path(config.storage_path, "credentials")));
  return {};
}

Result<void> CollectorProcess::State::open_storage() {
  tsdb::StoreOptions options;
  options.workspace.clock = &clock;
  options.workspace.syncer = &syncers;
  options.workspace.log.ack = config.ack;
  options.workspace.log.sync_interval = std::chrono::milliseconds(config.sync_interval_ms);
  options.workspace.log.timer = &syncers;
  options.workspace.logger = &logger;
  options.workspace.metrics = &metrics;
  options.workspace.head_bytes_max = config.head_bytes_max;
  options.workspace.late_window_ms = config.out_of_order_window_seconds * 1000;
  options.workspace.exemplars_max = config.exemplars_max;
  options.workspace.retention.time_ms = config.retention_days * 24 * 60 * 60 * 1000;
  options.workspace.retention.bytes = config.retention_bytes;
  options.keeper = &keeper;
  options.maintainer = &maintainer;
  options.idle_close = std::chrono::seconds(config.idle_close_seconds);
  SLUICE_ASSIGN(store, tsdb::Store::open(*fs, directory->workspaces_path(), std::move(options)));
  storage = std::make_unique<StoreWorkspaceStorage>(*store);
  deleted = std::make_unique<api::DeletedWorkspaces>(*catalog, *storage, clock, logger,
                                                     std::chrono::seconds(config.deleted_retention_seconds));
  workspace_data = std::make_unique<api::WorkspaceData>(
      api::WorkspaceData::Parts{*catalog, *store, clock, logger, *fs, directory->path()});
  reserve = std::make_unique<tsdb::DiskReserve>(tsdb::DiskReserveOptions{directory->path(), config.disk_reserve_bytes},
                                                tsdb::DiskReserve::Parts{*fs, clock, logger, metrics});
  return {};
}

std::string CollectorProcess::State::external_url() const {
  std::string url = config.external_url;
  while (url.ends_with('/')) url.pop_back();
  return url.empty() ? base_url : url;
}

Result<void> CollectorProcess::State::make_services(ConfigFiles files) {
  fetcher = std::make_unique<SwitchingFetcher>(std::move(files.fetcher));
  issuer_keys = std::make_unique<api::IssuerKeys>(*fetcher, runtime.compute(), clock, logger, metrics);
  issuer_keys->replace_pinned(std::move(files.pinned));
  refusals = std::make_unique<api::RefusalRecorder>(decisions, clock, logger, metrics);
  authenticator = std::make_unique<api::Authenticator>(*catalog, sealing_keys, clock,
                                                       api::Authenticator::Options{config.regions()});
  authorizer = std::make_unique<api::Authorizer>(*catalog, logger);
  sts = std::make_unique<api::StsService>(*catalog, sealing_keys, *issuer_keys, *authenticator, *refusals, clock,
                                          metrics, api::StsService::Options{config.region, config.clock_skew_seconds});
  iam = std::make_unique<api::IamService>(*catalog, logger);
  amp = std::make_unique<api::AmpService>(*catalog, *storage, *deleted, clock, logger, api::AmpOptions{external_url()});
  SLUICE_TRY(amp->reconcile());
  data = std::make_unique<api::DataPlane>(api::DataPlane::Storage{*store, *reserve}, make_query_handler(config, clock),
                                          api::DataPlane::Executors{runtime.compute(), query_pool}, clock, metrics);
  admin = std::make_unique<api::AdminRoutes>(
      metrics, decisions, [this] { return store->ready(); }, has_private_listener(), reload);
  api::add_workspace_actions(*admin, *deleted);
  api::add_workspace_data_actions(*admin, *workspace_data);
  backups = std::make_unique<BackupService>(
      BackupService::Options{directory->path(), config.backup_directory, config.backup_key_file,
                             [this](const std::string& path) { return catalog->back_up(path); }},
      BackupService::Parts{*fs, clock, logger, metrics});
  backups->add_actions(*admin);
  handler = std::make_unique<api::Collector>(
      api::Collector::Parts{*admin, *sts, *iam, *amp, *data, *authenticator, *authorizer, *refusals, *catalog, clock,
                            logger},
      config.region, api::Collector::BodyLimits{config.remote_write_body_bytes_max, config.query_body_bytes_max});
  return {};
}

Result<void> CollectorProcess::State::listen_failed(std::string_view key, const Error& error) const {
  ConfigProblems problems;
  if (error.code == ErrorCode::kIo || key == "web.admin_listen_address") {
    problems.error(loaded.origin_of(key), key, error.message);
  } else {
    add_tls_problem(loaded, error, problems);
  }
  return problems.to_result();
}

Result<void> CollectorProcess::State::listen() {
  auto operators = net::HttpServer::start(runtime, admin_server_options(config), front, logger, metrics);
  if (!operators) return listen_failed("web.admin_listen_address", operators.error());
  admin_server = *std::move(operators);
  auto open = net::HttpServer::start(runtime, public_server_options(config), front, logger, metrics);
  if (!open) return listen_failed("web.listen_address", open.error());
  public_server = *std::move(open);
  base_url = (config.has_tls() ? "https://" : "http://") + public_server->address();
  return {};
}

void CollectorProcess::State::announce() {
  logger.info("listening", {{"listener", "admin"}, {"address", admin_server->address()}});
  logger.info("listening", {{"listener", "public"},
                            {"address", public_server->address()},
                            {"tls", config.has_tls() ? "yes" : "no"},
                            {"account", account_id},
                            {"region", config.region}});
}

void CollectorProcess::State::begin() {
  if (const auto begun = store->begin(); !begun) {
    logger.error("cannot list the workspaces", {{"reason", begun.error().message}});
  }
  tending = std::make_unique<PeriodicTask>(kTendInterval, [this] { store->tend(); });
  purging = std::make_unique<PeriodicTask>(kPurgeInterval, [this] { deleted->purge_expired(); });
}

CollectorProcess::CollectorProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}

CollectorProcess::~CollectorProcess() { stop(); }

Result<std::unique_ptr<CollectorProcess>> CollectorProcess::start(const ServeConfig& config, net::Runtime& runtime,
                                                                  const Clock& clock, Logger& logger,
                                                                  MetricRegistry& metrics) {
  return start(LoadedConfig{config, {}}, runtime, clock, logger, metrics, nullptr);
}

Result<std::unique_ptr<CollectorProcess>> CollectorProcess::start(const LoadedConfig& config, net::Runtime& runtime,
                                                                  const Clock& clock, Logger& logger,
                                                                  MetricRegistry& metrics, ReloadFunction reload) {
  std::unique_ptr<CollectorProcess> process(new CollectorProcess(
      std::unique_ptr<State>(new State{config, runtime, clock, logger, metrics, std::move(reload)})));
  State& state = *process->state_;
  SLUICE_ASSIGN(ConfigFiles files, state.read_files());
  // Bound first: a port that is taken must not leave a half-made data directory behind.
  SLUICE_TRY(state.listen());
  SLUICE_TRY(state.open_state(files.root_key));
  SLUICE_TRY(state.open_storage());
  SLUICE_TRY(state.make_services(std::move(files)));
  state.front.set(*state.handler);
  state.announce();
  state.begin();
  return process;
}

Result<void> CollectorProcess::apply(const ServeConfig& config, ConfigFiles files) {
  // First, since nothing after it can fail.
  SLUICE_TRY(reload_certificate(config));
  SLUICE_TRY(state_->public_server->set_trusted_proxies(config.trusted_proxies));  // checked when they were read
  state_->logger.set_level(config.log_level);
  state_->fetcher->replace(std::move(files.fetcher));
  state_->issuer_keys->replace_pinned(std::move(files.pinned));
  state_->authenticator->set_regions(config.regions());
  state_->sts->set_skew_seconds(config.clock_skew_seconds);
  state_->public_server->set_request_deadline(request_deadline(config));
  state_->data->set_queries(make_query_handler(config, state_->clock));
  return {};
}

Result<void> CollectorProcess::reload_certificate(const ServeConfig& config) {
  if (!config.has_tls()) return {};
  return state_->public_server->reload_certificate({config.tls_cert_file, config.tls_key_file});
}

std::string CollectorProcess::status() const {
  const auto is_ready = ready();
  return is_ready ? fmt::format("running on {}", address()) : is_ready.error().message;
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
  state_->backups.reset();
  state_->tending.reset();
  state_->purging.reset();
  if (state_->store) state_->store->close();
  state_.reset();
}

}  // namespace sluice::cli
