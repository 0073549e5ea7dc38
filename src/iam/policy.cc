#include "iam/policy.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "iam/policy_parser.h"
#include "iam/wildcard.h"

namespace sluice::iam {
namespace parser {

std::unexpected<Error> malformed(std::string text) { return fail(ErrorCode::kMalformed, std::move(text)); }

Result<std::vector<std::string>> string_or_list(const JsonValue& value, std::string_view place) {
  std::vector<std::string> list;
  const auto add = [&](const JsonValue& entry) -> Result<void> {
    const auto* text = entry.as_string();
    if (text == nullptr) {
      return malformed(fmt::format("{} must be a string or a list of strings, got {}", place, to_string(entry.kind())));
    }
    if (text->size() > limits::kPolicyTextBytesMax) {
      return fail(ErrorCode::kTooLarge, fmt::format("{}: a value of {} bytes, at most {} are allowed", place,
                                                    text->size(), limits::kPolicyTextBytesMax));
    }
    list.push_back(*text);
    return {};
  };
  if (const auto* entries = value.as_array()) {
    for (const auto& entry : *entries) SLUICE_TRY(add(entry));
  } else {
    SLUICE_TRY(add(value));
  }
  return list;
}

}  // namespace parser

namespace {

using parser::malformed;

constexpr std::string_view kVersion2012 = "2012-10-17";
constexpr std::string_view kVersion2008 = "2008-10-17";

bool has_principal_element(PolicyKind kind) { return kind == PolicyKind::kTrust || kind == PolicyKind::kResource; }

/// Reads the statements of one document. Lives for one parse_policy call.
class DocumentParser {
 public:
  explicit DocumentParser(PolicyKind kind) : kind_(kind) {}

  Result<std::shared_ptr<const CompiledPolicy>> parse(const JsonValue& root);

 private:
  Result<void> read_version(const JsonObject& document, CompiledPolicy& policy);
  Result<Statement> read_statement(const JsonValue& value, const std::string& place);
  Result<void> check_element_names(const JsonObject& statement, const std::string& place) const;
  Result<void> read_sid(const JsonObject& object, Statement& statement, const std::string& place);
  Result<void> read_effect(const JsonObject& object, Statement& statement, const std::string& place) const;
  Result<void> read_principal(const JsonObject& object, Statement& statement, const std::string& place) const;
  Result<void> read_actions(const JsonObject& object, Statement& statement, const std::string& place) const;
  Result<void> read_resources(const JsonObject& object, Statement& statement, const std::string& place) const;

  PolicyKind kind_;
  PolicyText::Variables variables_ = PolicyText::Variables::kLiteral;
  std::set<std::string> sids_;
};

Result<void> DocumentParser::read_version(const JsonObject& document, CompiledPolicy& policy) {
  policy.version = kVersion2008;
  if (const JsonValue* version = document.find("Version")) {
    const auto* text = version->as_string();
    if (text == nullptr || (*text != kVersion2012 && *text != kVersion2008)) {
      return malformed("The policy must contain a valid version string");
    }
    policy.version = *text;
  }
  if (policy.version == kVersion2012) variables_ = PolicyText::Variables::kActive;
  return {};
}

Result<std::shared_ptr<const CompiledPolicy>> DocumentParser::parse(const JsonValue& root) {
  const auto* document = root.as_object();
  if (document == nullptr) return malformed("Syntax errors in policy: the document is not a JSON object");
  for (const auto& [name, value] : document->members()) {
    if (name != "Version" && name != "Id" && name != "Statement") {
      return malformed(fmt::format("Syntax errors in policy: unknown element '{}'", printable(name, 64)));
    }
  }
  auto policy = std::make_shared<CompiledPolicy>();
  policy->kind = kind_;
  SLUICE_TRY(read_version(*document, *policy));
  if (const JsonValue* id = document->find("Id")) {
    const auto* text = id->as_string();
    if (text == nullptr) return malformed("Syntax errors in policy: Id must be a string");
    policy->id = *text;
  }
  const JsonValue* statement = document->find("Statement");
  if (statement == nullptr) return malformed("Syntax errors in policy: Statement is missing");
  const auto* list = statement->as_array();
  const size_t count = list ? list->size() : 1;
  if (count == 0) return malformed("Syntax errors in policy: Statement is empty");
  if (count > limits::kPolicyStatementsMax) {
    return fail(ErrorCode::kTooLarge, fmt::format("the policy has {} statements, at most {} are allowed", count,
                                                  limits::kPolicyStatementsMax));
  }
  for (size_t i = 0; i < count; ++i) {
    const std::string place = list ? fmt::format("Statement[{}]", i) : std::string("Statement");
    SLUICE_ASSIGN(Statement parsed, read_statement(list ? (*list)[i] : *statement, place));
    policy->statements.push_back(std::move(parsed));
  }
  return std::shared_ptr<const CompiledPolicy>(std::move(policy));
}

Result<void> DocumentParser::check_element_names(const JsonObject& statement, const std::string& place) const {
  static constexpr std::array<std::string_view, 9> kNames = {
      "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"};
  for (const auto& [name, value] : statement.members()) {
    if (std::ranges::find(kNames, name) == kNames.end()) {
      return malformed(
          fmt::format("Syntax errors in policy: {} has an unknown element '{}'", place, printable(name, 64)));
    }
  }
  const auto both = [&](std::string_view a, std::string_view b) { return statement.find(a) && statement.find(b); };
  if (both("Action", "NotAction") || both("Resource", "NotResource") || both("Principal", "NotPrincipal")) {
    return malformed(fmt::format("Syntax errors in policy: {} has an element and its Not form", place));
  }
  return {};
}

Result<Statement> DocumentParser::read_statement(const JsonValue& value, const std::string& place) {
  const auto* object = value.as_object();
  if (object == nullptr) {
    return malformed(
        fmt::format("Syntax errors in policy: {} is not an object but {}", place, to_string(value.kind())));
  }
  SLUICE_TRY(check_element_names(*object, place));
  Statement statement;
  SLUICE_TRY(read_sid(*object, statement, place));
  SLUICE_TRY(read_effect(*object, statement, place));
  SLUICE_TRY(read_principal(*object, statement, place));
  SLUICE_TRY(read_actions(*object, statement, place));
  SLUICE_TRY(read_resources(*object, statement, place));
  if (const JsonValue* condition = object->find("Condition")) {
    SLUICE_ASSIGN(statement.conditions, parser::conditions(*condition, place + ".Condition", variables_));
  }
  return statement;
}

Result<void> DocumentParser::read_sid(const JsonObject& object, Statement& statement, const std::string& place) {
  const JsonValue* sid = object.find("Sid");
  if (sid == nullptr) return {};
  const auto* text = sid->as_string();
  if (text == nullptr) return malformed(fmt::format("Syntax errors in policy: {}.Sid must be a string", place));
  // Identity policies alone restrict the alphabet; trust and resource policies take blanks and the rest too.
  const bool is_strict = !has_principal_element(kind_);
  const bool is_alnum = std::ranges::all_of(
      *text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
  if (is_strict && !is_alnum) {
    return malformed(
        "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
        "[0-9A-Za-z]*");
  }
  if (!text->empty() && !sids_.insert(*text).second) {
    return malformed("Statement IDs (SID) in a single policy must be unique.");
  }
  statement.sid = *text;
  return {};
}

Result<void> DocumentParser::read_effect(const JsonObject& object, Statement& statement,
                                         const std::string& place) const {
  const JsonValue* effect = object.find("Effect");
  const std::string* text = effect ? effect->as_string() : nullptr;
  if (text == nullptr) return malformed(fmt::format("Syntax errors in policy: {} has no Effect", place));
  if (*text != "Allow" && *text != "Deny") {
    return malformed(
        fmt::format("Syntax errors in policy: {}.Effect is '{}', not 'Allow' or 'Deny'", place, printable(*text, 64)));
  }
  statement.effect = *text == "Allow" ? Effect::kAllow : Effect::kDeny;
  return {};
}

Result<void> DocumentParser::read_principal(const JsonObject& object, Statement& statement,
                                            const std::string& place) const {
  const JsonValue* principal = object.find("Principal");
  const JsonValue* not_principal = object.find("NotPrincipal");
  if (!has_principal_element(kind_)) {
    if (principal || not_principal) return malformed("Policy document should not specify a principal.");
    return {};
  }
  if (kind_ == PolicyKind::kTrust && not_principal) return malformed("Has prohibited field NotPrincipal");
  if (principal == nullptr && not_principal == nullptr) return malformed("Missing required field Principal");
  statement.has_principal = true;
  statement.is_not_principal = not_principal != nullptr;
  const std::string element = place + (not_principal ? ".NotPrincipal" : ".Principal");
  SLUICE_ASSIGN(statement.principals, parser::principals(not_principal ? *not_principal : *principal, kind_, element));
  return {};
}

/// "*", or a service and an action: "aps:RemoteWrite", "aps:*".
bool is_action(std::string_view action) {
  if (action == "*") return true;
  const size_t colon = action.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == action.size()) return false;
  const auto is_service_character = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '*' ||
           c == '?';
  };
  const std::string_view name = action.substr(colon + 1);
  return std::ranges::all_of(action.substr(0, colon), is_service_character) &&
         name.find_first_of(": \t\r\n") == std::string_view::npos;
}

Result<void> DocumentParser::read_actions(const JsonObject& object, Statement& statement,
                                          const std::string& place) const {
  const JsonValue* not_action = object.find("NotAction");
  const JsonValue* action = not_action ? not_action : object.find("Action");
  if (action == nullptr) return malformed("Policy statement must contain actions.");
  statement.is_not_action = not_action != nullptr;
  SLUICE_ASSIGN(statement.action_sources,
                parser::string_or_list(*action, place + (not_action ? ".NotAction" : ".Action")));
  if (statement.action_sources.empty()) return malformed("Policy statement must contain actions.");
  for (const auto& text : statement.action_sources) {
    if (!is_action(text))
      return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
    const std::string lower = ascii_lower(text);
    if (kind_ == PolicyKind::kTrust && !lower.starts_with("sts:")) {
      return malformed("AssumeRole policy may only specify STS AssumeRole actions.");
    }
    statement.actions.push_back(compile_wildcards(lower));
  }
  return {};
}

/// "*", an ARN, or a pattern of one; with a wildcard it may have fewer components ("arn:aws:aps:*").
bool is_resource(std::string_view text) {
  if (text == "*") return true;
  if (!text.starts_with("arn:")) return false;
  return std::ranges::count(text, ':') >= 5 || text.find('*') != std::string_view::npos;
}

Result<void> DocumentParser::read_resources(const JsonObject& object, Statement& statement,
                                            const std::string& place) const {
  const JsonValue* not_resource = object.find("NotResource");
  const JsonValue* resource = not_resource ? not_resource : object.find("Resource");
  if (kind_ == PolicyKind::kTrust) {
    if (resource) return malformed(not_resource ? "Has prohibited field NotResource" : "Has prohibited field Resource");
    return {};
  }
  if (resource == nullptr) return malformed("Policy statement must contain resources.");
  statement.is_not_resource = not_resource != nullptr;
  SLUICE_ASSIGN(const auto texts,
                parser::string_or_list(*resource, place + (not_resource ? ".NotResource" : ".Resource")));
  if (texts.empty()) return malformed("Policy statement must contain resources.");
  for (const auto& text : texts) {
    if (!is_resource(text)) {
      return malformed(fmt::format("Resource {} must be in ARN format or \"*\".", printable(text, 256)));
    }
    SLUICE_ASSIGN(PolicyText compiled, PolicyText::compile(text, PolicyText::Use::kArn, variables_));
    statement.resources.push_back(std::move(compiled));
  }
  return {};
}

}  // namespace

std::string_view to_string(PolicyKind kind) {
  switch (kind) {
    case PolicyKind::kIdentity: return "identity policy";
    case PolicyKind::kSession: return "session policy";
    case PolicyKind::kTrust: return "trust policy";
    case PolicyKind::kResource: return "resource policy";
  }
  return "policy";
}

Result<std::shared_ptr<const CompiledPolicy>> parse_policy(PolicyKind kind, std::string_view text) {
  if (text.size() > limits::kPolicyBytesMax) {
    return fail(ErrorCode::kTooLarge, fmt::format("the policy document has {} bytes, at most {} are allowed",
                                                  text.size(), limits::kPolicyBytesMax));
  }
  auto json = parse_json(text, {.bytes_max = limits::kPolicyBytesMax, .depth_max = limits::kPolicyJsonDepthMax});
  if (!json) return malformed(fmt::format("This policy contains invalid Json: {}", json.error().message));
  return DocumentParser(kind).parse(*json);
}

aws::AwsError malformed_policy(const Error& error) {
  return aws::AwsError{400, "MalformedPolicyDocument", error.message};
}

size_t policy_size(std::string_view text) {
  size_t size = 0;
  bool is_quoted = false;
  while (!text.empty()) {
    const Utf8Step step = next_utf8(text);
    const char c = text.front();
    if (is_quoted && c == '\\' && text.size() > 1) {
      size += 2;
      text.remove_prefix(2);
      continue;
    }
    if (c == '"') is_quoted = !is_quoted;
    const bool is_space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (is_quoted || !is_space) ++size;
    text.remove_prefix(step.length);
  }
  return size;
}

}  // namespace sluice::iam
