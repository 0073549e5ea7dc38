#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/config.h"
#include "cli/config_node.h"
#include "cli/config_problems.h"

namespace sluice::cli {

/// When a changed value comes into force.
enum class Applies : uint8_t { kOnReload, kOnRestart };

/// One key of the configuration: the only place that knows how it is read, shown and changed.
struct Setting {
  std::string_view key;   ///< the full path, "web.tls.cert_file"
  std::string accepted;   ///< completes "wanted ...": "a whole number of seconds, 1 to 3600"
  Applies applies = Applies::kOnRestart;
  /// Puts a value in. kInvalidArgument says what was wrong with it; the configuration is then as before.
  std::function<Result<void>(const ConfigNode&, ServeConfig&)> read;
  /// The value as YAML, on one line; reading it again yields the same. Never a secret. Null for a key that exists only
  /// to be refused with a better text than "unknown key".
  std::function<std::string(const ServeConfig&)> show;
  std::function<void(const ServeConfig& from, ServeConfig& to)> copy;
};

/// Every setting, section by section, in the order of docs/configuration.md. Immutable; thread-safe.
const std::vector<Setting>& settings();
/// Null for a key that there is not.
const Setting* find_setting(std::string_view key);

/// What the keys of a configuration were set by; a key that is absent has its built-in default.
using ConfigOrigins = std::map<std::string, ConfigOrigin, std::less<>>;

/// Reads a file's tree over `config`: unknown keys, wrong types and impossible values are problems, and leave their
/// setting as it was.
void read_settings(const ConfigNode& root, const std::string& file, ServeConfig& config, ConfigOrigins& origins,
                   ConfigProblems& problems);

// The rows, by section; settings() puts them together.
std::vector<Setting> web_settings();
std::vector<Setting> limit_settings();
std::vector<Setting> storage_and_log_settings();
std::vector<Setting> aws_settings();
std::vector<Setting> oidc_settings();
std::vector<Setting> query_settings();

}  // namespace sluice::cli
