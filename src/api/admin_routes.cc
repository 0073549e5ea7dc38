#include "api/admin_routes.h"

#include "base/clock.h"
#include "base/encoding.h"
#include "http/form.h"

namespace sluice::api {

namespace {

constexpr std::string_view kExplain = "/-/explain";
constexpr size_t kRecentMax = 50;

bool has_loopback_host(const http::Request& request) {
  std::string_view host = request.headers.get("Host");
  if (const size_t colon = host.rfind(':'); colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

bool came_through_a_proxy(const http::Request& request) {
  for (const char* forwarded : {"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"}) {
    if (request.headers.find(forwarded) != nullptr) return true;
  }
  return false;
}

/// "2026-11-22T00:46:11.427Z  <request id>  policy.resource-mismatch  <principal>", with a count for floods.
std::string one_line(const diagnosis::DecisionRecord& record) {
  std::string line = format_iso8601_ms(record.time_ms) + "  " + record.request_id + "  " +
                     std::string(diagnosis::rule(record.first_failure.rule).name) + "  " + printable(record.principal, 200);
  if (record.count > 1) line += "  (" + std::to_string(record.count) + " times)";
  return line;
}

http::Response not_ready(const Error& error) {
  http::Response response = http::Response::text(503, error.message + "\n");
  response.headers.set("Retry-After", "2");
  return response;
}

}  // namespace

std::optional<http::Response> AdminRoutes::handle(const http::Request& request) const {
  const std::string_view path = request.path();
  const bool is_explain = path == kExplain || path.starts_with("/-/explain/");
  if (path != "/-/healthy" && path != "/-/ready" && path != "/metrics" && !is_explain) return std::nullopt;
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response = http::Response::text(405, "this address takes GET only\n");
    response.headers.set("Allow", "GET, HEAD");
    return response;
  }
  if (path == "/-/healthy") return http::Response::text(200, "Sluice is healthy.\n");
  if (path == "/-/ready") {
    const auto ready = ready_();
    return ready ? http::Response::text(200, "Sluice is ready.\n") : not_ready(ready.error());
  }
  if (!has_loopback_host(request)) {
    return http::Response::text(403, "this address answers under a loopback name only (localhost, 127.0.0.1, [::1])\n");
  }
  if (path == "/metrics" && (request.is_admin_listener || (public_is_private_ && !came_through_a_proxy(request)))) {
    return http::Response::text(200, metrics_.expose(), "text/plain; version=0.0.4; charset=utf-8");
  }
  if (!request.is_admin_listener) {
    return http::Response::text(403, "this address answers on the admin listener only (web.admin_listen_address)\n");
  }
  return explain(request);
}

http::Response AdminRoutes::explain(const http::Request& request) const {
  const auto form = http::Form::parse(request.query());
  const std::string* format = form ? form->find("format") : nullptr;
  const bool as_text = format != nullptr && *format == "text";
  std::string_view id = request.path().substr(kExplain.size());
  if (id.starts_with('/')) id.remove_prefix(1);

  if (id.empty()) {
    std::string out;
    for (const auto& record : decisions_.recent(kRecentMax)) {
      out += as_text ? one_line(record) : diagnosis::to_json(record);
      out += '\n';
    }
    if (as_text && out.empty()) out = "nothing was refused for its token, signature or permission since this collector started\n";
    return http::Response::text(200, out, as_text ? "text/plain; charset=utf-8" : "application/x-ndjson");
  }
  const auto record = decisions_.find(id);
  if (!record) {
    return http::Response::text(404, "no decision record for request " + printable(id, 100) +
                                         ". Kept are refusals of a token, a signature or a permission, the newest "
                                         "some thousands of them; other errors explain themselves to their caller\n");
  }
  if (as_text) return http::Response::text(200, diagnosis::to_text(*record));
  return http::Response::json(200, diagnosis::to_json(*record));
}

}  // namespace sluice::api
