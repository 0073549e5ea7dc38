#include "http/router.h"

#include <algorithm>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::http {
namespace {

std::vector<std::string_view> split_path(std::string_view path) {
  std::vector<std::string_view> segments;
  SLUICE_CHECK(path.empty() || path.front() == '/', "a path starts with '/'");
  while (!path.empty()) {
    path.remove_prefix(1);
    const size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    path = end == std::string_view::npos ? std::string_view() : path.substr(end);
  }
  return segments;
}

bool is_parameter(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

enum class Fit { kNo, kYes, kBadEscape };

/// Whether `raw` has the shape of `pattern`; the parameters' decoded values go to `out`.
Fit fit(const std::vector<std::string>& pattern, const std::vector<std::string_view>& raw, PathParameters& out) {
  if (pattern.size() != raw.size()) return Fit::kNo;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (is_parameter(pattern[i])) {
      if (raw[i].empty()) return Fit::kNo;
    } else if (pattern[i] != raw[i]) {
      const auto decoded = percent_decode(raw[i]);
      if (!decoded || *decoded != pattern[i]) return Fit::kNo;
    }
  }
  // Only now, so that a bad escape is reported for a path that would have been found.
  for (size_t i = 0; i < raw.size(); ++i) {
    if (!is_parameter(pattern[i])) continue;
    auto decoded = percent_decode(raw[i]);
    if (!decoded) return Fit::kBadEscape;
    out.values.emplace_back(pattern[i].substr(1, pattern[i].size() - 2), *std::move(decoded));
  }
  return Fit::kYes;
}

}  // namespace

std::string_view PathParameters::get(std::string_view name) const {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return {};
}

void RouteTable::add(std::string_view method, std::string_view pattern, int route) {
  Route added{std::string(method), {}, route};
  for (const auto segment : split_path(pattern)) added.segments.emplace_back(segment);
  routes_.push_back(std::move(added));
}

RouteTable::Match RouteTable::match(std::string_view method, std::string_view raw_path) const {
  Match match;
  if (raw_path.empty() || raw_path.front() != '/') return match;
  const auto segments = split_path(raw_path);
  std::vector<std::string_view> allowed;
  const Route* get = nullptr;
  PathParameters get_parameters;
  for (const auto& route : routes_) {
    PathParameters parameters;
    const Fit fits = fit(route.segments, segments, parameters);
    if (fits == Fit::kNo) continue;
    if (fits == Fit::kBadEscape) {
      match.kind = Match::Kind::kBadEscape;
      return match;
    }
    if (route.method == method) {
      match.kind = Match::Kind::kFound;
      match.route = route.route;
      match.parameters = std::move(parameters);
      return match;
    }
    if (route.method == "GET" && !get) {
      get = &route;
      get_parameters = std::move(parameters);
    }
    if (std::ranges::find(allowed, route.method) == allowed.end()) allowed.push_back(route.method);
  }
  if (method == "HEAD" && get) {
    match.kind = Match::Kind::kFound;
    match.route = get->route;
    match.parameters = std::move(get_parameters);
    return match;
  }
  if (allowed.empty()) return match;
  match.kind = Match::Kind::kWrongMethod;
  for (const auto& name : allowed) {
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += name;
  }
  return match;
}

}  // namespace sluice::http
