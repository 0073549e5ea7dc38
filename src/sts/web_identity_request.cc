// The first half of the exchange: what can be said about a request without looking anything up.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "aws/arn.h"
#include "aws/query_protocol.h"
#include "aws/validation.h"
#include "sts/assume_role_with_web_identity.h"

namespace sluice::sts {
namespace {

using diagnosis::RuleId;
using Refused = std::unexpected<ExchangeRefusal>;

constexpr size_t kRoleNameLengthMax = 64;

constexpr aws::ParameterRule kSessionNameRule = {.name = "RoleSessionName",
                                                 .required = true,
                                                 .length_min = 2,
                                                 .length_max = 64,
                                                 .pattern = &aws::patterns::kSessionName};

/// The operation's input shape in the API model (sts-service-2.json), but for the session policies.
constexpr std::array<aws::ParameterRule, 5> kRules = {{
    {.name = "RoleArn", .required = true, .length_min = 20, .length_max = 2048, .pattern = &aws::patterns::kArn},
    kSessionNameRule,
    {.name = "WebIdentityToken", .required = true, .length_min = 4, .length_max = 20000, .sensitive = true},
    {.name = "ProviderId", .length_min = 4, .length_max = 2048},
    {.name = "DurationSeconds",
     .type = aws::ParameterRule::Type::kInteger,
     .value_min = kDurationSecondsMin,
     .value_max = kDurationSecondsMax},
}};

Refused refuse(aws::AwsError error, RuleId rule, std::string_view seen, std::string_view wanted) {
  return Refused(ExchangeRefusal{.error = std::move(error), .finding = diagnosis::make_finding(rule, seen, wanted)});
}

bool is_role_name(std::string_view name) {
  return !name.empty() && name.size() <= kRoleNameLengthMax && aws::patterns::kNameCharacters.matches(name);
}

std::expected<void, ExchangeRefusal> check_shape(const aws::Parameters& parameters) {
  auto error = aws::validate(kRules, parameters);
  if (!error) return {};
  const bool is_session_name = aws::validate(std::span(&kSessionNameRule, 1), parameters).has_value();
  const std::string seen = error->message;
  return refuse(*std::move(error), is_session_name ? RuleId::kStsSessionNameInvalid : RuleId::kStsRequestInvalid, seen,
                is_session_name ? "2 to 64 of letters, digits and _+=,.@-" : "what the message says");
}

/// ProviderId chooses the OAuth 2.0 providers that AWS has built in; an OIDC token comes without it.
std::expected<void, ExchangeRefusal> check_provider_id(const aws::Parameters& parameters) {
  const std::string* id = aws::find_parameter(parameters, "ProviderId");
  if (id == nullptr) return {};
  if (*id == "www.amazon.com") {
    return refuse({400, "InvalidIdentityToken", "Provided Token is not a Login With Amazon token"},
                  RuleId::kStsProviderParameter, *id, "no ProviderId");
  }
  return refuse(aws::AwsError::access_denied("Unrecognized OAuth provider. Do not include a provider parameter when "
                                             "submitting OpenIDConnect ID tokens"),
                RuleId::kStsProviderParameter, *id, "no ProviderId");
}

std::expected<void, ExchangeRefusal> check_offered(const aws::Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    const bool is_policy =
        name == "Policy" || (name == "PolicyArns" && !value.empty()) || name.starts_with("PolicyArns.");
    if (!is_policy) continue;
    const std::string_view parameter = std::string_view(name).substr(0, name.find('.'));
    return refuse(aws::AwsError::validation(fmt::format("The parameter {} is not supported: this server does not offer "
                                                        "session policies yet.",
                                                        parameter)),
                  RuleId::kStsSessionPolicyUnsupported, parameter, "no session policy");
  }
  return {};
}

}  // namespace

std::expected<RoleReference, aws::AwsError> parse_role_arn(std::string_view arn) {
  const auto invalid = [arn] { return std::unexpected(aws::AwsError::validation(fmt::format("{} is invalid", arn))); };
  const auto parsed = aws::Arn::parse(arn);
  if (!parsed || parsed->service != "iam" || !parsed->region.empty() || !aws::is_account_id(parsed->account_id) ||
      !parsed->resource.starts_with("role/")) {
    return invalid();
  }
  const std::string_view name = parsed->resource_name();
  if (!is_role_name(name)) return invalid();
  const std::string_view path = std::string_view(parsed->resource).substr(4);
  return RoleReference{.arn = std::string(arn),
                       .account_id = parsed->account_id,
                       .path = std::string(path.substr(0, path.size() - name.size())),
                       .name = std::string(name)};
}

std::expected<WebIdentityRequest, ExchangeRefusal> parse_request(const aws::Parameters& parameters) {
  SLUICE_TRY(check_shape(parameters));
  const std::string& arn = *aws::find_parameter(parameters, "RoleArn");
  auto role = parse_role_arn(arn);
  if (!role) {
    return refuse(std::move(role).error(), RuleId::kStsRoleArnInvalid, arn, "arn:aws:iam::<account>:role/<name>");
  }
  SLUICE_TRY(check_provider_id(parameters));
  SLUICE_TRY(check_offered(parameters));

  WebIdentityRequest request;
  request.role = *std::move(role);
  request.session_name = *aws::find_parameter(parameters, "RoleSessionName");
  if (const std::string* duration = aws::find_parameter(parameters, "DurationSeconds")) {
    request.duration_seconds = aws::parse_integer(*duration).value_or(kDurationSecondsDefault);
  }
  auto token = oidc::Jwt::parse(*aws::find_parameter(parameters, "WebIdentityToken"));
  if (!token) return Refused(refuse_token(token.error()));
  request.token = *std::move(token);
  return request;
}

ExchangeRefusal refuse_token(const oidc::JwtRejection& rejection, const diagnosis::RegisteredIssuers& registered) {
  oidc::WireAnswer answer = oidc::wire_answer(rejection);
  return {.error = {answer.status, std::string(answer.code), std::move(answer.message)},
          .finding = diagnosis::explain(rejection, registered),
          .retry_with_new_keys = oidc::may_retry_with_new_keys(rejection.refusal)};
}

}  // namespace sluice::sts
