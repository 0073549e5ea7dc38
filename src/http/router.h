#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::http {

/// Path parameters of a match, percent-decoded, by name.
class PathParameters {
 public:
  std::string_view get(std::string_view name) const;  ///< "" when absent
  std::vector<std::pair<std::string, std::string>> values;
};

/// Finds the route of a method and a raw path. Patterns are segments, literal or `{name}`:
/// "/workspaces/{workspace}/api/v1/label/{name}/values". The raw path is split at '/' *before*
/// percent-decoding, so an encoded slash stays inside its segment (tag ARNs need that).
/// A trailing slash is significant. A literal segment matches its percent-encoded spellings too; a parameter
/// is never empty. Of several routes that fit, the first added wins. HEAD finds GET's route when it has none
/// of its own (RFC 9110 9.3.2; the server drops the body). Built once, then read-only and thread-safe.
class RouteTable {
 public:
  void add(std::string_view method, std::string_view pattern, int route);

  struct Match {
    enum class Kind { kFound, kNoPath, kWrongMethod, kBadEscape } kind = Kind::kNoPath;
    int route = -1;
    PathParameters parameters;
    std::string allow;  ///< with kWrongMethod: the methods of that path, "GET, POST"
  };
  Match match(std::string_view method, std::string_view raw_path) const;

 private:
  struct Route {
    std::string method;
    std::vector<std::string> segments;
    int route;
  };
  std::vector<Route> routes_;
};

}  // namespace sluice::http
