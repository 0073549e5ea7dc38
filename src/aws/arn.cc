#include "aws/arn.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::aws {
namespace {

constexpr size_t kPartCount = 6;

bool is_lower_name(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

bool is_resource(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, [](unsigned char c) { return c <= 0x20 || c == 0x7f; }) &&
         is_valid_utf8(text);
}

std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not an ARN: {}", printable(text, 256), why));
}

}  // namespace

bool is_account_id(std::string_view text) {
  return text.size() == 12 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<Arn> Arn::parse(std::string_view text) {
  if (text.size() > limits::kArnBytesMax) {
    return bad(text, fmt::format("{} bytes, at most {} are allowed", text.size(), limits::kArnBytesMax));
  }
  std::array<std::string_view, kPartCount> parts;
  std::string_view rest = text;
  for (size_t i = 0; i + 1 < kPartCount; ++i) {
    const size_t colon = rest.find(':');
    if (colon == std::string_view::npos) {
      return bad(text, "it has fewer than six parts (arn:partition:service:region:account:resource)");
    }
    parts[i] = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  parts[5] = rest;
  const auto [scheme, partition, service, region, account, resource] = parts;
  if (scheme != "arn") return bad(text, "it does not begin with 'arn:'");
  if (partition.empty() || !is_lower_name(partition)) return bad(text, "its partition is not a name such as 'aws'");
  if (service.empty() || !is_lower_name(service)) return bad(text, "its service is not a name such as 'iam'");
  if (!is_lower_name(region)) return bad(text, "its region is not a name such as 'us-east-1'");
  if (!account.empty() && account != "aws" && !is_account_id(account)) {
    return bad(text, fmt::format("its account '{}' is not 12 digits", printable(account, 32)));
  }
  if (!is_resource(resource)) return bad(text, "its resource is empty, or holds blanks or control characters");
  return Arn{std::string(partition), std::string(service), std::string(region), std::string(account),
             std::string(resource)};
}

std::string Arn::format() const {
  return fmt::format("arn:{}:{}:{}:{}:{}", partition, service, region, account_id, resource);
}

std::string_view Arn::resource_type() const {
  const size_t slash = resource.find('/');
  return slash == std::string::npos ? std::string_view() : std::string_view(resource).substr(0, slash);
}

std::string_view Arn::resource_name() const {
  const size_t slash = resource.rfind('/');
  return slash == std::string::npos ? std::string_view(resource) : std::string_view(resource).substr(slash + 1);
}

std::string_view Arn::resource_path() const {
  const size_t slash = resource.find('/');
  return slash == std::string::npos ? std::string_view(resource) : std::string_view(resource).substr(slash + 1);
}

}  // namespace sluice::aws
