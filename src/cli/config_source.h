#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "cli/config_problems.h"
#include "cli/environment.h"
#include "cli/settings.h"

namespace sluice::cli {

/// A setting given on the command line: it wins over the file, at every reload too.
struct ConfigFlag {
  std::string flag;  ///< "--storage.path"
  std::string key;   ///< "storage.path"
  std::string value;
};

/// Where a configuration comes from, kept for the life of the process so that it can be read again.
struct ConfigSources {
  std::string file;  ///< YAML; "" for none
  std::vector<ConfigFlag> flags;
  Environment environment = process_environment();
};

/// A configuration and what set each of its keys.
struct LoadedConfig {
  ServeConfig values;
  ConfigOrigins origins;

  /// Of a key that has its default: no source, no line.
  ConfigOrigin origin_of(std::string_view key) const;
};

/// Built-in defaults, then the file, then the flags, then the rules between settings. Reads no other file
/// (config_files.h does). What is yielded is complete, and of use only if nothing was added to `problems`' errors.
LoadedConfig load_config(const ConfigSources& sources, ConfigProblems& problems);
/// The same for a file's text; `name` stands for the file in messages.
LoadedConfig parse_config(std::string_view text, const std::string& name, const Environment& environment,
                          ConfigProblems& problems);

/// The whole configuration as YAML that reads back to the same, each key with a comment saying where it comes from.
/// Secrets are never part of it: settings name their files.
std::string print_config(const LoadedConfig& config);

}  // namespace sluice::cli
