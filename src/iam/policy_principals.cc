#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "aws/arn.h"
#include "base/encoding.h"
#include "iam/policy_parser.h"

namespace sluice::iam::parser {
namespace {

using Type = StatementPrincipal::Type;

std::unexpected<Error> invalid_principal(std::string_view type, std::string_view value) {
  return malformed(fmt::format("Invalid principal in policy: \"{}\":\"{}\"", type, printable(value, 256)));
}

Result<StatementPrincipal> aws_principal(std::string_view value) {
  if (value == "*") return StatementPrincipal{Type::kAnyone, "*"};
  if (aws::is_account_id(value)) return StatementPrincipal{Type::kAws, fmt::format("arn:aws:iam::{}:root", value)};
  const auto arn = aws::Arn::parse(value);
  const bool has_wildcard = value.find_first_of("*?") != std::string_view::npos;
  const bool is_identity =
      arn && ((arn->service == "iam" &&
               (arn->resource == "root" || arn->resource_type() == "role" || arn->resource_type() == "user")) ||
              (arn->service == "sts" && arn->resource_type() == "assumed-role"));
  if (!is_identity || has_wildcard || !aws::is_account_id(arn->account_id)) return invalid_principal("AWS", value);
  return StatementPrincipal{Type::kAws, std::string(value)};
}

/// The providers AWS knows by a name alone. A custom issuer is named by its provider's whole ARN.
constexpr std::array<std::string_view, 4> kBuiltInProviders = {"accounts.google.com", "cognito-identity.amazonaws.com",
                                                               "graph.facebook.com", "www.amazon.com"};

Result<StatementPrincipal> federated_principal(std::string_view value) {
  if (std::ranges::find(kBuiltInProviders, value) != kBuiltInProviders.end()) {
    return StatementPrincipal{Type::kFederated, std::string(value)};
  }
  const auto arn = aws::Arn::parse(value);
  const bool is_provider = arn && arn->service == "iam" && aws::is_account_id(arn->account_id) &&
                           (arn->resource_type() == "oidc-provider" || arn->resource_type() == "saml-provider") &&
                           !arn->resource_path().empty();
  if (!is_provider) return malformed("Federated principals must be valid domain names or SAML metadata ARNs");
  return StatementPrincipal{Type::kFederated, std::string(value)};
}

Result<StatementPrincipal> service_principal(std::string_view value) {
  const bool is_name = value.find('.') != std::string_view::npos && std::ranges::all_of(value, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
                       });
  if (!is_name) return invalid_principal("SERVICE", value);
  return StatementPrincipal{Type::kService, std::string(value)};
}

Result<StatementPrincipal> one_principal(std::string_view type, std::string_view value) {
  if (type == "AWS") return aws_principal(value);
  if (type == "Federated") return federated_principal(value);
  if (type == "Service") return service_principal(value);
  if (type == "CanonicalUser") return StatementPrincipal{Type::kCanonicalUser, std::string(value)};
  return malformed(fmt::format("Invalid principal type '{}'", printable(type, 64)));
}

}  // namespace

Result<std::vector<StatementPrincipal>> principals(const JsonValue& value, PolicyKind kind, std::string_view place) {
  std::vector<StatementPrincipal> list;
  if (const auto* text = value.as_string()) {
    if (*text != "*") return invalid_principal("AWS", *text);
    list.push_back({Type::kAnyone, "*"});
    return list;
  }
  const auto* object = value.as_object();
  if (object == nullptr) {
    return malformed(fmt::format("{} must be \"*\" or an object, got {}", place, to_string(value.kind())));
  }
  for (const auto& [type, entry] : object->members()) {
    SLUICE_ASSIGN(const auto values, string_or_list(entry, fmt::format("{}.{}", place, printable(type, 64))));
    for (const auto& text : values) {
      SLUICE_ASSIGN(StatementPrincipal principal, one_principal(type, text));
      list.push_back(std::move(principal));
    }
  }
  if (list.empty()) {
    return malformed(kind == PolicyKind::kTrust ? "Missing required field Principal cannot be empty!"
                                                : fmt::format("{} must not be empty", place));
  }
  return list;
}

}  // namespace sluice::iam::parser
