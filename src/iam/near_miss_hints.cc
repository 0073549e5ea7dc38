#include "iam/near_miss_hints.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "aws/arn.h"
#include "base/encoding.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace {

constexpr std::array<std::string_view, 5> kClaimKeys = {"aud", "sub", "amr", "oaud", "email"};

/// A key or an issuer without what people get wrong in it: scheme, case, doubled and trailing slashes.
std::string normalized(std::string_view text) {
  std::string lower = ascii_lower(text);
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (const size_t at = lower.find(scheme); at != std::string::npos) lower.erase(at, scheme.size());
  }
  std::string out;
  for (const char c : lower) {
    if (c == '/' && out.ends_with('/')) continue;
    if (c == ':' && out.ends_with('/')) out.pop_back();
    out.push_back(c);
  }
  while (out.ends_with('/')) out.pop_back();
  return out;
}

std::string describe_difference(std::string_view written, std::string_view actual) {
  const auto lower_written = ascii_lower(written);
  if (lower_written.find("https://") != std::string::npos || lower_written.find("http://") != std::string::npos) {
    return "the scheme does not belong there";
  }
  if (ascii_iequals(written, actual)) return "they differ in case";
  return "they differ in a slash";
}

std::string missing_key_hint(const Condition& condition, const RequestContext& context) {
  const std::string wanted = normalized(condition.key());
  for (const auto& value : context.values()) {
    if (normalized(value.key) == wanted) {
      return fmt::format("the request's key is '{}': {}", value.key, describe_difference(condition.key(), value.key));
    }
  }
  const size_t colon = condition.key().rfind(':');
  const std::string_view suffix = std::string_view(condition.lookup_key()).substr(colon + 1);
  const std::string_view prefix = std::string_view(condition.lookup_key()).substr(0, colon);
  const bool is_issuer = prefix.find('.') != std::string_view::npos || prefix.find('/') != std::string_view::npos;
  if (is_issuer && std::ranges::find(kClaimKeys, suffix) == kClaimKeys.end()) {
    return fmt::format("'{}' is not a claim that conditions can use; sub, aud, amr, oaud and email are", suffix);
  }
  for (const auto& value : context.values()) {
    const bool is_same_claim = value.lookup_key.ends_with(fmt::format(":{}", suffix));
    if (is_issuer && is_same_claim) return fmt::format("the request's key is '{}': the issuer is another", value.key);
  }
  return {};
}

std::optional<std::vector<std::string_view>> service_account_parts(std::string_view subject) {
  std::vector<std::string_view> parts;
  for (size_t from = 0; from <= subject.size();) {
    const size_t colon = std::min(subject.find(':', from), subject.size());
    parts.push_back(subject.substr(from, colon - from));
    from = colon + 1;
  }
  if (parts.size() != 4 || parts[0] != "system" || parts[1] != "serviceaccount") return std::nullopt;
  return parts;
}

std::string service_account_hint(std::string_view seen, std::string_view wanted) {
  const auto is = service_account_parts(seen);
  if (!is) return {};
  const auto should = service_account_parts(wanted);
  if (!should) {
    if (seen.ends_with(fmt::format(":{}", wanted))) return "the policy's value lacks 'system:serviceaccount:'";
    return {};
  }
  if ((*is)[2] != (*should)[2] && (*is)[3] != (*should)[3]) return "namespace and service account differ";
  if ((*is)[2] != (*should)[2]) return fmt::format("the namespace is '{}', not '{}'", (*is)[2], (*should)[2]);
  return fmt::format("the service account is '{}', not '{}'", (*is)[3], (*should)[3]);
}

bool is_exact_string(ConditionOperator op) {
  return op == ConditionOperator::kStringEquals || op == ConditionOperator::kStringEqualsIgnoreCase;
}

std::string value_hint(const Condition& condition, std::string_view seen, std::string_view wanted,
                       const RequestContext& context) {
  const bool has_wildcard = wanted.find_first_of("*?") != std::string_view::npos;
  if (is_exact_string(condition.op()) && has_wildcard && glob_match(compile_wildcards(wanted), seen)) {
    return fmt::format("{} takes '*' and '?' literally; StringLike matches wildcards", to_string(condition.op()));
  }
  if (ascii_iequals(seen, wanted)) return "they differ in case only";
  if (normalized(seen) == normalized(wanted)) return describe_difference(wanted, seen);
  for (const auto& other : context.values()) {
    if (other.lookup_key != condition.lookup_key() && std::ranges::find(other.values, wanted) != other.values.end()) {
      return fmt::format("that is the request's value of '{}'", other.key);
    }
  }
  return service_account_hint(seen, wanted);
}

constexpr std::array<std::string_view, 6> kArnParts = {"prefix", "partition", "service",
                                                       "region", "account",   "resource"};

std::optional<std::array<std::string_view, 6>> split_arn(std::string_view text) {
  std::array<std::string_view, 6> parts;
  for (size_t i = 0; i < 5; ++i) {
    const size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    parts[i] = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  parts[5] = text;
  return parts;
}

}  // namespace

std::string condition_hint(const Condition& condition, const RequestContext& context) {
  const ContextValue* value = context.find(condition.lookup_key());
  if (value == nullptr || value->values.empty()) return missing_key_hint(condition, context);
  if (value->is_multivalued && condition.quantifier() == SetQuantifier::kNone) {
    return fmt::format("'{}' holds several values; it needs ForAnyValue:{}", condition.key(),
                       condition.operator_text());
  }
  for (const auto& wanted : condition.values()) {
    if (wanted.find("${") != std::string::npos) return "the value holds a policy variable; it may not have resolved";
    std::string hint = value_hint(condition, value->values.front(), wanted, context);
    if (!hint.empty()) return hint;
  }
  return {};
}

std::string principal_hint(const Statement& statement, const Principal& caller) {
  if (statement.is_not_principal) return {};
  const bool is_web_identity = caller.kind == PrincipalKind::kWebIdentity;
  const std::string_view name = is_web_identity           ? caller.provider_arn
                                : caller.role_arn.empty() ? caller.arn
                                                          : caller.role_arn;
  for (const auto& principal : statement.principals) {
    if (is_web_identity && principal.type != StatementPrincipal::Type::kFederated) {
      return "a web identity needs \"Federated\": the ARN of its provider";
    }
    if (normalized(principal.value) == normalized(name)) {
      return fmt::format("nearly the caller's '{}': {}", name, describe_difference(principal.value, name));
    }
    const auto wanted = aws::Arn::parse(principal.value);
    const auto actual = aws::Arn::parse(name);
    if (wanted && actual && wanted->resource == actual->resource && wanted->account_id != actual->account_id) {
      return fmt::format("the account is {}, not {}", actual->account_id, wanted->account_id);
    }
  }
  return {};
}

std::string action_hint(const Statement& statement, std::string_view action) {
  const std::string lower = ascii_lower(action);
  for (const auto& source : statement.action_sources) {
    const std::string wanted = ascii_lower(source);
    if (lower.starts_with(wanted) && wanted.starts_with("sts:") && !statement.is_not_action) {
      return fmt::format("'{}' does not include '{}'", source, action);
    }
  }
  return {};
}

std::string resource_hint(const Statement& statement, const Question& question) {
  if (statement.is_not_resource) return {};
  const auto seen = split_arn(question.resource);
  if (!seen) return question.resource == "*" ? "the action knows no resource; only \"Resource\": \"*\" matches" : "";
  std::string best_hint;
  size_t best_differences = kArnParts.size();
  std::string buffer;
  for (const auto& text : statement.resources) {
    const auto pattern = text.resolve(question.context, buffer);
    if (!pattern) return "the value holds a policy variable that did not resolve";
    const auto wanted = split_arn(*pattern);
    const auto source = split_arn(text.source());
    if (!wanted || !source) continue;
    size_t differences = 0;
    std::string hint;
    for (size_t i = 0; i < kArnParts.size(); ++i) {
      if (glob_match((*wanted)[i], (*seen)[i])) continue;
      ++differences;
      if (hint.empty()) hint = fmt::format("the {} is '{}', not '{}'", kArnParts[i], (*seen)[i], (*source)[i]);
    }
    if (differences < best_differences) {
      best_differences = differences;
      best_hint = std::move(hint);
    }
  }
  return best_hint;
}

}  // namespace sluice::iam
