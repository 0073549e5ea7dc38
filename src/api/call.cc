#include "api/call.h"

#include "aws/query_protocol.h"
#include "aws/rest_json.h"

namespace sluice::api {

aws::RequestView view_of(const http::Request& request) {
  aws::RequestView view;
  view.method = request.method;
  view.path = request.path();
  view.query = request.query();
  view.headers.reserve(request.headers.fields().size());
  for (const auto& [name, value] : request.headers.fields()) view.headers.push_back({name, value});
  view.body = request.body;
  return view;
}

iam::RequestFacts facts_of(const http::Request& request, UnixSeconds now, std::string_view region) {
  iam::RequestFacts facts;
  facts.now = now;
  facts.source_ip = request.remote_address;
  facts.is_secure = request.is_tls || request.is_forwarded_tls;
  facts.user_agent = std::string(request.headers.get("User-Agent"));
  facts.requested_region = std::string(region);
  return facts;
}

http::Response to_response(const aws::WireAnswer& answer, const http::Request& request) {
  http::Response response;
  response.status = answer.status;
  for (const auto& [name, value] : answer.headers) response.headers.set(name, value);
  response.headers.set("x-amzn-requestid", request.request_id);
  response.body = answer.body;
  return response;
}

http::Response error_response(const Call& call, const aws::AwsError& error) {
  const auto answer = call.dialect == aws::ErrorDialect::kQuery
                          ? aws::query_error(error, call.xml_namespace, call.request.request_id)
                      : call.dialect == aws::ErrorDialect::kRestJson ? aws::rest_json_error(error)
                                                                     : aws::data_plane_error(error);
  http::Response response = to_response(answer, call.request);
  if (error.status == 503) response.headers.set("Retry-After", "2");
  return response;
}

}  // namespace sluice::api
