#include "cli/config_node.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/core.h>
#include <yaml-cpp/yaml.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {

namespace {

/// Turns yaml-cpp's nodes into ours. It may throw what yaml-cpp throws.
class Converter {
 public:
  Converter(const std::string& name, const Environment& environment, ConfigProblems& problems)
      : name_(name), environment_(environment), problems_(problems) {}

  /// nullopt when the node is left out; what is wrong with it has been told then.
  std::optional<ConfigNode> convert(const YAML::Node& node, const std::string& path, size_t depth) {
    if (++nodes_ > limits::kConfigValuesMax || depth > limits::kConfigDepthMax) {
      if (!is_over_) {
        problem(line_of(node), path,
                fmt::format("too much: at most {} values, {} levels deep, are read", limits::kConfigValuesMax,
                            limits::kConfigDepthMax));
      }
      is_over_ = true;
      return std::nullopt;
    }
    ConfigNode out;
    out.line = line_of(node);
    switch (node.Type()) {
      case YAML::NodeType::Scalar: return scalar(node, path, std::move(out));
      case YAML::NodeType::Sequence: return list(node, path, depth, std::move(out));
      case YAML::NodeType::Map: return map(node, path, depth, std::move(out));
      default: return out;
    }
  }

 private:
  std::optional<ConfigNode> scalar(const YAML::Node& node, const std::string& path, ConfigNode out) {
    auto text = expand_environment(node.Scalar(), environment_);
    if (!text) {
      problem(out.line, path, text.error().message);
      return std::nullopt;
    }
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
    if (std::ranges::any_of(*text, is_control) || !is_valid_utf8(*text)) {
      problem(out.line, path,
              "holds a line break, a control character or bytes that are no UTF-8; wanted one line of text");
      return std::nullopt;
    }
    // yaml-cpp tags quoted scalars "!", plain ones "?".
    if (text->empty() && node.Tag() != "!") return out;
    out.kind = ConfigNode::Kind::kScalar;
    out.text = *std::move(text);
    return out;
  }

  ConfigNode list(const YAML::Node& node, const std::string& path, size_t depth, ConfigNode out) {
    out.kind = ConfigNode::Kind::kList;
    for (size_t i = 0; i < node.size() && !is_over_; ++i) {
      if (auto item = convert(node[i], fmt::format("{}[{}]", path, i), depth + 1))
        out.items.push_back(*std::move(item));
    }
    return out;
  }

  ConfigNode map(const YAML::Node& node, const std::string& path, size_t depth, ConfigNode out) {
    out.kind = ConfigNode::Kind::kMap;
    std::set<std::string> seen;
    for (const auto& entry : node) {
      if (is_over_) break;
      const int line = line_of(entry.first);
      if (!entry.first.IsScalar()) {
        problem(line, path, "a key must be a plain word");
        continue;
      }
      const std::string key = printable(entry.first.Scalar(), 100);
      if (!seen.insert(key).second) {
        problem(line, config_key(path, key), "given twice");
        continue;
      }
      if (auto value = convert(entry.second, config_key(path, key), depth + 1)) {
        out.members.push_back({key, line, *std::move(value)});
      }
    }
    return out;
  }

  void problem(int line, const std::string& path, std::string_view message) {
    problems_.error({name_, line}, path, message);
  }

  static int line_of(const YAML::Node& node) { return node.Mark().line + 1; }  // yaml-cpp counts from 0, none is -1

  const std::string& name_;
  const Environment& environment_;
  ConfigProblems& problems_;
  size_t nodes_ = 0;
  bool is_over_ = false;
};

}  // namespace

ConfigNode scalar_node(std::string text) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.text = std::move(text);
  return node;
}

std::string config_key(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

ConfigNode parse_config_yaml(std::string_view text, const std::string& name, const Environment& environment,
                             ConfigProblems& problems) {
  if (text.size() > limits::kConfigFileBytesMax) {
    problems.error({name, 0}, "", fmt::format("larger than {} bytes", limits::kConfigFileBytesMax));
    return {};
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(std::string(text));
    if (documents.empty()) return {};
    if (documents.size() > 1) {
      problems.error({name, documents[1].Mark().line + 1}, "", "a second YAML document begins; wanted one");
      return {};
    }
    auto root = Converter(name, environment, problems).convert(documents.front(), "", 0);
    if (!root) return {};
    if (root->kind == ConfigNode::Kind::kMap || root->kind == ConfigNode::Kind::kNull) return *std::move(root);
    problems.error({name, root->line}, "", "the file: wanted a mapping of keys to values");
  } catch (const YAML::Exception& error) {
    problems.error({name, error.mark.line + 1}, "", fmt::format("not YAML: {}", error.msg));
  }
  return {};
}

}  // namespace sluice::cli
