#include "aws/sigv4_sign.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"
#include "crypto/digest.h"

namespace sluice::aws {
namespace {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// Headers that proxies add, drop or change, so that no signer covers them (as botocore and the Go SDK have it).
bool is_never_signed(std::string_view lower_name) {
  static constexpr std::array<std::string_view, 10> kNames = {
      "authorization", "connection",        "expect",     "keep-alive",     "te", "trailer",
      "upgrade",       "transfer-encoding", "user-agent", "x-amzn-trace-id"};
  return std::ranges::find(kNames, lower_name) != kNames.end() || lower_name.starts_with("proxy-");
}

std::vector<std::string> names_to_sign(const RequestView& request) {
  std::vector<std::string> names;
  for (const auto& header : request.headers) {
    std::string name = ascii_lower(header.name);
    if (!is_never_signed(name)) names.push_back(std::move(name));
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

std::string sign_canonical(std::string_view canonical, std::string_view amz_date, const CredentialScope& scope,
                           const Credentials& credentials) {
  const Secret key = derive_signing_key(credentials.secret_access_key.reveal(), scope);
  return hex_encode(signature_bytes(key, string_to_sign(amz_date, scope, canonical)));
}

void append_parameter(std::string& query, std::string_view name, std::string_view value) {
  if (!query.empty()) query.push_back('&');
  query.append(name).append("=").append(percent_encode(value));
}

}  // namespace

HeaderList sign_request(const RequestView& request, const Credentials& credentials, const SigningTarget& target,
                        UnixSeconds now, const SignOptions& options) {
  SLUICE_CHECK(request.find_header("x-amz-date") == nullptr, "the signer sets X-Amz-Date itself");
  const std::string amz_date = format_amz_date(now);
  const std::string payload_hash = hex_encode(crypto::sha256(request.body));
  HeaderList added = {{"X-Amz-Date", amz_date}};
  if (options.add_content_sha256) added.emplace_back("X-Amz-Content-Sha256", payload_hash);
  const bool has_token = !credentials.session_token.empty();
  const auto add_token = [&] {
    if (has_token) added.emplace_back("X-Amz-Security-Token", std::string(credentials.session_token.reveal()));
  };
  if (options.sign_session_token) add_token();

  RequestView signed_view = request;
  for (const auto& [name, value] : added) signed_view.headers.push_back({name, value});
  const std::vector<std::string> names = names_to_sign(signed_view);
  const CredentialScope scope{amz_date.substr(0, 8), target.region, target.service};
  const std::string canonical = canonical_request(
      signed_view, {.path_form = options.path_form, .signed_headers = names, .payload_hash = payload_hash});
  const std::string signature = sign_canonical(canonical, amz_date, scope, credentials);
  if (!options.sign_session_token) add_token();
  added.emplace_back("Authorization",
                     fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kSigV4Algorithm,
                                 credentials.access_key_id, scope.format(), fmt::join(names, ";"), signature));
  return added;
}

std::string presign_query(const RequestView& request, const Credentials& credentials, const SigningTarget& target,
                          UnixSeconds now, int64_t expires_s, const SignOptions& options) {
  constexpr int64_t kExpiresMax = 7 * 24 * 3600;
  SLUICE_CHECK(expires_s >= 1 && expires_s <= kExpiresMax, "a presigned request lives 1 s to 7 days");
  const std::string amz_date = format_amz_date(now);
  const CredentialScope scope{amz_date.substr(0, 8), target.region, target.service};
  const std::vector<std::string> names = names_to_sign(request);
  const bool has_token = !credentials.session_token.empty();

  std::string query(request.query);
  append_parameter(query, "X-Amz-Algorithm", kSigV4Algorithm);
  append_parameter(query, "X-Amz-Credential", fmt::format("{}/{}", credentials.access_key_id, scope.format()));
  append_parameter(query, "X-Amz-Date", amz_date);
  append_parameter(query, "X-Amz-SignedHeaders", fmt::format("{}", fmt::join(names, ";")));
  append_parameter(query, "X-Amz-Expires", std::to_string(expires_s));
  if (has_token && options.sign_session_token) {
    append_parameter(query, "X-Amz-Security-Token", credentials.session_token.reveal());
  }
  RequestView signed_view = request;
  signed_view.query = query;
  const std::string payload_hash = hex_encode(crypto::sha256(request.body));
  const std::string canonical = canonical_request(
      signed_view,
      {.path_form = options.path_form, .signed_headers = names, .payload_hash = payload_hash, .presigned = true});
  const std::string signature = sign_canonical(canonical, amz_date, scope, credentials);
  if (has_token && !options.sign_session_token) {
    append_parameter(query, "X-Amz-Security-Token", credentials.session_token.reveal());
  }
  append_parameter(query, "X-Amz-Signature", signature);
  return query;
}

}  // namespace sluice::aws
