#include "awsclient/signed_client.h"

#include <fmt/format.h>

#include "aws/query_protocol.h"
#include "aws/request_view.h"
#include "awsclient/answer.h"
#include "base/encoding.h"
#include "http/uri.h"

namespace sluice::awsclient {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded; charset=utf-8";

std::string encode_form(const aws::Parameters& parameters) {
  std::string body;
  for (const auto& [name, value] : parameters) {
    if (!body.empty()) body += '&';
    body += percent_encode(name);
    body += '=';
    body += percent_encode(value);
  }
  return body;
}

http::ClientRequest query_request(std::string url, std::string_view version, std::string action,
                                  aws::Parameters parameters) {
  parameters.insert(parameters.begin(), {{"Action", std::move(action)}, {"Version", std::string(version)}});
  http::ClientRequest request;
  request.method = "POST";
  request.url = std::move(url);
  request.headers.add("Content-Type", std::string(kFormType));
  request.body = encode_form(parameters);
  return request;
}

}  // namespace

Result<void> sign(http::ClientRequest& request, const aws::Credentials& credentials, const aws::SigningTarget& target,
                  UnixSeconds now) {
  SLUICE_ASSIGN(const http::Uri uri, http::Uri::parse(request.url));
  const std::string host = uri.host_header();
  const std::string_view whole = uri.target;
  const size_t mark = whole.find('?');
  aws::RequestView view;
  view.method = request.method;
  view.path = whole.substr(0, mark);
  view.query = mark == std::string_view::npos ? std::string_view() : whole.substr(mark + 1);
  view.headers.push_back({"Host", host});
  for (const auto& [name, value] : request.headers.fields()) {
    if (!ascii_iequals(name, "Host")) view.headers.push_back({name, value});
  }
  view.body = request.body;
  for (auto& [name, value] : aws::sign_request(view, credentials, target, now)) {
    request.headers.add(std::move(name), std::move(value));
  }
  return {};
}

Task<Result<Answer>> SignedClient::send(http::ClientRequest request, std::string service) {
  SLUICE_CO_ASSIGN(const auto credentials, co_await credentials_.get());
  SLUICE_CO_TRY(sign(request, credentials, {region_, service}, clock_.now_s()));
  SLUICE_CO_ASSIGN(auto response, co_await client_.send(std::move(request)));
  co_return to_answer(std::move(response));
}

Task<Result<Answer>> SignedClient::query(std::string url, std::string service, std::string action,
                                         aws::Parameters parameters) {
  if (service != "sts" && service != "iam") {
    co_return fail(ErrorCode::kInvalidArgument,
                   fmt::format("service '{}' does not speak the Query protocol; sts and iam do", service));
  }
  const std::string_view version = service == "sts" ? aws::kStsVersion : aws::kIamVersion;
  co_return co_await send(query_request(std::move(url), version, std::move(action), std::move(parameters)), service);
}

Task<Result<Answer>> SignedClient::rest_json(std::string method, std::string url, std::string service,
                                             std::string body) {
  http::ClientRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  request.body = std::move(body);
  if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
  co_return co_await send(std::move(request), std::move(service));
}

Task<Result<Answer>> query_unsigned(http::Client& client, std::string url, std::string version, std::string action,
                                    aws::Parameters parameters) {
  SLUICE_CO_ASSIGN(auto response, co_await client.send(query_request(std::move(url), version, std::move(action),
                                                                     std::move(parameters))));
  co_return to_answer(std::move(response));
}

}  // namespace sluice::awsclient
