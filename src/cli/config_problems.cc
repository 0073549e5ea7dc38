#include "cli/config_problems.h"

#include <algorithm>
#include <tuple>

#include <fmt/core.h>

namespace sluice::cli {

namespace {

std::string text_of(const ConfigOrigin& origin, std::string_view key, std::string_view message) {
  std::string text = origin.to_string();
  if (!text.empty()) text += ": ";
  if (!key.empty()) text += fmt::format("{}: ", key);
  return text.append(message);
}

}  // namespace

std::string ConfigOrigin::to_string() const { return line > 0 ? fmt::format("{}:{}", source, line) : source; }

void ConfigProblems::error(const ConfigOrigin& origin, std::string_view key, std::string_view message) {
  errors_.push_back({origin.line, errors_.size(), text_of(origin, key, message)});
}

void ConfigProblems::warn(const ConfigOrigin& origin, std::string_view key, std::string_view message) {
  warnings_.push_back({origin.line, warnings_.size(), text_of(origin, key, message)});
}

std::vector<std::string> ConfigProblems::lines(std::vector<Entry> entries) {
  std::ranges::sort(
      entries, [](const Entry& a, const Entry& b) { return std::tie(a.line, a.place) < std::tie(b.line, b.place); });
  std::vector<std::string> texts;
  for (Entry& entry : entries) texts.push_back(std::move(entry.text));
  return texts;
}

Result<void> ConfigProblems::to_result() const {
  if (errors_.empty()) return {};
  std::string all;
  for (const auto& text : errors()) all += (all.empty() ? "" : "\n") + text;
  return fail(ErrorCode::kInvalidArgument, std::move(all));
}

}  // namespace sluice::cli
