#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "diagnosis/decision_log.h"
#include "http/request.h"

namespace sluice::api {

/// Something the operator can ask for on the admin listener, "METHOD /-/path" or, with an argument,
/// "METHOD /-/path/{argument}".
struct AdminAction {
  std::string method;    ///< "GET" (then HEAD too) or "POST" (then refused to web pages)
  std::string path;      ///< "/-/deleted-workspaces"
  std::string argument;  ///< what the last segment is, for people; "" when the path is all
  std::string help;      ///< one line for the index
  /// Thread-safe; runs on the compute pool. The argument is as in the path, not decoded, and not empty.
  std::function<http::Response(const http::Request&, std::string_view argument)> run;
};

/// What an operator and a load balancer ask, unauthenticated: health on every listener; metrics and explanations on
/// the admin listener alone, and only under a loopback name (a browser's page may point any other name here). Routes:
///
///   GET /                       on the admin listener: every address of the collector, for people
///   GET /-/healthy              200 while the process answers
///   GET /-/ready                200, or 503 with the reason (replaying, shutting down)
///   GET /metrics                Prometheus text format; also on a public listener that only this machine reaches
///   GET /-/explain/{id}         the decision record of a refused request: JSON, or text with ?format=text
///   GET /-/explain              the newest refusals: JSON lines, or one line of text each
///   POST /-/reload              reads the configuration again: 200 with what was done, 500 with the reasons
/// and what add() is given.
///
/// Thread-safe once all actions are added.
class AdminRoutes {
 public:
  /// `ready` yields the reason while the collector is not.
  /// `reload` yields what was done; null when there is nothing to read again.
  AdminRoutes(MetricRegistry& metrics, const diagnosis::DecisionLog& decisions, std::function<Result<void>()> ready,
              bool public_is_private, std::function<Result<std::string>()> reload = nullptr)
      : metrics_(metrics), decisions_(decisions), ready_(std::move(ready)), reload_(std::move(reload)),
        public_is_private_(public_is_private) {}

  /// Before the first request.
  void add(AdminAction action) { actions_.push_back(std::move(action)); }

  /// The answer, or nullopt when the path is none of these.
  std::optional<http::Response> handle(const http::Request& request) const;

 private:
  std::optional<http::Response> act(const http::Request& request) const;
  http::Response index() const;
  http::Response explain(const http::Request& request) const;
  http::Response reload(const http::Request& request) const;

  MetricRegistry& metrics_;
  const diagnosis::DecisionLog& decisions_;
  std::function<Result<void>()> ready_;
  std::function<Result<std::string>()> reload_;
  bool public_is_private_;
  std::vector<AdminAction> actions_;
};

}  // namespace sluice::api
