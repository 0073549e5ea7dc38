#include "cli/config_source.h"

#include <filesystem>
#include <fstream>

#include <fmt/core.h>

#include "base/limits.h"
#include "cli/config_rules.h"

namespace sluice::cli {

namespace {

/// Reads at most one byte more than is allowed, so that the parser can tell. Pipes are read as well as files.
bool read_text(const std::string& file, std::string& text) {
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) return false;
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return false;
  text.resize(limits::kConfigFileBytesMax + 1);
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  return !stream.bad();
}

void read_text_into(std::string_view text, const std::string& name, const Environment& environment,
                    LoadedConfig& config, ConfigProblems& problems) {
  const ConfigNode root = parse_config_yaml(text, name, environment, problems);
  read_settings(root, name, config.values, config.origins, problems);
}

void read_flag(const ConfigFlag& flag, LoadedConfig& config, ConfigProblems& problems) {
  const ConfigOrigin origin{flag.flag, 0};
  const Setting* setting = find_setting(flag.key);
  const auto read = setting->read(scalar_node(flag.value), config.values);
  if (!read) return problems.error(origin, "", read.error().message);
  config.origins[flag.key] = origin;
}

std::vector<std::string_view> parts_of(std::string_view key) {
  std::vector<std::string_view> parts;
  for (size_t dot = key.find('.'); dot != std::string_view::npos; dot = key.find('.')) {
    parts.push_back(key.substr(0, dot));
    key.remove_prefix(dot + 1);
  }
  parts.push_back(key);
  return parts;
}

}  // namespace

ConfigOrigin LoadedConfig::origin_of(std::string_view key) const {
  const auto found = origins.find(key);
  return found == origins.end() ? ConfigOrigin() : found->second;
}

LoadedConfig load_config(const ConfigSources& sources, ConfigProblems& problems) {
  LoadedConfig config;
  if (!sources.file.empty()) {
    std::string text;
    if (read_text(sources.file, text)) {
      read_text_into(text, sources.file, sources.environment, config, problems);
    } else {
      problems.error({sources.file, 0}, "", "cannot read the configuration file");
    }
  }
  for (const ConfigFlag& flag : sources.flags) read_flag(flag, config, problems);
  check_rules(config, problems);
  return config;
}

LoadedConfig parse_config(std::string_view text, const std::string& name, const Environment& environment,
                          ConfigProblems& problems) {
  LoadedConfig config;
  read_text_into(text, name, environment, config, problems);
  check_rules(config, problems);
  return config;
}

std::string print_config(const LoadedConfig& config) {
  std::string out;
  std::vector<std::string_view> open;  // sections the line above stands in
  for (const Setting& setting : settings()) {
    if (!setting.show) continue;
    const auto parts = parts_of(setting.key);
    size_t depth = 0;
    while (depth < open.size() && depth + 1 < parts.size() && open[depth] == parts[depth]) ++depth;
    for (; depth + 1 < parts.size(); ++depth) out += fmt::format("{:{}}{}:\n", "", depth * 2, parts[depth]);
    open.assign(parts.begin(), parts.end() - 1);
    const std::string origin = config.origin_of(setting.key).to_string();
    out += fmt::format("{:{}}{}: {}  # {}\n", "", depth * 2, parts.back(), setting.show(config.values),
                       origin.empty() ? "default" : origin);
  }
  return out;
}

}  // namespace sluice::cli
