#include "cli/reloader.h"

#include <utility>

#include <fmt/format.h>

namespace sluice::cli {

namespace {

CertificateStamp stamp_of(const ServeConfig& config) {
  return CertificateStamp::of(config.tls_cert_file, config.tls_key_file);
}

/// Problems, one a line, for a log line or a status.
std::string on_one_line(std::string text) {
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at)) text.replace(at, 1, "; ");
  return text;
}

constexpr const char* kOldStays = "the old configuration stays in force";

}  // namespace

Reloader::Reloader(ConfigSources sources, LoadedConfig running, Parts parts)
    : sources_(std::move(sources)), parts_(parts),
      is_successful_(parts.metrics.gauge("sluice_config_last_reload_successful",
                                         "Whether the last reading of the configuration succeeded.")),
      succeeded_at_s_(parts.metrics.gauge("sluice_config_last_reload_success_timestamp_seconds",
                                          "When the configuration was last read with success, in Unix time.")),
      running_(std::move(running)), stamp_(stamp_of(running_.values)) {
  if (running_.values.has_tls()) set_certificate_state(true);
  succeeded();
}

void Reloader::succeeded() {
  is_successful_.set(1);
  succeeded_at_s_.set(static_cast<double>(parts_.clock.now_s()));
}

/// The metric exists only where there is TLS.
void Reloader::set_certificate_state(bool is_good) {
  parts_.metrics
      .gauge("sluice_tls_certificate_last_reload_successful",
             "Whether the certificate's files could be used when last read.")
      .set(is_good ? 1 : 0);
}

void Reloader::attach(Reloadable& collector) {
  MutexLock lock(mutex_);
  collector_ = &collector;
}

Result<std::string> Reloader::reload(std::string_view trigger) {
  MutexLock lock(mutex_);
  if (collector_ == nullptr) {
    return fail(ErrorCode::kUnavailable, "the collector is still starting; ask again in a moment");
  }
  parts_.logger.info("reading the configuration again", {{"trigger", trigger}, {"file", sources_.file}});
  parts_.notifier.reloading();
  auto done = read_and_apply();
  if (done) {
    succeeded();
    parts_.notifier.ready(collector_->status());
  } else {
    is_successful_.set(0);
    const std::string reason = on_one_line(done.error().message);
    parts_.notifier.ready(fmt::format("{}; the last reload failed: {}", collector_->status(), reason));
    parts_.logger.error("reload failed; the old configuration stays in force",
                        {{"trigger", trigger}, {"reason", reason}});
    done = fail(done.error().code, fmt::format("{}:\n{}", kOldStays, done.error().message));
  }
  return done;
}

Result<std::string> Reloader::read_and_apply() {
  ConfigProblems problems;
  LoadedConfig loaded = load_config(sources_, problems);
  ConfigFiles files = read_config_files(loaded, parts_.fs, parts_.runtime, problems);
  check_tls_files(loaded, parts_.clock.now_s(), problems);
  SLUICE_TRY(problems.to_result());

  Changes changes = changes_to(loaded.values);
  // Taken before the files are read: what changes meanwhile is seen at the next look.
  const CertificateStamp stamp = stamp_of(changes.next);
  SLUICE_TRY(collector_->apply(changes.next, std::move(files)));
  running_ = {std::move(changes.next), std::move(loaded.origins)};
  stamp_ = stamp;
  certificate_failure_.clear();
  if (running_.values.has_tls()) set_certificate_state(true);
  for (const auto& warning : problems.warnings()) parts_.logger.warn("configuration", {{"warning", warning}});
  parts_.logger.info("configuration read again", {{"changed", fmt::format("{}", fmt::join(changes.applied, ", "))}});
  if (!changes.waiting.empty()) {
    parts_.logger.warn("changed, needs a restart", {{"keys", fmt::format("{}", fmt::join(changes.waiting, ", "))}});
  }
  return report(changes, problems.warnings());
}

bool Reloader::waits_for_restart(const Setting& setting, const ServeConfig& loaded) const {
  if (setting.applies == Applies::kOnRestart) return true;
  // A listener takes another certificate while it runs, but neither begins nor ends TLS.
  const bool is_tls_file = setting.key == "web.tls.cert_file" || setting.key == "web.tls.key_file";
  return is_tls_file && loaded.has_tls() != running_.values.has_tls();
}

Reloader::Changes Reloader::changes_to(const ServeConfig& loaded) const {
  Changes changes{loaded, {}, {}};
  for (const Setting& setting : settings()) {
    if (!setting.show) continue;
    const bool is_changed = setting.show(loaded) != setting.show(running_.values);
    const bool waits = waits_for_restart(setting, loaded);
    if (waits) setting.copy(running_.values, changes.next);
    if (is_changed) (waits ? changes.waiting : changes.applied).emplace_back(setting.key);
  }
  return changes;
}

std::string Reloader::report(const Changes& changes, const std::vector<std::string>& warnings) const {
  std::string text = sources_.file.empty()
                         ? "there is no configuration file; the files it would name were not looked for\n"
                         : fmt::format("{} read again\n", sources_.file);
  text += fmt::format("changed: {}\n",
                      changes.applied.empty() ? "nothing" : fmt::format("{}", fmt::join(changes.applied, ", ")));
  if (!changes.waiting.empty()) {
    text += fmt::format("changed, needs a restart: {}\n", fmt::join(changes.waiting, ", "));
  }
  if (running_.values.has_tls()) text += "the certificate's files were read again\n";
  if (!running_.values.pinned_jwks.empty()) {
    text += fmt::format("{} pinned key sets were read again\n", running_.values.pinned_jwks.size());
  }
  for (const auto& warning : warnings) text += fmt::format("warning: {}\n", warning);
  return text;
}

void Reloader::check_certificate() {
  MutexLock lock(mutex_);
  if (collector_ == nullptr || !running_.values.has_tls()) return;
  const CertificateStamp stamp = stamp_of(running_.values);
  if (stamp == stamp_) return;
  const auto reloaded = collector_->reload_certificate(running_.values);
  set_certificate_state(reloaded.has_value());
  if (reloaded) {
    stamp_ = stamp;
    certificate_failure_.clear();
    parts_.logger.info("the certificate's files changed and were read again",
                       {{"file", running_.values.tls_cert_file}});
  } else if (std::exchange(certificate_failure_, reloaded.error().message) != reloaded.error().message) {
    parts_.logger.error("the certificate's files changed and cannot be used; the old pair stays in use",
                        {{"reason", reloaded.error().message}});
  }
}

std::optional<std::chrono::seconds> Reloader::certificate_interval() const {
  MutexLock lock(mutex_);
  if (!running_.values.has_tls() || running_.values.tls_reload_interval_seconds == 0) return std::nullopt;
  return std::chrono::seconds(running_.values.tls_reload_interval_seconds);
}

}  // namespace sluice::cli
