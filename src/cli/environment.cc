#include "cli/environment.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::cli {

namespace {

constexpr size_t kQuotedBytesMax = 100;  // of a malformed reference

bool is_name(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !text.empty() && is_letter(text.front()) &&
         std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c); });
}

std::unexpected<Error> malformed(std::string_view reference) {
  return fail(ErrorCode::kMalformed,
              fmt::format("'{}' is no reference to the environment; wanted ${{NAME}}, ${{NAME:-default}}, "
                          "or $${{ for a literal ${{",
                          printable(reference, kQuotedBytesMax)));
}

/// `inside` is what stands between "${" and "}".
Result<std::string> look_up(std::string_view inside, const Environment& environment) {
  const size_t marker = inside.find(":-");
  const std::string name(inside.substr(0, marker));
  if (!is_name(name)) return malformed(fmt::format("${{{}}}", inside));
  auto value = environment(name);
  if (marker != std::string_view::npos) {
    if (value && !value->empty()) return *std::move(value);
    return std::string(inside.substr(marker + 2));
  }
  if (value) return *std::move(value);
  return fail(ErrorCode::kNotFound,
              fmt::format("the environment variable {0} is not set; set it, or give a default: ${{{0}:-...}}", name));
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Result<std::string> expand_environment(std::string_view text, const Environment& environment) {
  std::string out;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    out += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar);
    if (text.starts_with("$${")) {
      out += "${";
      text.remove_prefix(3);
    } else if (text.starts_with("${")) {
      const size_t end = text.find('}');
      if (end == std::string_view::npos) return malformed(text);
      const std::string_view inside = text.substr(2, end - 2);
      if (inside.find("${") != std::string_view::npos) return malformed(text.substr(0, end + 1));
      SLUICE_ASSIGN(const std::string value, look_up(inside, environment));
      out += value;
      text.remove_prefix(end + 1);
    } else {
      out += '$';
      text.remove_prefix(1);
    }
    if (out.size() > limits::kConfigValueBytesMax) break;
  }
  if (out.size() > limits::kConfigValueBytesMax) {
    return fail(ErrorCode::kTooLarge, fmt::format("the value is longer than {} bytes once the environment is put in",
                                                  limits::kConfigValueBytesMax));
  }
  return out;
}

}  // namespace sluice::cli
