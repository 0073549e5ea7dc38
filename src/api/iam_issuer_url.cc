#include "api/iam_issuer_url.h"

#include <algorithm>

#include <fmt/format.h>

#include "http/uri.h"

namespace sluice::api {
namespace {

std::unexpected<aws::AwsError> invalid(std::string_view reason) {
  return std::unexpected(aws::AwsError::validation(fmt::format("Invalid Open ID Connect Provider URL: {}", reason)));
}

}  // namespace

std::expected<std::string, aws::AwsError> provider_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return invalid("it must begin with https://");
  if (url.find_first_of("?#") != std::string_view::npos)
    return std::unexpected(aws::AwsError{400, "InvalidInput", "Unknown", true, {}});
  const bool is_plain = std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7f && c != '*'; });
  if (!is_plain) return invalid("it has a blank, a '*', a control character or one that is not ASCII");
  auto parsed = http::Uri::parse(url);
  if (!parsed) return invalid(parsed.error().message);
  const std::string_view rest = url.substr(kScheme.size());
  std::string_view authority = rest.substr(0, rest.find('/'));
  const std::string_view path = rest.substr(authority.size());
  // The port that https means anyway: IAM drops it, so that the name is the one in `iss`.
  constexpr std::string_view kHttpsPort = ":443";
  if (authority.ends_with(kHttpsPort)) authority.remove_suffix(kHttpsPort.size());
  return std::string(authority) + std::string(path);
}

}  // namespace sluice::api
