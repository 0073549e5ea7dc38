#pragma once

#include <set>
#include <string>
#include <string_view>

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include "base/result.h"

namespace sluice::cli {

/// One mapping of a YAML file, read strictly: every key is asked for once, and finish() refuses what nobody
/// asked for. Errors carry "file:line: path.key: ...". Not thread-safe; lives while the file is read.
class YamlSection {
 public:
  /// kInvalidArgument when `node` is not a mapping or has a key twice. An absent node is an empty section.
  static Result<YamlSection> open(const std::string& file, const std::string& path, const YAML::Node& node);

  /// Reads `key` into `target` if present. `wanted` completes "wanted ...", e.g. "a number of seconds".
  template <class T>
  Result<void> read(const std::string& key, T& target, std::string_view wanted) {
    known_.insert(key);
    const YAML::Node node = child(key);
    if (!node.IsDefined() || node.IsNull()) return {};
    T value{};
    if (!YAML::convert<T>::decode(node, value)) return error(node, key, fmt::format("wanted {}", wanted));
    target = std::move(value);
    return {};
  }

  Result<YamlSection> section(const std::string& key);
  /// The node of `key` (undefined when absent), for sequences of mappings.
  YAML::Node take(const std::string& key);
  /// An error at a key of this section.
  std::unexpected<Error> error(const YAML::Node& node, const std::string& key, const std::string& message) const;
  std::unexpected<Error> error(const std::string& key, const std::string& message) const;
  /// kInvalidArgument for the first key that was never read, listing those that are accepted.
  Result<void> finish() const;

  std::string path_of(const std::string& key) const { return path_.empty() ? key : path_ + "." + key; }
  const std::string& file() const { return file_; }

 private:
  YamlSection(std::string file, std::string path, YAML::Node node)
      : file_(std::move(file)), path_(std::move(path)), node_(std::move(node)) {}
  YAML::Node child(const std::string& key) const;

  std::string file_;
  std::string path_;
  YAML::Node node_;
  std::set<std::string> known_;
};

}  // namespace sluice::cli
