#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aws/request_view.h"

namespace sluice::aws::testing {

/// The folder of recorded requests and signature vectors; nullopt when it is not there.
inline std::optional<std::filesystem::path> conformance_dir() {
  const char* given = std::getenv("SLUICE_CONFORMANCE_DIR");
  const std::filesystem::path path =
      given ? std::filesystem::path(given) : std::filesystem::path(SLUICE_SOURCE_DIR) / ".." / "shared" / "conformance";
  return std::filesystem::is_directory(path) ? std::optional(path) : std::nullopt;
}

inline std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// A request read from its bytes. The suites write paths with raw blanks and headers over several lines, which no real
/// server would take, so this reader does.
struct RawRequest {
  std::string method;
  std::string path;
  std::string query;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  static RawRequest parse(std::string_view text);
  RequestView view() const {
    RequestView view{method, path, query, {}, body};
    for (const auto& [name, value] : headers) view.headers.push_back({name, value});
    return view;
  }
  std::string* header(std::string_view name) {
    for (auto& [key, value] : headers) {
      if (key == name) return &value;
    }
    return nullptr;
  }
  void remove_header(std::string_view name) {
    std::erase_if(headers, [&](const auto& entry) { return entry.first == name; });
  }
};

inline RawRequest RawRequest::parse(std::string_view text) {
  const auto next_line = [&] {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  };
  RawRequest request;
  const std::string_view first = next_line();
  const size_t method_end = first.find(' ');
  const size_t target_end = first.rfind(' ');
  const std::string_view target = first.substr(method_end + 1, target_end - method_end - 1);
  request.method = first.substr(0, method_end);
  request.path = target.substr(0, target.find('?'));
  if (const size_t mark = target.find('?'); mark != std::string_view::npos) request.query = target.substr(mark + 1);
  while (!text.empty()) {
    const std::string_view line = next_line();
    if (line.empty()) break;
    const size_t colon = line.find(':');
    if (line.front() == ' ' || colon == std::string_view::npos) {
      request.headers.back().second.append("\n").append(line);
      continue;
    }
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    request.headers.emplace_back(line.substr(0, colon), value);
  }
  request.body = text;
  return request;
}

}  // namespace sluice::aws::testing
