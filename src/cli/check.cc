#include <algorithm>
#include <cstdio>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/file_system.h"
#include "cli/config_files.h"
#include "cli/verbs.h"
#include "net/runtime.h"

namespace sluice::cli {

namespace {

/// "sluice.yaml is good: 7 keys set; certificate valid until 2026-12-01T00:00:00Z; 2 pinned key sets"
std::string summary(const ConfigSources& sources, const LoadedConfig& config, std::optional<UnixSeconds> not_after) {
  std::string text = fmt::format("{} is good: {} of {} keys set",
                                 sources.file.empty() ? "the configuration" : sources.file, config.origins.size(),
                                 std::ranges::count_if(settings(), [](const Setting& s) { return s.show != nullptr; }));
  if (not_after) text += fmt::format("; certificate valid until {}", format_iso8601(*not_after));
  if (const size_t pinned = config.values.pinned_jwks.size(); pinned > 0)
    text += fmt::format("; {} pinned key sets", pinned);
  return text;
}

}  // namespace

Result<int> check_configuration(const CheckOptions& options) {
  const auto logger = make_null_logger();
  const auto fs = make_posix_file_system();
  const SystemClock clock;
  net::Runtime runtime({.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger);
  ConfigProblems problems;
  const LoadedConfig config = load_config(options.sources, problems);
  const ConfigFiles files = read_config_files(config, *fs, runtime, problems);
  const auto not_after = check_tls_files(config, clock.now_s(), problems);

  for (const auto& warning : problems.warnings()) fmt::print(stderr, "warning: {}\n", warning);
  for (const auto& error : problems.errors()) fmt::print(stderr, "{}\n", error);
  if (problems.has_errors()) return 1;
  if (options.print) fmt::print("{}", print_config(config));
  fmt::print(options.print ? stderr : stdout, "{}\n", summary(options.sources, config, not_after));
  return 0;
}

}  // namespace sluice::cli
