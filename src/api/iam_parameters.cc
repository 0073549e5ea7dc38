#include "api/iam_parameters.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "aws/query_protocol.h"
#include "base/check.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::api {

using aws::AwsError;
using aws::Parameters;

// The key of a tag is required in its structure; so is its value, which may be empty.
const aws::ParameterRule kTagKeyRule = {
    .name = "Key", .required = true, .length_min = 1, .length_max = 128, .pattern = &aws::patterns::kTagKey};
const aws::ParameterRule kTagValueRule = {
    .name = "Value", .required = true, .length_min = 0, .length_max = 256, .pattern = &aws::patterns::kTagValue};

namespace {

constexpr size_t kPageItems = 100;

bool is_present(const Parameters& parameters, std::string_view list) {
  const std::string prefix = std::string(list) + ".";
  return std::ranges::any_of(parameters, [&](const auto& p) { return p.first == list || p.first.starts_with(prefix); });
}

void check_count(aws::Violations& violations, const ListRule& rule, size_t count) {
  if (count > rule.members_max)
    violations.add(
        fmt::format("Value at '{}' failed to satisfy constraint: Member must have length less than or equal to {}",
                    aws::member_name(rule.name), rule.members_max));
}

std::optional<AwsError> check_text(const std::string& text, std::string_view where) {
  if (is_valid_utf8(text)) return std::nullopt;
  return aws::malformed_input(fmt::format("parameter '{}' is not valid UTF-8", where));
}

std::optional<AwsError> check_strings(aws::Violations& violations, const ListRule& rule, const Parameters& parameters) {
  auto members = aws::string_list(parameters, rule.name);
  if (!members) return aws::malformed_input(members.error().message);
  for (size_t i = 0; i < members->size(); ++i) {
    const std::string where = fmt::format("{}.{}.member", aws::member_name(rule.name), i + 1);
    if (auto error = check_text((*members)[i], where)) return error;
    violations.check(rule.member, where, &(*members)[i]);
  }
  check_count(violations, rule, members->size());
  return std::nullopt;
}

std::optional<AwsError> check_tag_list(aws::Violations& violations, const ListRule& rule,
                                       const Parameters& parameters) {
  auto members = aws::structure_list(parameters, rule.name);
  if (!members) return aws::malformed_input(members.error().message);
  for (const aws::ListMember& member : *members) {
    for (const aws::ParameterRule& field : {kTagKeyRule, kTagValueRule}) {
      const std::string where =
          fmt::format("{}.{}.member.{}", aws::member_name(rule.name), member.number, aws::member_name(field.name));
      const std::string* value = aws::find_parameter(member.fields, field.name);
      if (value != nullptr)
        if (auto error = check_text(*value, where)) return error;
      violations.check(field, where, value);
    }
  }
  check_count(violations, rule, members->size());
  return std::nullopt;
}

bool same_key(std::string_view a, std::string_view b, TagKeys keys) {
  return keys == TagKeys::kIgnoreCase ? ascii_iequals(a, b) : a == b;
}

}  // namespace

std::optional<AwsError> check_shape(std::span<const aws::ParameterRule> scalars, std::span<const ListRule> lists,
                                    const Parameters& parameters) {
  // What is no value of its type is refused alone and first; what follows gathers everything else in one answer.
  auto refused = aws::validate(scalars, parameters);
  if (refused && refused->code == "MalformedInput") return refused;
  aws::Violations violations;
  for (const aws::ParameterRule& rule : scalars)
    violations.check(rule, aws::member_name(rule.name), aws::find_parameter(parameters, rule.name));
  for (const ListRule& rule : lists) {
    if (!is_present(parameters, rule.name)) {
      if (rule.required)
        violations.add(fmt::format("Value null at '{}' failed to satisfy constraint: Member must not be null",
                                   aws::member_name(rule.name)));
      continue;
    }
    auto error = rule.of == ListRule::Of::kTags ? check_tag_list(violations, rule, parameters)
                                                : check_strings(violations, rule, parameters);
    if (error) return error;
  }
  if (violations.empty()) return std::nullopt;
  return violations.to_error();
}

const std::string& required_value(const Parameters& parameters, std::string_view name) {
  const std::string* value = aws::find_parameter(parameters, name);
  SLUICE_CHECK(value != nullptr, "a required parameter passed the shape check without a value");
  return *value;
}

std::string value_or(const Parameters& parameters, std::string_view name, std::string_view otherwise) {
  const std::string* value = aws::find_parameter(parameters, name);
  return value == nullptr ? std::string(otherwise) : *value;
}

std::vector<std::string> read_strings(const Parameters& parameters, std::string_view name) {
  return aws::string_list(parameters, name).value_or(std::vector<std::string>());
}

iam::Tags read_tags(const Parameters& parameters, std::string_view name) {
  iam::Tags tags;
  for (const aws::ListMember& member : aws::structure_list(parameters, name).value_or(std::vector<aws::ListMember>()))
    tags.emplace_back(required_value(member.fields, "Key"), required_value(member.fields, "Value"));
  return tags;
}

std::optional<AwsError> check_tags(const iam::Tags& tags, TagKeys keys) {
  for (size_t i = 0; i < tags.size(); ++i) {
    if (ascii_lower(tags[i].first.substr(0, 4)) == "aws:")
      return AwsError{400, "InvalidInput", "aws: prefixed tag key names are not allowed for external use.", true, {}};
    for (size_t j = 0; j < i; ++j) {
      if (same_key(tags[i].first, tags[j].first, keys))
        return AwsError{400,
                        "InvalidInput",
                        keys == TagKeys::kIgnoreCase
                            ? "Duplicate tag keys found. Please note that Tag keys are case insensitive."
                            : "Duplicate tag keys found.",
                        true,
                        {}};
    }
  }
  return std::nullopt;
}

bool merge_tags(iam::Tags& tags, const iam::Tags& added, TagKeys keys) {
  for (const auto& tag : added) {
    const auto present = std::ranges::find_if(tags, [&](const auto& t) { return same_key(t.first, tag.first, keys); });
    if (present != tags.end()) {
      *present = tag;
    } else {
      tags.push_back(tag);
    }
  }
  return tags.size() <= limits::kTagsPerResourceMax;
}

void remove_tags(iam::Tags& tags, const std::vector<std::string>& removed, TagKeys keys) {
  std::erase_if(tags, [&](const auto& tag) {
    return std::ranges::any_of(removed, [&](const std::string& key) { return same_key(tag.first, key, keys); });
  });
}

std::expected<Page, AwsError> page_of(const Parameters& parameters, size_t count,
                                      const std::function<std::string_view(size_t)>& key_of) {
  Page page;
  if (const std::string* marker = aws::find_parameter(parameters, "Marker")) {
    const auto text = base64url_decode(*marker);
    const size_t colon = text ? text->find(':') : std::string::npos;
    size_t place = 0;
    const bool is_ours = colon != std::string::npos &&
                         std::from_chars(text->data(), text->data() + colon, place).ptr == text->data() + colon;
    if (!is_ours) return std::unexpected(AwsError::validation("Invalid Marker."));
    const std::string_view key = std::string_view(*text).substr(colon + 1);
    page.begin = std::min(place, count);
    for (size_t i = 0; i < count; ++i)
      if (key_of(i) == key) page.begin = i + 1;
  }
  const std::string* items = aws::find_parameter(parameters, "MaxItems");
  const size_t items_max = items == nullptr ? kPageItems : static_cast<size_t>(*aws::parse_integer(*items));
  page.end = std::min(count, page.begin + items_max);
  if (page.end < count) page.next_marker = base64url_encode(fmt::format("{}:{}", page.end, key_of(page.end - 1)));
  return page;
}

void write_page(aws::XmlWriter& xml, const Page& page) {
  xml.element("IsTruncated", !page.next_marker.empty());
  if (!page.next_marker.empty()) xml.element("Marker", std::string_view(page.next_marker));
}

}  // namespace sluice::api
