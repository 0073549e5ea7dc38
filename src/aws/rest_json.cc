#include "aws/rest_json.h"

#include <utility>

namespace sluice::aws {
namespace {

AwsError about_resource(int status, std::string code, std::string message, std::string_view resource_id,
                        std::string_view resource_type) {
  AwsError error{status, std::move(code), std::move(message)};
  error.extra_members.set("resourceId", JsonValue(resource_id));
  error.extra_members.set("resourceType", JsonValue(resource_type));
  return error;
}

WireAnswer json_answer(int status, std::string body) {
  return WireAnswer{status, {{"Content-Type", "application/json"}}, std::move(body)};
}

}  // namespace

WireAnswer rest_json_error(const AwsError& error) {
  JsonObject body;
  body.set("message", JsonValue(error.message));
  for (const auto& [name, value] : error.extra_members.members()) body.set(name, value);
  const JsonValue* retry_after = body.find("retryAfterSeconds");
  const int64_t* retry_after_s = retry_after ? retry_after->as_integer() : nullptr;
  WireAnswer answer = json_answer(error.status, "");
  answer.headers.emplace_back("x-amzn-errortype", error.code);
  if (retry_after_s) answer.headers.emplace_back("Retry-After", std::to_string(*retry_after_s));
  answer.body = to_json(JsonValue(std::move(body)));
  return answer;
}

WireAnswer data_plane_error(const AwsError& error) {
  WireAnswer answer = json_answer(error.status, "");
  if (!error.code.empty()) answer.headers.emplace_back("x-amzn-errortype", error.code);
  JsonWriter json(answer.body);
  json.begin_object();
  json.member("message", std::string_view(error.message));
  json.end_object();
  return answer;
}

WireAnswer rest_json_success(int status, std::string body) { return json_answer(status, std::move(body)); }

AwsError resource_not_found(std::string message, std::string_view resource_id, std::string_view resource_type) {
  return about_resource(404, "ResourceNotFoundException", std::move(message), resource_id, resource_type);
}

AwsError conflict(std::string message, std::string_view resource_id, std::string_view resource_type) {
  return about_resource(409, "ConflictException", std::move(message), resource_id, resource_type);
}

AwsError quota_exceeded(std::string message, std::string_view resource_id, std::string_view resource_type) {
  return about_resource(402, "ServiceQuotaExceededException", std::move(message), resource_id, resource_type);
}

AwsError validation_exception(std::string message, std::string_view reason, std::string_view field) {
  AwsError error{400, "ValidationException", std::move(message)};
  error.extra_members.set("reason", JsonValue(reason));
  if (!field.empty()) {
    JsonObject entry;
    entry.set("name", JsonValue(field));
    entry.set("message", JsonValue(error.message));
    JsonArray list;
    list.emplace_back(std::move(entry));
    error.extra_members.set("fieldList", JsonValue(std::move(list)));
  }
  return error;
}

}  // namespace sluice::aws
