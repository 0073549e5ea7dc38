#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::testing_support {

/// Recorded requests of real clients; "" when the directory is not there (the test then skips itself).
inline std::filesystem::path captures_directory() {
  const char* configured = std::getenv("SLUICE_CONFORMANCE_DIR");
  const std::filesystem::path root = configured != nullptr
                                         ? std::filesystem::path(configured)
                                         : std::filesystem::path(SLUICE_SOURCE_DIR) / "../shared/conformance";
  return std::filesystem::is_directory(root / "captures") ? root / "captures" : std::filesystem::path();
}

/// Remote writes of Prometheus 2.53, whole requests, in the order of their names.
inline std::vector<std::filesystem::path> remote_write_captures() {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(captures_directory())) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("prom253-") && name.find("_api_v1_re") != std::string::npos) paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  return paths;
}

inline std::string read_whole(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

/// What follows the header block.
inline std::string body_of(const std::string& request) {
  const size_t end = request.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : request.substr(end + 4);
}

/// The first header of that name (exact case), or "".
inline std::string header_of(const std::string& request, std::string_view name) {
  const std::string key = "\r\n" + std::string(name) + ": ";
  const size_t at = request.find(key);
  if (at == std::string::npos || at > request.find("\r\n\r\n")) return {};
  const size_t begin = at + key.size();
  return request.substr(begin, request.find("\r\n", begin) - begin);
}

}  // namespace sluice::testing_support
