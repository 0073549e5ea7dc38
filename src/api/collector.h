#pragma once

#include <expected>
#include <string>
#include <vector>

#include "api/admin_routes.h"
#include "api/amp_service.h"
#include "api/authenticator.h"
#include "api/authorizer.h"
#include "api/data_plane.h"
#include "api/iam_service.h"
#include "api/refusal_recorder.h"
#include "api/sts_service.h"
#include "base/limits.h"
#include "http/request.h"

namespace sluice::api {

/// The collector's front door: one handler for STS, IAM, AMP's control plane, the data plane and the operator's
/// addresses. A request reaches its service by path and, at "/", by Action and Version of the Query protocol:
///
///   /-/..., /metrics              AdminRoutes
///   /                             STS or IAM
///   /workspaces/{id}/api/v1/...   DataPlane
///   everything else               AMP's control plane
///
/// For each: authenticate, authorise, carry out, audit what changes something. Every answer carries
/// x-amzn-requestid. The parts outlive it. Thread-safe.
class Collector final : public http::Handler {
 public:
  struct Parts {
    AdminRoutes& admin;
    StsService& sts;
    IamService& iam;
    AmpService& amp;
    DataPlane& data;
    Authenticator& authenticator;
    Authorizer& authorizer;
    RefusalRecorder& refusals;
    catalog::Catalog& catalog;
    const Clock& clock;
    Logger& logger;
  };
  /// How large a body may be before anything of it is looked at; 413 beyond.
  struct BodyLimits {
    size_t remote_write_bytes_max = limits::kRemoteWriteBodyBytesMax;
    size_t query_bytes_max = limits::kQueryBodyBytesMax;
  };
  Collector(Parts parts, std::string region, BodyLimits body_limits)
      : parts_(parts), region_(std::move(region)), body_limits_(body_limits) {}
  Collector(Parts parts, std::string region) : Collector(parts, std::move(region), BodyLimits()) {}

  http::Task<http::Response> handle(const http::Request& request) override;
  size_t body_bytes_max(std::string_view method, std::string_view target, const http::Headers& headers) const override;
  http::Response refuse(const http::Request& request, int status, std::string_view reason) override;

 private:
  http::Task<http::Response> query_protocol(Call call);
  http::Response iam_action(Call& call, const http::Form& form);
  http::Response control_plane(Call call);
  http::Task<http::Response> data_plane(Call call, http::RouteTable::Match match);

  /// Proves the caller and puts it into `call`; yields the region it signed for.
  std::expected<std::string, http::Response> authenticate(Call& call);
  /// Asks for every permission of the plan; the refusal's answer if one is missing.
  std::expected<void, http::Response> authorize(Call& call, const OperationPlan& plan, std::string_view region);
  std::expected<iam::Decision, http::Response> decide(Call& call, const iam::RequestContext& context);
  void audit(const Call& call, std::string_view outcome);
  http::Response route_problem(Call& call, const http::RouteTable::Match& match);

  Parts parts_;
  std::string region_;
  BodyLimits body_limits_;
};

}  // namespace sluice::api
