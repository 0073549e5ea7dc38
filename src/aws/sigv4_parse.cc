#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "aws/sigv4_verify.h"
#include "base/encoding.h"
#include "base/limits.h"

namespace sluice::aws {
namespace {

constexpr std::string_view kAsymmetricAlgorithm = "AWS4-ECDSA-P256-SHA256";
constexpr size_t kEchoBytesMax = 256;
constexpr size_t kSignatureHexDigits = 64;

std::unexpected<SigV4Failure> refused(SigV4Refusal reason, std::string message, std::string seen = {},
                                      std::string wanted = {}) {
  return std::unexpected(SigV4Failure{
      .reason = reason, .message = std::move(message), .seen = std::move(seen), .wanted = std::move(wanted)});
}

bool query_has_algorithm(std::string_view query) {
  constexpr std::string_view kName = "X-Amz-Algorithm";
  while (!query.empty()) {
    const size_t amp = query.find('&');
    const std::string_view parameter = query.substr(0, amp);
    const auto name = percent_decode(parameter.substr(0, parameter.find('=')), true);
    if (name && *name == kName) return true;
    query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
  }
  return false;
}

std::optional<SigV4Failure> find_duplicate_header(const RequestView& request) {
  static constexpr std::array<std::string_view, 6> kSingle = {"Authorization",        "X-Amz-Date",           "Date",
                                                              "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Host"};
  for (const auto name : kSingle) {
    if (request.count_headers(name) < 2) continue;
    SigV4Failure failure = refuse(SigV4Refusal::kDuplicateHeader, std::string(name), "the header once");
    failure.message = fmt::format("Header '{}' must not appear more than once.", name);
    return failure;
  }
  return std::nullopt;
}

/// Replaces runs of hex digits as long as a signature: one that lost its name is still one.
void mask_long_hex(std::string& text) {
  std::string masked;
  for (size_t at = 0; at < text.size();) {
    size_t end = at;
    while (end < text.size() && std::isxdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    if (end - at >= kSignatureHexDigits) {
      masked += "...";
    } else {
      masked.append(text, at, end - at);
    }
    if (end < text.size()) masked += text[end++];
    at = end;
  }
  text = std::move(masked);
}

/// The Authorization header with what must not be echoed taken out: the signature, and everything of a scheme that is
/// not SigV4, since that is a password or a bearer token.
std::string safe_echo(std::string_view authorization) {
  if (!authorization.starts_with("AWS4-")) {
    const std::string_view scheme = authorization.substr(0, authorization.find(' '));
    const bool has_scheme = scheme.size() < authorization.size() && scheme.size() <= 32;
    return has_scheme ? fmt::format("{} ...", printable(scheme)) : "...";
  }
  std::string echo(authorization);
  constexpr std::string_view kKey = "signature=";
  for (size_t at = ascii_lower(echo).find(kKey); at != std::string::npos;
       at = ascii_lower(echo).find(kKey, at + kKey.size())) {
    const size_t from = at + kKey.size();
    const size_t end = std::min(echo.find_first_of(", ", from), echo.size());
    echo.replace(from, end - from, "...");
  }
  mask_long_hex(echo);
  return printable(echo, kEchoBytesMax);
}

/// A part of the header that may be a signature without its name.
std::string safe_part(std::string_view part) {
  return part.size() >= kSignatureHexDigits ? "..." : printable(part, kEchoBytesMax);
}

/// The key=value parts behind the algorithm.
struct HeaderParts {
  std::string algorithm;
  std::optional<std::string> credential;
  std::optional<std::string> signed_headers;
  std::optional<std::string> signature;
};

std::expected<HeaderParts, SigV4Failure> split_authorization(std::string_view authorization) {
  HeaderParts parts;
  const size_t space = authorization.find(' ');
  parts.algorithm = authorization.substr(0, space);
  std::string_view rest = space == std::string_view::npos ? std::string_view() : trim(authorization.substr(space + 1));
  while (!rest.empty()) {
    // Parts are separated by commas; AWS also takes blanks alone.
    const size_t end = rest.find_first_of(", \t");
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (part.empty()) continue;
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return refused(SigV4Refusal::kNotKeyValue,
                     fmt::format("'{}' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.",
                                 safe_part(part), safe_echo(authorization)),
                     safe_part(part), "key=value");
    }
    const std::string_view key = part.substr(0, equals);
    std::optional<std::string>* slot = key == "Credential"      ? &parts.credential
                                       : key == "SignedHeaders" ? &parts.signed_headers
                                       : key == "Signature"     ? &parts.signature
                                                                : nullptr;
    if (slot == nullptr) continue;
    if (slot->has_value()) {
      return refused(SigV4Refusal::kDuplicateHeader,
                     fmt::format("Authorization header must not have more than one '{}' parameter.", key),
                     std::string(key), "the parameter once");
    }
    *slot = std::string(part.substr(equals + 1));
  }
  return parts;
}

/// All that is missing in one text, as AWS puts it.
std::optional<SigV4Failure> find_missing_parts(const HeaderParts& parts, const RequestView& request,
                                               std::string_view authorization) {
  const auto is_absent = [](const std::optional<std::string>& part) { return !part || part->empty(); };
  std::string text;
  std::string seen;
  const auto miss = [&](std::string_view name) {
    text += fmt::format("Authorization header requires '{}' parameter. ", name);
    seen += fmt::format("{}{}", seen.empty() ? "no " : ", no ", name);
  };
  if (is_absent(parts.credential)) miss("Credential");
  if (is_absent(parts.signature)) miss("Signature");
  if (is_absent(parts.signed_headers)) miss("SignedHeaders");
  if (!request.find_header("x-amz-date") && !request.find_header("date")) {
    text += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    seen += seen.empty() ? "no X-Amz-Date" : ", no X-Amz-Date";
  }
  if (text.empty()) return std::nullopt;
  SigV4Failure failure =
      refuse(SigV4Refusal::kMissingParts, std::move(seen), "Credential, SignedHeaders, Signature and X-Amz-Date");
  failure.message = text + "Authorization=" + safe_echo(authorization);
  return failure;
}

struct SignedDate {
  std::string amz_date;
  UnixSeconds at = 0;
};
std::expected<SignedDate, SigV4Failure> read_date(const RequestView& request) {
  const HeaderView* amz_date = request.find_header("x-amz-date");
  const HeaderView* header = amz_date ? amz_date : request.find_header("date");
  const std::string_view text = trim(header->value);
  auto at = parse_amz_date(text);
  if (!at && !amz_date) at = parse_http_date(text);
  if (at) return SignedDate{format_amz_date(*at), *at};
  return refused(
      SigV4Refusal::kBadDate,
      fmt::format("Date must be in ISO-8601 'basic format'. Got '{}'. See http://en.wikipedia.org/wiki/ISO_8601",
                  printable(text, 64)),
      printable(text, 64), "20150830T123600Z");
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (true) {
    const size_t at = text.find(separator);
    parts.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::expected<std::vector<std::string>, SigV4Failure> read_signed_headers(std::string_view list) {
  const auto separators = static_cast<size_t>(std::ranges::count(list, ';'));
  if (separators >= limits::kSignedHeadersMax) {
    return refused(SigV4Refusal::kAuthorizationTooLarge,
                   fmt::format("SignedHeaders names {} headers; at most {} are allowed.", separators + 1,
                               limits::kSignedHeadersMax),
                   fmt::format("{} signed headers", separators + 1), fmt::format("{}", limits::kSignedHeadersMax));
  }
  std::vector<std::string> names = split(list, ';');
  for (auto& name : names) name = ascii_lower(name);
  return names;
}

std::optional<SigV4Failure> check_sizes(std::string_view authorization, const HeaderView* token) {
  const auto too_large = [](std::string_view header, size_t size, size_t size_max) {
    SigV4Failure failure = refuse(SigV4Refusal::kAuthorizationTooLarge, fmt::format("{} bytes in {}", size, header),
                                  fmt::format("at most {}", size_max));
    failure.message = fmt::format("Header '{}' is too long: {} bytes, at most {} are allowed.", header, size, size_max);
    return failure;
  };
  if (authorization.size() > limits::kAuthorizationBytesMax) {
    return too_large("Authorization", authorization.size(), limits::kAuthorizationBytesMax);
  }
  if (token && token->value.size() > limits::kSessionTokenBytesMax) {
    return too_large("X-Amz-Security-Token", token->value.size(), limits::kSessionTokenBytesMax);
  }
  return std::nullopt;
}

/// The scheme comes first: what is no SigV4 at all deserves to be told so, not that its parts are missing.
std::optional<SigV4Failure> check_scheme(std::string_view authorization) {
  if (authorization.starts_with(kAsymmetricAlgorithm)) {
    return refuse(SigV4Refusal::kAsymmetricNotOffered, std::string(kAsymmetricAlgorithm), std::string(kSigV4Algorithm));
  }
  if (authorization.starts_with("AWS4-")) return std::nullopt;
  const std::string echo = safe_echo(authorization);
  SigV4Failure failure = refuse(SigV4Refusal::kOtherScheme, echo, std::string(kSigV4Algorithm));
  failure.message =
      fmt::format("'...' not a valid key=value pair (missing equal-sign) in Authorization header: '{}'.", echo);
  return failure;
}

}  // namespace

std::string_view ParsedAuthorization::claimed_service() const {
  return credential_parts.size() == 5 ? std::string_view(credential_parts[3]) : std::string_view();
}

std::string_view ParsedAuthorization::claimed_access_key_id() const {
  return credential_parts.empty() ? std::string_view() : std::string_view(credential_parts[0]);
}

std::expected<ParsedAuthorization, SigV4Failure> parse_authorization(const RequestView& request) {
  const HeaderView* header = request.find_header("authorization");
  const bool is_presigned = query_has_algorithm(request.query);
  if (header && is_presigned) return std::unexpected(refuse(SigV4Refusal::kBothHeaderAndQuery));
  if (is_presigned) {
    return std::unexpected(
        refuse(SigV4Refusal::kPresignedNotOffered, "X-Amz-Algorithm in the query", "an Authorization header"));
  }
  if (!header || trim(header->value).empty()) {
    return std::unexpected(
        refuse(SigV4Refusal::kNoAuthentication, "no Authorization header", std::string(kSigV4Algorithm)));
  }
  if (auto failure = find_duplicate_header(request)) return std::unexpected(*std::move(failure));
  const std::string_view authorization = trim(header->value);
  const HeaderView* token = request.find_header("x-amz-security-token");
  if (auto failure = check_sizes(authorization, token)) return std::unexpected(*std::move(failure));
  if (auto failure = check_scheme(authorization)) return std::unexpected(*std::move(failure));
  auto parts = split_authorization(authorization);
  if (!parts) return std::unexpected(std::move(parts).error());
  if (auto failure = find_missing_parts(*parts, request, authorization)) return std::unexpected(*std::move(failure));
  auto date = read_date(request);
  if (!date) return std::unexpected(std::move(date).error());
  auto signed_headers = read_signed_headers(*parts->signed_headers);
  if (!signed_headers) return std::unexpected(std::move(signed_headers).error());

  return ParsedAuthorization{.algorithm = std::move(parts->algorithm),
                             .credential = *parts->credential,
                             .credential_parts = split(*parts->credential, '/'),
                             .signed_headers = *std::move(signed_headers),
                             .signature = *std::move(parts->signature),
                             .amz_date = std::move(date->amz_date),
                             .signed_at = date->at,
                             .session_token = token ? std::string(trim(token->value)) : std::string()};
}

}  // namespace sluice::aws
