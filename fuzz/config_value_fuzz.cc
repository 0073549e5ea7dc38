// uses: cli
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/check.h"
#include "cli/config_source.h"
#include "cli/settings.h"

namespace cli = sluice::cli;

namespace {

std::optional<std::string> look_up(const std::string& name) {
  if (name == "A") return "a\"\\${A}'# : [";
  if (name == "N") return "1";
  return std::nullopt;
}

}  // namespace

/// "key\nvalue": a value out of the environment or the file in each setting. What is accepted must survive being
/// printed and read again; YAML itself is read only as the program prints it.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == std::string_view::npos) return 0;
  const cli::Setting* setting = cli::find_setting(input.substr(0, end));
  const auto text = cli::expand_environment(input.substr(end + 1), look_up);
  if (setting == nullptr || !setting->show || !text) return 0;
  for (const char c : *text) {
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) return 0;  // never gets this far
  }
  cli::ConfigNode node = cli::scalar_node(*text);
  if (size % 2 == 0) {  // both forms see every key
    cli::ConfigNode list;
    list.kind = cli::ConfigNode::Kind::kList;
    list.items.push_back(std::move(node));
    node = std::move(list);
  }
  cli::LoadedConfig config;
  if (!setting->read(node, config.values)) return 0;
  const std::string printed = cli::print_config(config);
  cli::ConfigProblems problems;
  const cli::LoadedConfig again = cli::parse_config(printed, "printed", look_up, problems);
  SLUICE_CHECK(setting->show(again.values) == setting->show(config.values), "what is printed reads back to the same");
  return 0;
}
