#include "aws/query_protocol.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "aws/xml_writer.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::aws {
namespace {

WireAnswer xml_answer(int status, std::string body) {
  return WireAnswer{status, {{"Content-Type", "text/xml"}}, std::move(body)};
}

/// A parameter's name seen as `list`.member.<number>[.<field>]; nullopt when it is another parameter.
struct MemberName {
  std::string_view number;
  std::string_view field;
};
std::optional<MemberName> split_member(std::string_view name, std::string_view list) {
  constexpr std::string_view kMember = ".member.";
  if (!name.starts_with(list)) return std::nullopt;
  name.remove_prefix(list.size());
  if (!name.starts_with(kMember)) return std::nullopt;
  name.remove_prefix(kMember.size());
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return MemberName{name, {}};
  return MemberName{name.substr(0, dot), name.substr(dot + 1)};
}

Result<size_t> parse_number(std::string_view text, std::string_view parameter) {
  size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
      number > limits::kQueryListMembersMax) {
    return fail(ErrorCode::kMalformed,
                fmt::format("parameter '{}': '{}' is not a member number from 1 to {}", printable(parameter, 128),
                            printable(text, 32), limits::kQueryListMembersMax));
  }
  return number;
}

}  // namespace

WireAnswer query_success(std::string_view action, std::string_view xmlns, std::string_view result_xml,
                         std::string_view request_id) {
  const std::string response = fmt::format("{}Response", action);
  const std::string result = fmt::format("{}Result", action);
  std::string body;
  body.reserve(result_xml.size() + 512);
  XmlWriter xml(body);
  xml.open(response, xmlns);
  if (!result_xml.empty()) {
    xml.open(result);
    xml.raw(result_xml);
    xml.close();
  }
  xml.open("ResponseMetadata");
  xml.element("RequestId", request_id);
  xml.close();
  xml.close();
  return xml_answer(200, std::move(body));
}

WireAnswer query_error(const AwsError& error, std::string_view xmlns, std::string_view request_id) {
  std::string body;
  XmlWriter xml(body);
  xml.open("ErrorResponse", xmlns);
  xml.open("Error");
  xml.element("Type", error.sender ? "Sender" : "Receiver");
  xml.element("Code", std::string_view(error.code));
  xml.element("Message", std::string_view(error.message));
  xml.close();
  xml.element("RequestId", request_id);
  xml.close();
  return xml_answer(error.status, std::move(body));
}

AwsError invalid_action(std::string_view action, std::string_view version, std::string_view hint) {
  std::string message = fmt::format("Could not find operation {} for version {}", printable(action, 256),
                                    version.empty() ? "NO_VERSION_SPECIFIED" : printable(version, 64));
  if (!hint.empty()) message.append(". ").append(hint);
  return AwsError{400, "InvalidAction", std::move(message)};
}

AwsError malformed_input(std::string message) { return AwsError{400, "MalformedInput", std::move(message)}; }

const std::string* find_parameter(const Parameters& parameters, std::string_view name) {
  const auto found = std::ranges::find_if(parameters, [&](const auto& p) { return p.first == name; });
  return found == parameters.end() ? nullptr : &found->second;
}

Result<std::vector<std::string>> string_list(const Parameters& parameters, std::string_view name) {
  std::map<size_t, const std::string*> members;
  for (const auto& [key, value] : parameters) {
    const auto member = split_member(key, name);
    if (!member || !member->field.empty()) continue;
    SLUICE_ASSIGN(const size_t number, parse_number(member->number, key));
    members.try_emplace(number, &value);
  }
  std::vector<std::string> values;
  values.reserve(members.size());
  for (const auto& [number, value] : members) values.push_back(*value);
  return values;
}

Result<std::vector<ListMember>> structure_list(const Parameters& parameters, std::string_view name) {
  std::map<size_t, ListMember> members;
  for (const auto& [key, value] : parameters) {
    const auto member = split_member(key, name);
    if (!member || member->field.empty()) continue;
    SLUICE_ASSIGN(const size_t number, parse_number(member->number, key));
    ListMember& slot = members[number];
    slot.number = number;
    if (find_parameter(slot.fields, member->field) == nullptr) slot.fields.emplace_back(member->field, value);
  }
  std::vector<ListMember> list;
  list.reserve(members.size());
  for (auto& [number, member] : members) list.push_back(std::move(member));
  return list;
}

}  // namespace sluice::aws
