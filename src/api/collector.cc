#include "api/collector.h"

#include <utility>

#include <fmt/core.h>

#include "aws/query_protocol.h"
#include "aws/rest_json.h"
#include "base/encoding.h"
#include "base/limits.h"
#include "diagnosis/explain_policy.h"

namespace sluice::api {

namespace {

constexpr std::string_view kWorkspaces = "/workspaces/";
constexpr std::string_view kDataMarker = "/api/v1/";

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

/// Paths of a workspace below its control plane: its own Prometheus API, and AMP's Alertmanager beside it.
bool is_data_path(std::string_view path) {
  if (!path.starts_with(kWorkspaces)) return false;
  const std::string_view rest = path.substr(kWorkspaces.size());
  const size_t slash = rest.find('/');
  return slash != std::string_view::npos &&
         (rest.substr(slash).starts_with(kDataMarker) || rest.substr(slash).starts_with("/alertmanager/api/"));
}

aws::AwsError missing_action() {
  return {400,
          "MissingAction",
          "The request must name an Action and a Version: this address speaks the AWS Query protocol",
          true,
          {}};
}

bool is_form(const http::Request& request) {
  const std::string_view type = request.headers.get("Content-Type");
  return ascii_iequals(trim(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

/// The coding of a body that would be read as if it had none; "" when there is none. Remote write looks for itself.
std::string_view unread_coding(const http::Request& request) {
  const std::string_view coding = trim(request.headers.get("Content-Encoding"));
  const bool looks_for_itself = is_data_path(request.path()) && request.path().ends_with("/remote_write");
  return request.body.empty() || looks_for_itself || ascii_iequals(coding, "identity") ? std::string_view() : coding;
}

/// The call's parameters: of the body for POST, of the URL for GET.
Result<http::Form> query_parameters(const http::Request& request) {
  if (request.method == "POST") {
    if (!is_form(request)) {
      return fail(ErrorCode::kInvalidArgument,
                  "a POST to this address needs Content-Type application/x-www-form-urlencoded");
    }
    return http::Form::parse(request.body);
  }
  return http::Form::parse(request.query());
}

}  // namespace

size_t Collector::body_bytes_max(std::string_view, std::string_view target, const http::Headers&) const {
  const std::string_view path = path_of(target);
  if (!is_data_path(path)) return limits::kControlBodyBytesMax;
  return path.ends_with("/remote_write") ? body_limits_.remote_write_bytes_max : body_limits_.query_bytes_max;
}

http::Task<http::Response> Collector::handle(const http::Request& request) {
  if (auto answer = parts_.admin.handle(request)) co_return *std::move(answer);
  if (request.is_admin_listener) {
    co_return http::Response::text(404, "no such address; the admin listener lists its own at /\n");
  }
  if (const auto coding = unread_coding(request); !coding.empty()) {
    co_return refuse(
        request, 415,
        fmt::format("a body with Content-Encoding '{}' is not taken here; send it as it is", printable(coding, 64)));
  }
  Call call{.request = request,
            .xml_namespace = aws::kFaultNamespace,
            .service = {},
            .operation = {},
            .action = {},
            .resource = {},
            .issuer = {},
            .subject = {},
            .principal = {}};
  if (request.path() == "/") co_return co_await query_protocol(std::move(call));
  call.service = "aps";
  if (is_data_path(request.path())) {
    call.dialect = aws::ErrorDialect::kDataPlane;
    auto match = parts_.data.match(request.method, request.path());
    co_return co_await data_plane(std::move(call), std::move(match));
  }
  call.dialect = aws::ErrorDialect::kRestJson;
  co_return control_plane(std::move(call));
}

http::Response Collector::refuse(const http::Request& request, int status, std::string_view reason) {
  http::Response response;
  // A body that stalls may be the network's fault or ours: a sender must repeat it, and would drop it after a 4xx.
  if (status == 408 && is_data_path(path_of(request.target))) status = 503;
  if (path_of(request.target) == "/") {
    const aws::AwsError error{
        status, status == 413 ? "RequestEntityTooLarge" : "MalformedInput", std::string(reason), true, {}};
    response = to_response(aws::query_error(error, aws::kFaultNamespace, request.request_id), request);
  } else {
    response = to_response(aws::data_plane_error({status, "", std::string(reason), true, {}}), request);
  }
  response.status = status;
  if (status == 503) response.headers.set("Retry-After", "2");
  return response;
}

// --- STS and IAM ---

http::Task<http::Response> Collector::query_protocol(Call call) {
  const http::Request& request = call.request;
  if (request.method != "POST" && request.method != "GET" && request.method != "HEAD") {
    http::Response response =
        error_response(call, {405, "MethodNotAllowed", "this address takes GET and POST", true, {}});
    response.headers.set("Allow", "GET, POST");
    co_return response;
  }
  const auto form = query_parameters(request);
  if (!form) co_return error_response(call, aws::malformed_input(form.error().message));
  const std::string* action = form->find("Action");
  const std::string* version = form->find("Version");
  if (action == nullptr || action->empty()) co_return error_response(call, missing_action());
  call.operation = *action;

  if (version != nullptr && *version == aws::kStsVersion && StsService::has_action(*action)) {
    call.service = "sts";
    call.xml_namespace = aws::kStsNamespace;
    co_return co_await parts_.sts.handle(call, form->parameters());
  }
  if (version == nullptr || *version != aws::kIamVersion) {
    co_return error_response(call, aws::invalid_action(*action, version == nullptr ? "" : *version));
  }
  call.service = "iam";
  call.xml_namespace = aws::kIamNamespace;
  co_return iam_action(call, *form);
}

http::Response Collector::iam_action(Call& call, const http::Form& form) {
  const auto region = authenticate(call);
  if (!region) return region.error();
  const auto plan = parts_.iam.plan(call.operation, form, call.principal.account_id);
  if (!plan) {
    if (plan.error().code == "InvalidAction") call.xml_namespace = aws::kFaultNamespace;
    return error_response(call, plan.error());
  }
  if (auto allowed = authorize(call, *plan, *region); !allowed) return allowed.error();
  const auto result = parts_.iam.execute(*plan, form, call.principal.account_id);
  if (IamService::is_mutating(call.operation)) audit(call, result ? "Success" : result.error().code);
  if (!result) return error_response(call, result.error());
  return to_response(aws::query_success(call.operation, aws::kIamNamespace, *result, call.request.request_id),
                     call.request);
}

// --- AMP ---

http::Response Collector::control_plane(Call call) {
  const auto match = parts_.amp.match(call.request.method, call.request.path());
  if (match.kind != http::RouteTable::Match::Kind::kFound) return route_problem(call, match);
  call.operation = std::string(AmpService::operation_name(match.route));
  const auto region = authenticate(call);
  if (!region) return region.error();
  const auto planned = parts_.amp.plan(match.route, match.parameters, call.request.query(), call.request.body,
                                       call.principal.account_id, *region);
  if (!planned) return error_response(call, planned.error());
  if (auto allowed = authorize(call, planned->plan, *region); !allowed) return allowed.error();
  const auto answer = parts_.amp.execute(*planned);
  if (AmpService::is_mutating(match.route)) audit(call, answer ? "Success" : answer.error().code);
  if (!answer) return error_response(call, answer.error());
  return to_response(aws::rest_json_success(answer->status, answer->body), call.request);
}

http::Task<http::Response> Collector::data_plane(Call call, http::RouteTable::Match match) {
  if (match.kind != http::RouteTable::Match::Kind::kFound) co_return route_problem(call, match);
  const auto operation = static_cast<DataOperation>(match.route);
  call.operation = std::string(permission_of(operation));
  call.action = "aps:" + call.operation;
  const auto region = authenticate(call);
  if (!region) co_return region.error();

  const std::string id(match.parameters.get("workspace"));
  const auto workspace = parts_.catalog.workspace(id);
  if (!workspace && workspace.error().code != ErrorCode::kNotFound) {
    co_return parts_.refusals.refuse(call, lookup_failed(workspace.error()));
  }
  // A workspace that does not exist, or lies in another account, is asked for in the caller's own account: who may not
  // read there learns nothing, and nobody learns of another account's workspaces.
  const bool is_own = workspace && (*workspace)->account_id == call.principal.account_id;
  call.resource =
      is_own ? (*workspace)->arn
             : fmt::format("arn:aws:aps:{}:{}:workspace/{}", region_, call.principal.account_id, printable(id, 100));
  iam::RequestContext context =
      iam::make_context(call.principal, facts_of(call.request, parts_.clock.now_s(), *region));
  if (is_own) {
    for (const auto& [key, value] : (*workspace)->tags) context.set("aws:ResourceTag/" + key, value);
  }
  const auto decision = decide(call, context);
  if (!decision) co_return decision.error();
  if (!is_own) {
    co_return error_response(
        call, {404, "ResourceNotFoundException", "Workspace not found: " + printable(id, 100), true, {}});
  }
  http::Response response = co_await parts_.data.handle(operation, call, match.parameters, *decision);
  response.headers.set("x-amzn-requestid", call.request.request_id);
  co_return response;
}

http::Response Collector::route_problem(Call& call, const http::RouteTable::Match& match) {
  const std::string path = printable(call.request.path(), 200);
  using Kind = http::RouteTable::Match::Kind;
  if (match.kind == Kind::kWrongMethod) {
    http::Response response =
        error_response(call, {405,
                              "ValidationException",
                              fmt::format("{} takes {}, not {}", path, match.allow, printable(call.request.method, 20)),
                              true,
                              {}});
    response.status = 405;
    response.headers.set("Allow", match.allow);
    return response;
  }
  const bool bad_escape = match.kind == Kind::kBadEscape;
  const int status = bad_escape ? 400 : 404;
  http::Response response = error_response(
      call,
      {status,
       bad_escape ? "ValidationException" : "UnknownOperationException",
       bad_escape
           ? path + " has a '%' that is not followed by two hex digits"
           : path + " is not an address of this API; a workspace's are /workspaces/<id>/api/v1/remote_write, query, "
                    "query_range, series, labels, label/<name>/values and status/buildinfo",
       true,
       {}});
  response.status = status;
  return response;
}

// --- who, and whether ---

std::expected<std::string, http::Response> Collector::authenticate(Call& call) {
  auto caller = parts_.authenticator.authenticate(call);
  if (!caller) return std::unexpected(parts_.refusals.refuse(call, caller.error()));
  call.principal = std::move(caller->principal);
  return std::move(caller->region);
}

std::expected<void, http::Response> Collector::authorize(Call& call, const OperationPlan& plan,
                                                         std::string_view region) {
  iam::RequestContext context = iam::make_context(call.principal, facts_of(call.request, parts_.clock.now_s(), region));
  plan.add_to(context);
  for (const RequiredPermission& permission : plan.permissions) {
    call.action = permission.action;
    call.resource = permission.resource_arn;
    if (auto decision = decide(call, context); !decision) return std::unexpected(std::move(decision).error());
  }
  call.action = plan.primary().action;
  call.resource = plan.primary().resource_arn;
  return {};
}

std::expected<iam::Decision, http::Response> Collector::decide(Call& call, const iam::RequestContext& context) {
  auto decision = parts_.authorizer.decide(call.principal, call.action, call.resource, context);
  if (!decision) return std::unexpected(parts_.refusals.refuse(call, lookup_failed(decision.error())));
  if (decision->is_allowed()) return *std::move(decision);
  const std::string_view code = call.dialect == aws::ErrorDialect::kQuery ? "AccessDenied" : "AccessDeniedException";
  return std::unexpected(
      parts_.refusals.refuse(call, {iam::access_denied(*decision, call.principal, call.action, call.resource, code),
                                    diagnosis::explain_denial(*decision, call.principal, call.action, call.resource),
                                    {}}));
}

void Collector::audit(const Call& call, std::string_view outcome) {
  catalog::AuditRecord record;
  record.at_ms = parts_.clock.now_ms();
  record.request_id = call.request.request_id;
  record.account_id = call.principal.account_id;
  record.principal_arn = call.principal.arn;
  record.action = call.action;
  record.resource = call.resource;
  record.outcome = std::string(outcome);
  if (const auto appended = parts_.catalog.append_audit(record); !appended) {
    parts_.logger.error("cannot write an audit record",
                        {{"request_id", record.request_id}, {"reason", appended.error().message}});
  }
}

}  // namespace sluice::api
