#include "cli/yaml_section.h"

namespace sluice::cli {

namespace {

std::string at_line(const std::string& file, const YAML::Node& node) {
  // yaml-cpp counts lines from 0; an empty mark has line -1.
  const int line = node.IsDefined() ? node.Mark().line : -1;
  return line < 0 ? file : fmt::format("{}:{}", file, line + 1);
}

}  // namespace

Result<YamlSection> YamlSection::open(const std::string& file, const std::string& path, const YAML::Node& node) {
  if (node.IsDefined() && !node.IsNull()) {
    if (!node.IsMap()) {
      return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}: wanted a mapping of keys to values",
                                                           at_line(file, node), path.empty() ? "the file" : path));
    }
    std::set<std::string> seen;
    for (const auto& entry : node) {
      std::string key;
      if (!YAML::convert<std::string>::decode(entry.first, key)) {
        return fail(ErrorCode::kInvalidArgument, fmt::format("{}: a key must be a plain word", at_line(file, entry.first)));
      }
      if (!seen.insert(key).second) {
        return fail(ErrorCode::kInvalidArgument,
                    fmt::format("{}: {}{}{}: given twice", at_line(file, entry.first), path, path.empty() ? "" : ".", key));
      }
    }
  }
  return YamlSection(file, path, node);
}

YAML::Node YamlSection::child(const std::string& key) const {
  const YAML::Node& node = node_;  // operator[] of a const node does not insert
  return node.IsDefined() && node.IsMap() ? node[key] : YAML::Node(YAML::NodeType::Undefined);
}

Result<YamlSection> YamlSection::section(const std::string& key) {
  known_.insert(key);
  return open(file_, path_of(key), child(key));
}

YAML::Node YamlSection::take(const std::string& key) {
  known_.insert(key);
  return child(key);
}

std::unexpected<Error> YamlSection::error(const YAML::Node& node, const std::string& key,
                                          const std::string& message) const {
  return fail(ErrorCode::kInvalidArgument, fmt::format("{}: {}: {}", at_line(file_, node), path_of(key), message));
}

std::unexpected<Error> YamlSection::error(const std::string& key, const std::string& message) const {
  return error(child(key), key, message);
}

Result<void> YamlSection::finish() const {
  if (!node_.IsDefined() || !node_.IsMap()) return {};
  for (const auto& entry : node_) {
    const auto key = entry.first.as<std::string>();
    if (known_.contains(key)) continue;
    std::string accepted;
    for (const auto& name : known_) accepted += (accepted.empty() ? "" : ", ") + name;
    return error(entry.first, key, "unknown key; accepted here: " + accepted);
  }
  return {};
}

}  // namespace sluice::cli
