#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/request_view.h"
#include "base/secret.h"

/// The phases of AWS's "Create a signed AWS API request", shared by signer and verifier so that they cannot
/// drift apart. All functions are pure and thread-safe.
namespace sluice::aws {

inline constexpr std::string_view kSigV4Algorithm = "AWS4-HMAC-SHA256";
inline constexpr std::string_view kSigV4Terminator = "aws4_request";
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";

/// How the wire path becomes the canonical URI. AWS demands the first of every service but S3; the others are
/// what clients in the field sign instead (vmagent encodes once; proxies and old signers do not normalise).
enum class PathForm : uint8_t {
  kNormalizedTwice,  ///< dot segments and double slashes removed, then the wire path encoded once more
  kNormalizedOnce,   ///< dot segments and double slashes removed, each segment encoded once
  kAsSentTwice,      ///< the wire path encoded once more, nothing removed
  kAsSentOnce,       ///< each segment encoded once, nothing removed
};
std::string_view to_string(PathForm form);

/// "" becomes "/"; a trailing slash is kept. "Once" decodes and encodes within each segment, so that an encoded
/// slash never becomes a separator.
std::string canonical_path(std::string_view path, PathForm form);

/// Every name and value decoded and encoded anew, sorted by encoded name, then encoded value; a missing '='
/// is added; a '%' that starts no escape is a literal one. '+' counts as a space, since that is what our
/// handlers read it as and what Go's signers send. Without X-Amz-Signature when `drop_signature`.
std::string canonical_query(std::string_view query, bool drop_signature = false);

/// Value of one canonical header line: values trimmed, runs of white space (folded lines included) collapsed to
/// one space, repeated fields joined by ',' in wire order. "" when the header is absent.
std::string canonical_header_value(const RequestView& request, std::string_view name);

/// What a signature covers besides the method, the query and the headers' values.
struct CanonicalForm {
  PathForm path_form = PathForm::kNormalizedTwice;
  std::span<const std::string> signed_headers;  ///< lower case, in the order of the SignedHeaders list
  std::string_view payload_hash;                ///< hex, or UNSIGNED-PAYLOAD
  bool presigned = false;                       ///< the signature stands in the query
  std::string_view host = {};                   ///< stands in for the Host header's value, unless empty
};
std::string canonical_request(const RequestView& request, const CanonicalForm& form);

/// Date, region and service of a signature.
struct CredentialScope {
  std::string date;     ///< YYYYMMDD
  std::string region;
  std::string service;

  /// "20150830/us-east-1/iam/aws4_request"
  std::string format() const;
};
/// `amz_date` is the ISO 8601 basic form, "20150830T123600Z".
std::string string_to_sign(std::string_view amz_date, const CredentialScope& scope, std::string_view canonical_request);

/// The HMAC chain of secret, date, region, service and terminator: 32 bytes.
Secret derive_signing_key(std::string_view secret, const CredentialScope& scope);
/// Raw 32 bytes of HMAC-SHA256(signing key, string to sign).
std::string signature_bytes(const Secret& signing_key, std::string_view string_to_sign);

}  // namespace sluice::aws
