#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/error.h"
#include "aws/validation.h"
#include "aws/xml_writer.h"
#include "iam/entities.h"

/// Reading a Query-protocol call of IAM: shape checks over scalars and lists, tags, pages.
namespace sluice::api {

/// What IAM's model demands of a list parameter.
struct ListRule {
  enum class Of : uint8_t { kStrings, kTags };
  std::string_view name;
  Of of = Of::kStrings;
  bool required = false;
  size_t members_max = aws::ParameterRule::kNoMaximum;
  /// A member of a list of strings; tags have the rules of tagKeyType and tagValueType.
  aws::ParameterRule member = {};
};
extern const aws::ParameterRule kTagKeyRule;
extern const aws::ParameterRule kTagValueRule;

/// Every violation of scalars and lists in one ValidationError; MalformedInput for what is no value of its type.
std::optional<aws::AwsError> check_shape(std::span<const aws::ParameterRule> scalars, std::span<const ListRule> lists,
                                         const aws::Parameters& parameters);

/// The value, which check_shape has seen to be there.
const std::string& required_value(const aws::Parameters& parameters, std::string_view name);
std::string value_or(const aws::Parameters& parameters, std::string_view name, std::string_view otherwise);

/// `name`.member.N, and `name`.member.N.Key / .Value, after a check_shape whose lists had one of that name.
std::vector<std::string> read_strings(const aws::Parameters& parameters, std::string_view name);
iam::Tags read_tags(const aws::Parameters& parameters, std::string_view name);

/// Whether keys that differ in case alone are one key: so it is for roles and policies, not for providers.
enum class TagKeys : uint8_t { kIgnoreCase, kCaseSensitive };
/// InvalidInput for a key twice or one that begins with "aws:".
std::optional<aws::AwsError> check_tags(const iam::Tags& tags, TagKeys keys);
/// Adds or replaces. False when that would be more than limits::kTagsPerResourceMax; `tags` is then half done.
bool merge_tags(iam::Tags& tags, const iam::Tags& added, TagKeys keys);
void remove_tags(iam::Tags& tags, const std::vector<std::string>& removed, TagKeys keys);

/// Which part of a list a call asks for by Marker and MaxItems (100 unless said).
struct Page {
  size_t begin = 0;
  size_t end = 0;           ///< exclusive
  std::string next_marker;  ///< "" on the last page
};
/// `key_of(index)` names an item uniquely within the list, in the list's order. The marker carries the last item's
/// key and place, so that pages stay right while items come and go. ValidationError for a marker that is not ours.
std::expected<Page, aws::AwsError> page_of(const aws::Parameters& parameters, size_t count,
                                           const std::function<std::string_view(size_t)>& key_of);
/// IsTruncated, always (clients page by it), and Marker.
void write_page(aws::XmlWriter& xml, const Page& page);

}  // namespace sluice::api
