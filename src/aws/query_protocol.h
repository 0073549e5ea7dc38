#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "base/result.h"

namespace sluice::aws {

inline constexpr std::string_view kStsNamespace = "https://sts.amazonaws.com/doc/2011-06-15/";
inline constexpr std::string_view kIamNamespace = "https://iam.amazonaws.com/doc/2010-05-08/";
/// The namespace of errors that no service claims: unknown actions and versions.
inline constexpr std::string_view kFaultNamespace = "http://webservices.amazon.com/AWSFault/2005-15-09";
inline constexpr std::string_view kStsVersion = "2011-06-15";
inline constexpr std::string_view kIamVersion = "2010-05-08";

/// Where elements inside `<XResult>` stand: give it to the XmlWriter that makes `result_xml`.
inline constexpr size_t kResultDepth = 2;

/// `<XResponse xmlns=..><XResult>..</XResult><ResponseMetadata><RequestId>`; no Result element when
/// `result_xml` is empty, as AWS answers PutRolePolicy and its like. Status 200, text/xml.
WireAnswer query_success(std::string_view action, std::string_view xmlns, std::string_view result_xml,
                         std::string_view request_id);

/// The ErrorResponse document with the error's status. Text/xml.
WireAnswer query_error(const AwsError& error, std::string_view xmlns, std::string_view request_id);

/// "Could not find operation X for version Y"; a missing version reads NO_VERSION_SPECIFIED. Send it in
/// kFaultNamespace. `hint`, when there is one, follows the text (which listener serves that action).
AwsError invalid_action(std::string_view action, std::string_view version, std::string_view hint = {});

/// The first parameter of that name (the first of repeated ones wins), or nullptr.
const std::string* find_parameter(const Parameters& parameters, std::string_view name);

/// The list `name`.member.1, .2, ... in the order of its numbers, gaps closed. Absent is an empty list, and
/// so is `name=`. kMalformed for a number that is none or over kQueryListMembersMax, naming the parameter.
Result<std::vector<std::string>> string_list(const Parameters& parameters, std::string_view name);

/// One element of a list of structures: its members as parameters ("Key", "Value"), and the number it had.
struct ListMember {
  size_t number = 0;
  Parameters fields;
};
/// The list `name`.member.N.Field, likewise.
Result<std::vector<ListMember>> structure_list(const Parameters& parameters, std::string_view name);

/// The code and text for a request whose form is broken: 400 MalformedInput.
AwsError malformed_input(std::string message);

}  // namespace sluice::aws
