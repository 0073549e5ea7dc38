#include "api/amp_input.h"

#include <optional>

#include <fmt/format.h>

#include "aws/arn.h"
#include "aws/rest_json.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "http/form.h"

namespace sluice::api {
namespace {

using aws::AwsError;
using Checked = std::expected<void, AwsError>;

constexpr size_t kPageItems = 100;

/// Gathers what is wrong, field by field, for one ValidationException.
class FieldErrors {
 public:
  void check(const aws::ParameterRule& rule, std::string_view field, const std::string* value) {
    if (value != nullptr && !is_valid_utf8(*value)) return add(field, fmt::format("'{}' is not valid UTF-8", field));
    aws::Violations violations;
    violations.check(rule, field, value);
    if (violations.empty()) return;
    // Without the count in front: the list gives every field its own message.
    std::string text = violations.to_error().message;
    constexpr std::string_view kMark = "detected: ";
    if (const size_t mark = text.find(kMark); mark != std::string::npos) text.erase(0, mark + kMark.size());
    add(field, text);
  }

  void add(std::string_view field, const std::string& message) {
    JsonObject entry;
    entry.set("name", field);
    entry.set("message", message);
    fields_.emplace_back(std::move(entry));
    text_ += (text_.empty() ? "" : "; ") + message;
  }

  Checked result() {
    if (fields_.empty()) return {};
    const size_t count = fields_.size();
    AwsError error = aws::validation_exception(
        fmt::format("{} validation error{} detected: {}", count, count == 1 ? "" : "s", text_),
        "FIELD_VALIDATION_FAILED");
    error.extra_members.set("fieldList", std::move(fields_));
    return std::unexpected(std::move(error));
  }

 private:
  JsonArray fields_;
  std::string text_;
};

std::unexpected<AwsError> cannot_parse(std::string message) {
  return std::unexpected(aws::validation_exception(std::move(message), "CANNOT_PARSE"));
}

/// The body as an object; no body at all is an empty one.
std::expected<JsonObject, AwsError> read_body(std::string_view body) {
  if (trim(body).empty()) return JsonObject();
  auto value = parse_json(body, {.bytes_max = limits::kControlBodyBytesMax});
  if (!value) return cannot_parse(fmt::format("The body is not valid JSON: {}", value.error().message));
  const JsonObject* object = value->as_object();
  if (object == nullptr)
    return cannot_parse(fmt::format("The body must be a JSON object, not {}", to_string(value->kind())));
  return *object;
}

/// A string member; null is as good as absent. Of another kind it is a field error.
std::optional<std::string> string_member(const JsonObject& body, std::string_view name, FieldErrors& errors) {
  const JsonValue* value = body.find(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  if (const std::string* text = value->as_string()) return *text;
  errors.add(name, fmt::format("'{}' must be a string, not {}", name, to_string(value->kind())));
  return std::nullopt;
}

void read_optional(const aws::ParameterRule& rule, std::optional<std::string> value, std::string& target,
                   FieldErrors& errors) {
  if (!value) return;
  errors.check(rule, rule.name, &*value);
  target = std::move(*value);
}

void read_tag_map(const JsonObject& body, bool required, iam::Tags& tags, FieldErrors& errors) {
  const JsonValue* value = body.find("tags");
  if (value == nullptr || value->is_null()) {
    if (required) errors.add("tags", "Value null at 'tags' failed to satisfy constraint: Member must not be null");
    return;
  }
  const JsonObject* map = value->as_object();
  if (map == nullptr)
    return errors.add("tags", fmt::format("'tags' must be an object, not {}", to_string(value->kind())));
  if (map->size() > limits::kTagsPerResourceMax)
    errors.add("tags",
               fmt::format("Value at 'tags' failed to satisfy constraint: Member must have length less than or equal "
                           "to {}",
                           limits::kTagsPerResourceMax));
  for (const auto& [key, member] : map->members()) {
    const std::string* text = member.as_string();
    errors.check(amp_rules::kTagKey, "tags", &key);
    if (ascii_lower(key.substr(0, 4)) == "aws:") errors.add("tags", "Tag keys must not begin with aws:");
    if (text == nullptr) {
      errors.add("tags", "The value of each tag must be a string");
    } else {
      errors.check(amp_rules::kTagValue, "tags", text);
      tags.emplace_back(key, *text);
    }
  }
}

Checked read_arn(std::string_view text, AmpCall& call) {
  auto arn = aws::Arn::parse(text);
  if (!arn || arn->service != "aps") {
    FieldErrors errors;
    errors.add("resourceArn", fmt::format("'{}' is not the ARN of an aps resource", printable(text, 256)));
    return errors.result();
  }
  if (arn->resource_type() != "workspace" || arn->account_id != call.account_id)
    return std::unexpected(aws::resource_not_found("Resource not found", text, arn->resource_type()));
  call.workspace_id = arn->resource_path();
  return {};
}

Checked read_list(const http::Form& query, AmpCall& call) {
  FieldErrors errors;
  if (const std::string* alias = query.find("alias")) {
    errors.check(amp_rules::kAlias, "alias", alias);
    call.alias = *alias;
  }
  if (const std::string* token = query.find("nextToken")) {
    errors.check(amp_rules::kNextToken, "nextToken", token);
    call.next_token = *token;
  }
  call.results_max = kPageItems;
  if (const std::string* count = query.find("maxResults")) {
    errors.check(amp_rules::kMaxResults, "maxResults", count);
    if (auto number = aws::parse_integer(*count); number && *number > 0)
      call.results_max = static_cast<size_t>(*number);
  }
  return errors.result();
}

Checked read_create(const JsonObject& body, AmpCall& call) {
  FieldErrors errors;
  read_optional(amp_rules::kAlias, string_member(body, "alias", errors), call.alias, errors);
  read_optional(amp_rules::kClientToken, string_member(body, "clientToken", errors), call.client_token, errors);
  read_tag_map(body, false, call.tags, errors);
  const JsonValue* key = body.find("kmsKeyArn");
  if (key != nullptr && !key->is_null())
    return std::unexpected(aws::validation_exception(
        "kmsKeyArn is not offered by this server: it has no key management service. Leave it out, and encrypt the disk "
        "under the storage path instead.",
        "OTHER", "kmsKeyArn"));
  return errors.result();
}

Checked read_update_alias(const JsonObject& body, AmpCall& call) {
  FieldErrors errors;
  read_optional(amp_rules::kAlias, string_member(body, "alias", errors), call.alias, errors);
  read_optional(amp_rules::kClientToken, string_member(body, "clientToken", errors), call.client_token, errors);
  return errors.result();
}

Checked read_tag_keys(const http::Form& query, AmpCall& call) {
  FieldErrors errors;
  call.tag_keys = query.all("tagKeys");
  if (call.tag_keys.empty())
    errors.add("tagKeys", "Value null at 'tagKeys' failed to satisfy constraint: Member must not be null");
  for (const std::string& key : call.tag_keys) errors.check(amp_rules::kTagKey, "tagKeys", &key);
  return errors.result();
}

Checked read_workspace_id(const http::PathParameters& path, AmpCall& call) {
  FieldErrors errors;
  call.workspace_id = path.get("workspace");
  errors.check(amp_rules::kWorkspaceId, "workspaceId", &call.workspace_id);
  return errors.result();
}

}  // namespace

Checked read_amp_input(AmpOperationId operation, const http::PathParameters& path, std::string_view raw_query,
                       std::string_view body, AmpCall& call) {
  auto query = http::Form::parse(raw_query);
  if (!query) return cannot_parse(fmt::format("The query string cannot be read: {}", query.error().message));
  switch (operation) {
    case AmpOperationId::kCreateWorkspace: {
      SLUICE_ASSIGN(const JsonObject object, read_body(body));
      return read_create(object, call);
    }
    case AmpOperationId::kListWorkspaces: return read_list(*query, call);
    case AmpOperationId::kDescribeWorkspace:
    case AmpOperationId::kDescribeLoggingConfiguration: return read_workspace_id(path, call);
    case AmpOperationId::kDeleteWorkspace: {
      SLUICE_TRY(read_workspace_id(path, call));
      FieldErrors errors;
      const std::string* token = query->find("clientToken");
      read_optional(amp_rules::kClientToken, token == nullptr ? std::nullopt : std::optional(*token), call.client_token,
                    errors);
      return errors.result();
    }
    case AmpOperationId::kUpdateWorkspaceAlias: {
      SLUICE_TRY(read_workspace_id(path, call));
      SLUICE_ASSIGN(const JsonObject object, read_body(body));
      return read_update_alias(object, call);
    }
    case AmpOperationId::kListTagsForResource: return read_arn(path.get("arn"), call);
    case AmpOperationId::kTagResource: {
      SLUICE_TRY(read_arn(path.get("arn"), call));
      SLUICE_ASSIGN(const JsonObject object, read_body(body));
      FieldErrors errors;
      read_tag_map(object, true, call.tags, errors);
      return errors.result();
    }
    case AmpOperationId::kUntagResource: {
      SLUICE_TRY(read_arn(path.get("arn"), call));
      return read_tag_keys(*query, call);
    }
    case AmpOperationId::kNotOffered: break;
  }
  return {};
}

}  // namespace sluice::api
