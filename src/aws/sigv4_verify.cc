#include "aws/sigv4_verify.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/limits.h"
#include "crypto/compare.h"
#include "crypto/digest.h"

namespace sluice::aws {
namespace {

constexpr std::string_view kContentHashHeader = "x-amz-content-sha256";

std::unexpected<SigV4Failure> refused(SigV4Refusal reason, std::string message, std::string seen, std::string wanted) {
  return std::unexpected(SigV4Failure{
      .reason = reason, .message = std::move(message), .seen = std::move(seen), .wanted = std::move(wanted)});
}

std::string format_window(std::chrono::seconds window) {
  const auto seconds = window.count();
  return seconds % 60 == 0 ? fmt::format("{} min.", seconds / 60) : fmt::format("{} sec.", seconds);
}

/// Clients match on the first words of these texts to correct their clocks, so they are AWS's to the letter.
std::optional<SigV4Failure> check_window(const ParsedAuthorization& parsed, const VerificationPolicy& policy) {
  const int64_t window_s = policy.window.count();
  const UnixSeconds earliest = policy.now - window_s;
  const UnixSeconds latest = policy.now + window_s;
  const bool is_expired = parsed.signed_at < earliest;
  if (!is_expired && parsed.signed_at <= latest) return std::nullopt;
  const std::string now = format_amz_date(policy.now);
  const std::string window = format_window(policy.window);
  SigV4Failure failure = refuse(is_expired ? SigV4Refusal::kExpired : SigV4Refusal::kNotYetCurrent, parsed.amz_date,
                                fmt::format("{} +/- {}", now, window));
  failure.message = is_expired ? fmt::format("Signature expired: {} is now earlier than {} ({} - {})", parsed.amz_date,
                                             format_amz_date(earliest), now, window)
                               : fmt::format("Signature not yet current: {} is still later than {} ({} + {})",
                                             parsed.amz_date, format_amz_date(latest), now, window);
  return failure;
}

/// AWS reports every fault of the scope in one answer. The first one names the reason.
std::optional<SigV4Failure> check_scope(const ParsedAuthorization& parsed, const VerificationPolicy& policy) {
  const std::string& date = parsed.credential_parts[1];
  const std::string& region = parsed.credential_parts[2];
  const std::string& service = parsed.credential_parts[3];
  const std::string& terminator = parsed.credential_parts[4];
  const std::string day = parsed.amz_date.substr(0, 8);
  std::optional<SigV4Failure> failure;
  const auto report = [&](SigV4Refusal reason, std::string_view seen, std::string wanted, std::string text) {
    if (!failure) failure = refuse(reason, printable(seen, 128), std::move(wanted));
    failure->message += text;
  };
  if (std::ranges::find(policy.regions, region) == policy.regions.end()) {
    report(region.empty() ? SigV4Refusal::kScopeRegionEmpty : SigV4Refusal::kScopeRegion, region,
           fmt::format("{}", fmt::join(policy.regions, " or ")), "Credential should be scoped to a valid region. ");
  }
  if (service != policy.service) {
    report(SigV4Refusal::kScopeService, service, policy.service,
           fmt::format("Credential should be scoped to correct service: '{}'. ", policy.service));
  }
  if (terminator != kSigV4Terminator) {
    report(SigV4Refusal::kScopeTerminator, terminator, std::string(kSigV4Terminator),
           fmt::format("Credential should be scoped with a valid terminator: '{}', not '{}'. ", kSigV4Terminator,
                       printable(terminator, 64)));
  }
  if (date != day) {
    report(
        SigV4Refusal::kScopeDate, date, day,
        fmt::format("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != "
                    "'{}', from '{}'.",
                    printable(date, 64), day, parsed.amz_date));
  }
  return failure;
}

/// The payload hash to sign with, once the rules about the body hold.
std::expected<std::string, SigV4Failure> payload_hash(const RequestView& request, const VerificationPolicy& policy) {
  const std::string actual = hex_encode(crypto::sha256(request.body));
  const HeaderView* header = request.find_header(kContentHashHeader);
  if (header == nullptr) return actual;
  const std::string declared(trim(header->value));
  if (declared.starts_with("STREAMING-")) {
    return refused(SigV4Refusal::kStreamingPayload, {}, printable(declared, 64), "the SHA-256 of the body");
  }
  if (declared == kUnsignedPayload) {
    if (policy.allow_unsigned_payload) return declared;
    return refused(SigV4Refusal::kUnsignedPayload, {}, declared, "the SHA-256 of the body");
  }
  if (!crypto::equal_constant_time(ascii_lower(declared), actual)) {
    return refused(SigV4Refusal::kPayloadHashMismatch, {}, printable(declared, 80), actual);
  }
  return declared;  // as sent: that is what was signed
}

struct Alternative {
  PathForm path_form;
  std::string host;  ///< "" for the one received
};

/// AWS's own form first; then, bounded, what field clients and proxies make of it. Encoding once is not tried for paths
/// that hold "%25": such a path could be another's strict form, and a signature would cover two requests.
std::vector<Alternative> alternatives(const RequestView& request, const VerificationPolicy& policy) {
  std::vector<Alternative> list = {{PathForm::kNormalizedTwice, ""}};
  const size_t hosts = std::min(policy.public_hosts.size(), limits::kAlternativeHostsMax);
  for (size_t i = 0; i < hosts; ++i) list.push_back({PathForm::kNormalizedTwice, policy.public_hosts[i]});
  std::vector<std::string> seen = {canonical_path(request.path, PathForm::kNormalizedTwice)};
  const bool may_encode_once = request.path.find("%25") == std::string_view::npos;
  for (const auto form : {PathForm::kNormalizedOnce, PathForm::kAsSentTwice, PathForm::kAsSentOnce}) {
    const bool is_once = form == PathForm::kNormalizedOnce || form == PathForm::kAsSentOnce;
    if (is_once && !may_encode_once) continue;
    std::string path = canonical_path(request.path, form);
    if (std::ranges::find(seen, path) != seen.end()) continue;
    seen.push_back(std::move(path));
    list.push_back({form, ""});
  }
  if (list.size() > limits::kSignatureAlternativesMax) list.resize(limits::kSignatureAlternativesMax);
  return list;
}

void replace_all(std::string& text, std::string_view value, std::string_view replacement) {
  if (value.empty()) return;
  for (size_t at = text.find(value); at != std::string::npos; at = text.find(value, at + replacement.size())) {
    text.replace(at, value.size(), replacement);
  }
}

/// The canonical request without what must never be echoed, should the client have signed it.
std::string without_secrets(std::string canonical, const RequestView& request) {
  replace_all(canonical, canonical_header_value(request, "x-amz-security-token"), "<session token>");
  replace_all(canonical, canonical_header_value(request, "authorization"), "<authorization>");
  return canonical;
}

std::string capped(std::string text) {
  if (text.size() > limits::kCanonicalEchoBytesMax) {
    text.resize(limits::kCanonicalEchoBytesMax);
    text.append("...");
  }
  return text;
}

}  // namespace

std::expected<CheckedAuthorization, SigV4Failure> check_claims(const ParsedAuthorization& parsed,
                                                               const RequestView& request,
                                                               const VerificationPolicy& policy) {
  if (auto failure = check_window(parsed, policy)) return std::unexpected(*std::move(failure));
  const bool has_host = request.find_header("host") != nullptr;
  if (!has_host || std::ranges::find(parsed.signed_headers, "host") == parsed.signed_headers.end()) {
    return std::unexpected(refuse(SigV4Refusal::kHostNotSigned,
                                  printable(fmt::format("{}", fmt::join(parsed.signed_headers, ";")), 256),
                                  "host among the signed headers"));
  }
  if (parsed.algorithm != kSigV4Algorithm) {
    return refused(SigV4Refusal::kUnsupportedAlgorithm,
                   fmt::format("Unsupported AWS 'algorithm': '{}' (only AWS4-HMAC-SHA256 for now). ",
                               printable(parsed.algorithm, 64)),
                   printable(parsed.algorithm, 64), std::string(kSigV4Algorithm));
  }
  if (parsed.credential_parts.size() != 5) {
    return refused(SigV4Refusal::kCredentialShape,
                   fmt::format("Credential must have exactly 5 slash-delimited elements, e.g. "
                               "keyid/date/region/service/term, got '{}'",
                               printable(parsed.credential, 256)),
                   printable(parsed.credential, 256), "keyid/date/region/service/aws4_request");
  }
  if (auto failure = check_scope(parsed, policy)) return std::unexpected(*std::move(failure));
  CheckedAuthorization checked;
  checked.parsed_ = parsed;
  checked.access_key_id_ = parsed.credential_parts[0];
  checked.scope_ = {parsed.credential_parts[1], parsed.credential_parts[2], parsed.credential_parts[3]};
  return checked;
}

std::expected<Verified, SigV4Failure> verify_signature(const CheckedAuthorization& checked, const Secret& secret,
                                                       const RequestView& request, const VerificationPolicy& policy,
                                                       SigningKeyCache& cache) {
  auto hash = payload_hash(request, policy);
  if (!hash) return std::unexpected(std::move(hash).error());
  const ParsedAuthorization& parsed = checked.parsed();
  const Secret key = cache.get(checked.access_key_id(), secret, checked.scope());
  // What is no hex never compares as equal; how long it was is no secret.
  const std::string claimed = hex_decode(parsed.signature).value_or(std::string());

  std::string strict_canonical;
  for (const auto& [path_form, host] : alternatives(request, policy)) {
    std::string canonical = canonical_request(
        request,
        {.path_form = path_form, .signed_headers = parsed.signed_headers, .payload_hash = *hash, .host = host});
    const std::string expected = signature_bytes(key, string_to_sign(parsed.amz_date, checked.scope(), canonical));
    if (crypto::equal_constant_time(claimed, expected)) {
      return Verified{path_form, host.empty() ? canonical_header_value(request, "host") : host};
    }
    if (strict_canonical.empty()) strict_canonical = std::move(canonical);
  }
  SigV4Failure failure = refuse(SigV4Refusal::kSignatureMismatch, {}, "the signature of the request as it arrived");
  failure.string_to_sign = capped(string_to_sign(parsed.amz_date, checked.scope(), strict_canonical));
  failure.canonical_request = capped(without_secrets(std::move(strict_canonical), request));
  return std::unexpected(std::move(failure));
}

void spend_verification(const CheckedAuthorization& checked, const RequestView& request) {
  const Secret nobody(std::string(40, '\0'));
  VerificationPolicy policy;
  SigningKeyCache throw_away(1);
  const auto result = verify_signature(checked, nobody, request, policy, throw_away);
  static_cast<void>(result);
}

}  // namespace sluice::aws
