#include "cli/demo_platform.h"

#include "base/json.h"
#include "cli/wait.h"

namespace sluice::cli {

namespace {

Result<std::string> string_member(const JsonValue& value, std::string_view name) {
  const JsonObject* object = value.as_object();
  const JsonValue* member = object == nullptr ? nullptr : object->find(name);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  if (text == nullptr) return fail(ErrorCode::kMalformed, "the answer has no text member '" + std::string(name) + "'");
  return *text;
}

JsonValue statement(JsonObject fields) {
  fields.set("Effect", "Allow");
  JsonObject document;
  document.set("Version", "2012-10-17");
  document.set("Statement", JsonArray{JsonValue(std::move(fields))});
  return document;
}

std::string trust_policy(const std::string& provider_arn, const std::string& subject, const std::string& audience) {
  // The provider's ARN ends with the issuer's URL without its scheme: the prefix of the condition keys.
  const std::string prefix = provider_arn.substr(provider_arn.find(":oidc-provider/") + 15);
  JsonObject equals;
  equals.set(prefix + ":sub", subject);
  equals.set(prefix + ":aud", audience);
  JsonObject condition;
  condition.set("StringEquals", std::move(equals));
  JsonObject principal;
  principal.set("Federated", provider_arn);
  JsonObject fields;
  fields.set("Principal", std::move(principal));
  fields.set("Action", "sts:AssumeRoleWithWebIdentity");
  fields.set("Condition", std::move(condition));
  return to_json(statement(std::move(fields)));
}

std::string write_policy(const std::string& workspace_arn) {
  JsonObject fields;
  fields.set("Action", "aps:RemoteWrite");
  fields.set("Resource", workspace_arn);
  return to_json(statement(std::move(fields)));
}

}  // namespace

Result<DemoPlatform::Workspace> DemoPlatform::create_workspace(const std::string& alias) {
  JsonObject body;
  body.set("alias", alias);
  SLUICE_ASSIGN(const auto answer,
                run_and_wait(client_.rest_json("POST", base_url_ + "/workspaces", "aps", to_json(body))));
  if (!answer.ok()) return std::unexpected(answer.to_error());
  SLUICE_ASSIGN(const JsonValue json, parse_json(answer.body));
  Workspace workspace;
  SLUICE_ASSIGN(workspace.id, string_member(json, "workspaceId"));
  SLUICE_ASSIGN(workspace.arn, string_member(json, "arn"));
  workspace.url = base_url_ + "/workspaces/" + workspace.id + "/";
  return workspace;
}

Result<awsclient::Answer> DemoPlatform::iam(const std::string& action, aws::Parameters parameters) {
  SLUICE_ASSIGN(auto answer, run_and_wait(client_.query(base_url_ + "/", "iam", action, std::move(parameters))));
  if (!answer.ok()) return std::unexpected(answer.to_error());
  return answer;
}

Result<std::string> DemoPlatform::register_issuer(const std::string& issuer_url, const std::string& audience) {
  SLUICE_ASSIGN(const auto answer,
                iam("CreateOpenIDConnectProvider", {{"Url", issuer_url}, {"ClientIDList.member.1", audience}}));
  return awsclient::xml_text(answer.body, "CreateOpenIDConnectProviderResult/OpenIDConnectProviderArn");
}

Result<std::string> DemoPlatform::create_writer(const std::string& name, const std::string& provider_arn,
                                                const std::string& subject, const std::string& audience,
                                                const std::string& workspace_arn) {
  SLUICE_ASSIGN(const auto created,
                iam("CreateRole",
                    {{"RoleName", name}, {"AssumeRolePolicyDocument", trust_policy(provider_arn, subject, audience)}}));
  SLUICE_TRY(iam("PutRolePolicy",
                 {{"RoleName", name}, {"PolicyName", "write"}, {"PolicyDocument", write_policy(workspace_arn)}}));
  return awsclient::xml_text(created.body, "CreateRoleResult/Role/Arn");
}

}  // namespace sluice::cli
