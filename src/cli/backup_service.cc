#include "cli/backup_service.h"

#include <utility>

#include <fmt/format.h>

#include "base/json.h"

namespace sluice::cli {

BackupService::BackupService(Options options, Parts parts)
    : options_(std::move(options)), parts_(parts),
      succeeded_at_s_(parts.metrics.gauge("sluice_backup_last_success_timestamp_seconds",
                                          "When the last backup was done, in Unix time; 0 since the start: none.")),
      duration_s_(parts.metrics.gauge("sluice_backup_last_duration_seconds", "How long the last backup took.")),
      failures_(parts.metrics.counter("sluice_backup_failures_total", "Backups that could not be made.")) {}

BackupService::~BackupService() {
  is_stopping_ = true;
  std::thread last;
  {
    MutexLock lock(mutex_);
    last.swap(thread_);
  }
  if (last.joinable()) last.join();
}

Result<void> BackupService::begin() {
  if (options_.directory.empty()) {
    return fail(ErrorCode::kUnsupported,
                "backups are not configured: set storage.backup_directory and storage.backup_key_file");
  }
  MutexLock lock(mutex_);
  if (is_stopping_) return fail(ErrorCode::kUnavailable, "the collector is shutting down");
  if (state_ == State::kRunning) return fail(ErrorCode::kConflict, "a backup is being made");
  if (thread_.joinable()) thread_.join();  // it has ended but for its last instructions
  state_ = State::kRunning;
  changed_at_ms_ = parts_.clock.now_ms();
  thread_ = std::thread([this] { run(); });
  return {};
}

Result<backup::BackupReport> BackupService::make() {
  SLUICE_ASSIGN(const auto key, backup::BackupKey::read(parts_.fs, options_.key_file));
  return backup::make_backup(
      parts_.fs, parts_.clock, key,
      {options_.data_directory, options_.directory, options_.copy_catalog, [this] { return is_stopping_.load(); }});
}

void BackupService::run() {
  const auto began = parts_.clock.steady();
  auto made = make();
  const double seconds = std::chrono::duration<double>(parts_.clock.steady() - began).count();
  if (made) {
    succeeded_at_s_.set(static_cast<double>(parts_.clock.now_s()));
    duration_s_.set(seconds);
    parts_.logger.info("backup made", {{"path", made->path},
                                       {"workspaces", made->workspaces},
                                       {"files", made->files},
                                       {"bytes", made->bytes},
                                       {"bytes_copied", made->bytes_copied},
                                       {"seconds", seconds}});
  } else {
    failures_.add();
    parts_.logger.error("backup failed", {{"reason", made.error().message}});
  }
  MutexLock lock(mutex_);
  state_ = made ? State::kDone : State::kFailed;
  changed_at_ms_ = parts_.clock.now_ms();
  error_ = made ? std::string() : made.error().message;
  if (made) report_ = *std::move(made);
}

std::string BackupService::state_json() const {
  static constexpr std::string_view kNames[] = {"none", "running", "done", "failed"};
  MutexLock lock(mutex_);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("state", kNames[static_cast<size_t>(state_)]);
  if (state_ != State::kNone) json.member("since", std::string_view(format_iso8601_ms(changed_at_ms_)));
  if (state_ == State::kFailed) json.member("error", std::string_view(error_));
  if (!report_.path.empty()) {
    json.member("path", std::string_view(report_.path));
    json.member("workspaces", static_cast<int64_t>(report_.workspaces));
    json.member("files", static_cast<int64_t>(report_.files));
    json.member("bytes", static_cast<int64_t>(report_.bytes));
    json.member("bytesCopied", static_cast<int64_t>(report_.bytes_copied));
  }
  json.end_object();
  return out;
}

void BackupService::add_actions(api::AdminRoutes& routes) {
  routes.add({"POST", "/-/backup", "", "begins a backup into storage.backup_directory",
              [this](const http::Request&, std::string_view) {
                const auto begun = begin();
                if (begun) return http::Response::json(202, state_json());
                const int status = begun.error().code == ErrorCode::kConflict ? 409 : 503;
                return http::Response::text(status, begun.error().message + "\n");
              }});
  routes.add({"GET", "/-/backup", "", "how the backup that is being made, or the last one, stands; JSON",
              [this](const http::Request&, std::string_view) { return http::Response::json(200, state_json()); }});
}

}  // namespace sluice::cli
