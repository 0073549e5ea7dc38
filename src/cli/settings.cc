#include "cli/settings.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

namespace sluice::cli {

namespace {

bool is_section(std::string_view path) {
  return std::ranges::any_of(settings(), [&](const Setting& setting) {
    return setting.key.size() > path.size() && setting.key.starts_with(path) && setting.key[path.size()] == '.';
  });
}

/// What may stand in a section, sorted: "tls, trusted_proxies".
std::string accepted_in(std::string_view section) {
  std::set<std::string_view> names;
  for (const Setting& setting : settings()) {
    if (!setting.show) continue;
    std::string_view rest = setting.key;
    if (!section.empty()) {
      if (!rest.starts_with(section) || rest.size() <= section.size() || rest[section.size()] != '.') continue;
      rest.remove_prefix(section.size() + 1);
    }
    names.insert(rest.substr(0, rest.find('.')));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

class Reader {
 public:
  Reader(const std::string& file, ServeConfig& config, ConfigOrigins& origins, ConfigProblems& problems)
      : file_(file), config_(config), origins_(origins), problems_(problems) {}

  void section(const ConfigNode& node, const std::string& path) {
    for (const auto& member : node.members) {
      const std::string key = config_key(path, member.key);
      if (const Setting* setting = find_setting(key)) {
        value(*setting, member);
      } else if (!is_section(key)) {
        problems_.error({file_, member.line}, key, "unknown key; accepted here: " + accepted_in(path));
      } else if (member.value.kind == ConfigNode::Kind::kMap) {
        section(member.value, key);
      } else if (member.value.kind != ConfigNode::Kind::kNull) {
        problems_.error({file_, member.line}, key, "wanted a mapping of keys to values");
      }
    }
  }

 private:
  void value(const Setting& setting, const ConfigNode::Member& member) {
    if (member.value.kind == ConfigNode::Kind::kNull && setting.show) return;
    const ConfigOrigin origin{file_, member.value.line > 0 ? member.value.line : member.line};
    if (const auto read = setting.read(member.value, config_); !read) {
      problems_.error(origin, setting.key, read.error().message);
    } else {
      origins_[std::string(setting.key)] = origin;
    }
  }

  const std::string& file_;
  ServeConfig& config_;
  ConfigOrigins& origins_;
  ConfigProblems& problems_;
};

}  // namespace

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = [] {
    std::vector<Setting> rows;
    for (auto section :
         {web_settings, limit_settings, storage_and_log_settings, aws_settings, oidc_settings, query_settings}) {
      for (Setting& row : section()) rows.push_back(std::move(row));
    }
    return rows;
  }();
  return all;
}

const Setting* find_setting(std::string_view key) {
  const auto found = std::ranges::find(settings(), key, &Setting::key);
  return found == settings().end() ? nullptr : &*found;
}

void read_settings(const ConfigNode& root, const std::string& file, ServeConfig& config, ConfigOrigins& origins,
                   ConfigProblems& problems) {
  Reader(file, config, origins, problems).section(root, "");
}

}  // namespace sluice::cli
