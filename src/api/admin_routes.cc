#include "api/admin_routes.h"

#include <fmt/format.h>

#include "base/clock.h"
#include "base/encoding.h"
#include "http/form.h"

namespace sluice::api {

namespace {

constexpr std::string_view kExplain = "/-/explain";
constexpr size_t kRecentMax = 50;

constexpr std::string_view kOperators = R"(Sluice, for its operator. This listener asks nobody who they are.

  GET  /-/healthy              200 while the process answers
  GET  /-/ready                200, or 503 with the reason
  GET  /metrics                the collector's own metrics, Prometheus text format
  GET  /-/explain              the newest refusals; ?format=text for people
  GET  /-/explain/{request id} why a request was refused; ?format=text for people
  POST /-/reload               reads the configuration again, the certificate's files too
)";

constexpr std::string_view kClients = R"(
The API's listener (web.listen_address) has, besides /-/healthy and /-/ready:

  GET, POST  /                 STS and IAM, Query protocol; AssumeRoleWithWebIdentity is unsigned, everything else signed
  /workspaces, /workspaces/{id}, /workspaces/{id}/alias, /tags/{arn}, ...     AMP's control plane, signed
  POST       /workspaces/{id}/api/v1/remote_write                            aps:RemoteWrite
  GET, POST  /workspaces/{id}/api/v1/query, query_range                      aps:QueryMetrics
  GET, POST  /workspaces/{id}/api/v1/series, labels                          aps:GetSeries, aps:GetLabels
  GET        /workspaces/{id}/api/v1/label/{name}/values                     aps:GetLabels
  GET, POST  /workspaces/{id}/api/v1/query_exemplars                         aps:QueryMetrics
  GET        /workspaces/{id}/api/v1/metadata                                aps:GetMetricMetadata
  GET        /workspaces/{id}/api/v1/status/buildinfo                        aps:QueryMetrics
)";

bool has_loopback_host(const http::Request& request) {
  std::string_view host = request.headers.get("Host");
  if (const size_t colon = host.rfind(':');
      colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
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
                     std::string(diagnosis::rule(record.first_failure.rule).name) + "  " +
                     printable(record.principal, 200);
  if (record.count > 1) line += "  (" + std::to_string(record.count) + " times)";
  return line;
}

http::Response wrong_method(const char* allowed) {
  http::Response response = http::Response::text(405, std::string("this address takes ") + allowed + " only\n");
  response.headers.set("Allow", allowed);
  return response;
}

http::Response wrong_host() {
  return http::Response::text(403, "this address answers under a loopback name only (localhost, 127.0.0.1, [::1])\n");
}

http::Response wrong_listener() {
  return http::Response::text(403, "this address answers on the admin listener only (web.admin_listen_address)\n");
}

/// A page in the operator's browser can send a POST too; browsers say so in one of these.
bool came_from_a_web_page(const http::Request& request) {
  return request.headers.find("Origin") != nullptr || request.headers.find("Sec-Fetch-Site") != nullptr;
}

http::Response refuse_web_page() {
  return http::Response::text(403, "a web page may not ask for this; use curl -X POST\n");
}

http::Response not_ready(const Error& error) {
  http::Response response = http::Response::text(503, error.message + "\n");
  response.headers.set("Retry-After", "2");
  return response;
}

/// What stands where the action's argument is, "" when it has none; nullopt when the path is another's.
std::optional<std::string_view> argument_of(const AdminAction& action, std::string_view path) {
  if (!path.starts_with(action.path)) return std::nullopt;
  const std::string_view rest = path.substr(action.path.size());
  if (action.argument.empty()) return rest.empty() ? std::optional(rest) : std::nullopt;
  return rest.size() > 1 && rest[0] == '/' ? std::optional(rest.substr(1)) : std::nullopt;
}

}  // namespace

std::optional<http::Response> AdminRoutes::act(const http::Request& request) const {
  std::string allowed;
  for (const AdminAction& action : actions_) {
    const auto argument = argument_of(action, request.path());
    if (!argument) continue;
    const bool is_get = action.method == "GET";
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", is_get ? "GET, HEAD" : action.method);
    if (request.method != action.method && !(is_get && request.method == "HEAD")) continue;
    if (!has_loopback_host(request)) return wrong_host();
    if (!request.is_admin_listener) return wrong_listener();
    if (!is_get && came_from_a_web_page(request)) return refuse_web_page();
    return action.run(request, *argument);
  }
  if (allowed.empty()) return std::nullopt;
  return wrong_method(allowed.c_str());
}

http::Response AdminRoutes::index() const {
  std::string text(kOperators);
  for (const AdminAction& action : actions_) {
    const std::string path = action.argument.empty() ? action.path : action.path + "/{" + action.argument + "}";
    text += fmt::format("  {:<4} {}\n         {}\n", action.method, path, action.help);
  }
  return http::Response::text(200, text + std::string(kClients));
}

std::optional<http::Response> AdminRoutes::handle(const http::Request& request) const {
  if (auto answer = act(request)) return answer;
  const std::string_view path = request.path();
  const bool is_explain = path == kExplain || path.starts_with("/-/explain/");
  const bool is_index = path == "/" && request.is_admin_listener;
  const bool is_reload = path == "/-/reload";
  if (path != "/-/healthy" && path != "/-/ready" && path != "/metrics" && !is_explain && !is_index && !is_reload) {
    return std::nullopt;
  }
  if (is_reload && request.method != "POST") return wrong_method("POST");
  if (!is_reload && request.method != "GET" && request.method != "HEAD") return wrong_method("GET, HEAD");
  if (path == "/-/healthy") return http::Response::text(200, "Sluice is healthy.\n");
  if (path == "/-/ready") {
    const auto ready = ready_();
    return ready ? http::Response::text(200, "Sluice is ready.\n") : not_ready(ready.error());
  }
  if (!has_loopback_host(request)) return wrong_host();
  if (path == "/metrics" && (request.is_admin_listener || (public_is_private_ && !came_through_a_proxy(request)))) {
    return http::Response::text(200, metrics_.expose(), "text/plain; version=0.0.4; charset=utf-8");
  }
  if (!request.is_admin_listener) return wrong_listener();
  if (is_index) return index();
  return is_reload ? reload(request) : explain(request);
}

http::Response AdminRoutes::reload(const http::Request& request) const {
  if (came_from_a_web_page(request)) return refuse_web_page();
  if (!reload_)
    return http::Response::text(404, "this collector was started without a configuration that can be read again\n");
  const auto done = reload_();
  if (done) return http::Response::text(200, *done);
  return done.error().code == ErrorCode::kUnavailable ? not_ready(done.error())
                                                      : http::Response::text(500, done.error().message + "\n");
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
    if (as_text && out.empty())
      out = "nothing was refused for its token, signature or permission since this collector started\n";
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
