#pragma once

#include <algorithm>
#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/settings.h"

/// How settings of the common types are read and shown. `Field` is a function from a ServeConfig, const or not, to a
/// reference to the value: `[](auto& c) -> auto& { return c.region; }`.
namespace sluice::cli {

inline constexpr size_t kQuotedValueBytesMax = 200;

/// "'loud' is not accepted; wanted debug, info, warn or error"
std::unexpected<Error> not_accepted(const ConfigNode& node, std::string_view wanted);
/// The text of a scalar; kInvalidArgument for anything else.
Result<std::string> scalar_text(const ConfigNode& node, std::string_view wanted);
/// As a YAML scalar on one line: quoted where YAML, or the environment's "${", would read something else.
std::string yaml_scalar(std::string_view text);
/// "[a, b]"
std::string yaml_list(const std::vector<std::string>& texts);

using TextCheck = std::function<Result<void>(const std::string&)>;

template <std::integral T>
struct Range {
  T min;
  T max;
};

/// Setting::copy of a field.
template <class Field>
auto copy_of(Field field) {
  return [field](const ServeConfig& from, ServeConfig& to) { field(to) = field(from); };
}

/// A whole decimal number in a range, both ends included. `unit` is what it counts: "seconds", "bytes".
template <std::integral T>
Result<T> read_integer(const ConfigNode& node, Range<T> range, std::string_view wanted) {
  SLUICE_ASSIGN(const std::string text, scalar_text(node, wanted));
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || value < range.min || value > range.max) {
    return not_accepted(node, wanted);
  }
  return value;
}

template <class Field, std::integral T>
Setting integer_setting(std::string_view key, Applies applies, Field field, std::string_view unit, Range<T> range) {
  std::string wanted = fmt::format("a whole number of {}, {} to {}", unit, range.min, range.max);
  auto read = [field, range, wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(field(config), read_integer<T>(node, range, wanted));
    return {};
  };
  return {key,
          wanted,
          applies,
          std::move(read),
          [field](const ServeConfig& c) { return fmt::format("{}", field(c)); },
          copy_of(field)};
}

/// A duration given in whole seconds.
template <class Field>
Setting seconds_setting(std::string_view key, Applies applies, Field field, Range<int64_t> range) {
  std::string wanted = fmt::format("a whole number of seconds, {} to {}", range.min, range.max);
  auto read = [field, range, wanted](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const int64_t seconds, read_integer<int64_t>(node, range, wanted));
    field(config) = std::chrono::seconds(seconds);
    return {};
  };
  auto show = [field](const ServeConfig& c) {
    return fmt::format("{}", std::chrono::duration_cast<std::chrono::seconds>(field(c)).count());
  };
  return {key, wanted, applies, std::move(read), std::move(show), copy_of(field)};
}

template <class Field>
Setting boolean_setting(std::string_view key, Applies applies, Field field) {
  auto read = [field](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(const std::string text, scalar_text(node, "true or false"));
    if (text != "true" && text != "false") return not_accepted(node, "true or false");
    field(config) = text == "true";
    return {};
  };
  return {key,
          "true or false",
          applies,
          std::move(read),
          [field](const ServeConfig& c) { return field(c) ? "true" : "false"; },
          copy_of(field)};
}

/// Text; `check` sees it when it is not empty, and "" stands for "not set".
template <class Field>
Setting text_setting(std::string_view key, Applies applies, Field field, std::string wanted,
                     TextCheck check = nullptr) {
  auto read = [field, wanted, check](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    SLUICE_ASSIGN(std::string text, scalar_text(node, wanted));
    if (!text.empty() && check) SLUICE_TRY(check(text));
    field(config) = std::move(text);
    return {};
  };
  return {
      key,           wanted, applies, std::move(read), [field](const ServeConfig& c) { return yaml_scalar(field(c)); },
      copy_of(field)};
}

/// A list of texts, each of which `check` sees.
template <class Field>
Setting list_setting(std::string_view key, Applies applies, Field field, std::string wanted, TextCheck check) {
  auto read = [field, wanted, check](const ConfigNode& node, ServeConfig& config) -> Result<void> {
    if (node.kind != ConfigNode::Kind::kList) return not_accepted(node, wanted);
    std::vector<std::string> texts;
    for (const ConfigNode& item : node.items) {
      SLUICE_ASSIGN(std::string text, scalar_text(item, wanted));
      SLUICE_TRY(check(text));
      texts.push_back(std::move(text));
    }
    field(config) = std::move(texts);
    return {};
  };
  return {
      key,           wanted, applies, std::move(read), [field](const ServeConfig& c) { return yaml_list(field(c)); },
      copy_of(field)};
}

/// A CIDR network, host bits zero. kInvalidArgument.
Result<void> check_network(const std::string& text);

}  // namespace sluice::cli
