#include "aws/sigv4_canonical.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "crypto/hmac.h"

namespace sluice::aws {
namespace {

std::string_view take_until(std::string_view& rest, char separator) {
  const size_t at = rest.find(separator);
  const std::string_view piece = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return piece;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Decoding that never fails: a '%' that starts no escape stays one. A verifier has to canonicalise whatever came.
std::string decode_leniently(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])));
      i += 2;
    } else {
      out.push_back(plus_is_space && text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string remove_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view segment = take_until(rest, '/');
    if (segment.empty() || segment == ".") continue;
    if (segment != "..") {
      kept.push_back(segment);
    } else if (!kept.empty()) {
      kept.pop_back();
    }
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (out.empty() || path.ends_with('/')) out.push_back('/');
  return out;
}

std::string encode_each_segment_once(std::string_view path) {
  std::string out;
  size_t from = 0;
  while (true) {
    const size_t slash = path.find('/', from);
    out.append(percent_encode(decode_leniently(path.substr(from, slash - from), false)));
    if (slash == std::string_view::npos) return out;
    out.push_back('/');
    from = slash + 1;
  }
}

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

void append_collapsed(std::string& out, std::string_view value) {
  bool pending_space = false;
  bool any = false;
  for (const char c : value) {
    if (is_space(c)) {
      pending_space = any;
      continue;
    }
    if (pending_space) out.push_back(' ');
    out.push_back(c);
    pending_space = false;
    any = true;
  }
}

}  // namespace

std::string_view to_string(PathForm form) {
  switch (form) {
    case PathForm::kNormalizedTwice: return "normalized-encoded-twice";
    case PathForm::kNormalizedOnce: return "normalized-encoded-once";
    case PathForm::kAsSentTwice: return "as-sent-encoded-twice";
    case PathForm::kAsSentOnce: return "as-sent-encoded-once";
  }
  return "unknown";
}

std::string canonical_path(std::string_view path, PathForm form) {
  if (path.empty()) path = "/";
  switch (form) {
    case PathForm::kNormalizedTwice: return percent_encode(remove_dot_segments(path), true);
    case PathForm::kNormalizedOnce: return encode_each_segment_once(remove_dot_segments(path));
    case PathForm::kAsSentTwice: return percent_encode(path, true);
    case PathForm::kAsSentOnce: return encode_each_segment_once(path);
  }
  return std::string(path);
}

std::string canonical_query(std::string_view query, bool drop_signature) {
  std::vector<std::pair<std::string, std::string>> parameters;
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    if (value.empty()) continue;
    std::string name = decode_leniently(take_until(value, '='), true);
    if (drop_signature && name == "X-Amz-Signature") continue;
    parameters.emplace_back(percent_encode(name), percent_encode(decode_leniently(value, true)));
  }
  std::ranges::sort(parameters);
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (!out.empty()) out.push_back('&');
    out.append(name).append("=").append(value);
  }
  return out;
}

std::string canonical_header_value(const RequestView& request, std::string_view name) {
  std::string out;
  bool is_first = true;
  for (const auto& header : request.headers) {
    if (!ascii_iequals(header.name, name)) continue;
    if (!is_first) out.push_back(',');
    is_first = false;
    append_collapsed(out, header.value);
  }
  return out;
}

std::string canonical_request(const RequestView& request, const CanonicalForm& form) {
  std::vector<std::string_view> names(form.signed_headers.begin(), form.signed_headers.end());
  std::ranges::sort(names);
  std::string out = fmt::format("{}\n{}\n{}\n", request.method, canonical_path(request.path, form.path_form),
                                canonical_query(request.query, form.presigned));
  for (const auto name : names) {
    const bool is_other_host = name == "host" && !form.host.empty();
    out.append(name).append(":");
    out.append(is_other_host ? std::string(form.host) : canonical_header_value(request, name)).append("\n");
  }
  out.push_back('\n');
  out.append(fmt::format("{}", fmt::join(form.signed_headers, ";"))).append("\n").append(form.payload_hash);
  return out;
}

std::string CredentialScope::format() const {
  return fmt::format("{}/{}/{}/{}", date, region, service, kSigV4Terminator);
}

std::string string_to_sign(std::string_view amz_date, const CredentialScope& scope,
                           std::string_view canonical_request) {
  return fmt::format("{}\n{}\n{}\n{}", kSigV4Algorithm, amz_date, scope.format(),
                     hex_encode(crypto::sha256(canonical_request)));
}

Secret derive_signing_key(std::string_view secret, const CredentialScope& scope) {
  const Secret seed(std::string("AWS4").append(secret));
  const Secret date_key = crypto::hmac_sha256_key(seed.reveal(), scope.date);
  const Secret region_key = crypto::hmac_sha256_key(date_key.reveal(), scope.region);
  const Secret service_key = crypto::hmac_sha256_key(region_key.reveal(), scope.service);
  return crypto::hmac_sha256_key(service_key.reveal(), kSigV4Terminator);
}

std::string signature_bytes(const Secret& signing_key, std::string_view string_to_sign) {
  return crypto::hmac_sha256(signing_key.reveal(), string_to_sign);
}

}  // namespace sluice::aws
