#include "diagnosis/explain_jwt.h"

#include <algorithm>
#include <array>
#include <numeric>

#include <fmt/core.h>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::diagnosis {
namespace {

using oidc::JwtRefusal;
using enum RuleId;

constexpr RuleId rule_of(JwtRefusal refusal) {
  switch (refusal) {
    case JwtRefusal::kTooLong:
    case JwtRefusal::kHeaderTooLong: return kTokenTooLong;
    case JwtRefusal::kNotThreeSegments: return kTokenNotAJwt;
    case JwtRefusal::kFilePath: return kTokenFilePath;
    case JwtRefusal::kEncrypted: return kTokenEncrypted;
    case JwtRefusal::kBadBase64:
    case JwtRefusal::kHeaderNotJson:
    case JwtRefusal::kKidNotString:
    case JwtRefusal::kPayloadNotJson: return kTokenMalformed;
    case JwtRefusal::kCriticalHeader:
    case JwtRefusal::kUnencodedPayload: return kTokenHeaderExtension;
    case JwtRefusal::kAlgorithmNone: return kTokenUnsigned;
    case JwtRefusal::kAlgorithmSymmetric: return kTokenAlgorithmSymmetric;
    case JwtRefusal::kAlgorithmMissing:
    case JwtRefusal::kAlgorithmUnsupported: return kTokenAlgorithmUnsupported;
    case JwtRefusal::kIssuerMissing:
    case JwtRefusal::kSubjectMissing:
    case JwtRefusal::kAudienceMissing:
    case JwtRefusal::kIssuedAtMissing:
    case JwtRefusal::kExpiryMissing: return kTokenClaimMissing;
    case JwtRefusal::kClaimWrongType: return kTokenClaimWrongType;
    case JwtRefusal::kSubjectEmpty: return kTokenSubjectEmpty;
    case JwtRefusal::kAudienceListEmpty:
    case JwtRefusal::kAudienceBlank: return kTokenAudienceEmpty;
    case JwtRefusal::kTimestampInvalid: return kTokenTimestampInvalid;
    case JwtRefusal::kIssuerNotRegistered: return kOidcIssuerNotRegistered;
    case JwtRefusal::kKeysUnavailable: return kOidcKeysUnavailable;
    case JwtRefusal::kKidUnknown: return kOidcKidUnknown;
    case JwtRefusal::kKidMissing: return kOidcKidMissing;
    case JwtRefusal::kKeyUnusable: return kOidcKeyUnusable;
    case JwtRefusal::kKeyTypeDisabled: return kOidcKeysTooMany;
    case JwtRefusal::kKeyTypeMismatch: return kOidcKeyTypeMismatch;
    case JwtRefusal::kSignatureInvalid: return kOidcSignatureInvalid;
    case JwtRefusal::kExpired: return kTokenExpired;
    case JwtRefusal::kIssuedInFuture: return kTokenIssuedInFuture;
    case JwtRefusal::kNotYetValid: return kTokenNotYetValid;
    case JwtRefusal::kLifetimeTooLong: return kTokenLifetimeTooLong;
    case JwtRefusal::kSeveralAudiences: return kOidcAudienceSeveral;
    case JwtRefusal::kAuthorizedPartyBlank:
    case JwtRefusal::kAuthorizedPartyNotRegistered: return kOidcAuthorizedParty;
    case JwtRefusal::kAudienceNotRegistered: return kOidcAudienceNotRegistered;
  }
  return kTokenMalformed;
}

/// Audiences that say which wrong token was taken.
RuleId audience_rule(std::string_view audience) {
  if (audience == "api://AzureADTokenExchange") return kOidcAudienceAzureExchange;
  const std::string_view host = audience.starts_with("https://") ? audience.substr(8) : audience;
  if (host.starts_with("kubernetes.default.svc") || host == "k3s" || host.contains(".azmk8s.io")) {
    return kOidcAudienceApiServer;
  }
  return kOidcAudienceNotRegistered;
}

/// An https URL taken apart as far as spelling mistakes go; views into the text.
struct IssuerParts {
  std::string_view scheme;  ///< with "://"; may be empty
  std::string_view host;
  std::string_view port;    ///< with ':'; may be empty
  std::string_view path;    ///< without trailing slashes
};

IssuerParts split(std::string_view issuer) {
  IssuerParts parts;
  if (const size_t at = issuer.find("://"); at != std::string_view::npos) {
    parts.scheme = issuer.substr(0, at + 3);
    issuer.remove_prefix(at + 3);
  }
  const size_t slash = std::min(issuer.find('/'), issuer.size());
  parts.host = issuer.substr(0, slash);
  parts.path = issuer.substr(slash);
  while (parts.path.ends_with('/')) parts.path.remove_suffix(1);
  if (const size_t colon = parts.host.rfind(':'); colon != std::string_view::npos) {
    parts.port = parts.host.substr(colon);
    parts.host = parts.host.substr(0, colon);
  }
  return parts;
}

std::string normalised(std::string_view issuer) {
  const IssuerParts parts = split(issuer);
  std::string host = ascii_lower(parts.host);
  if (host.starts_with("www.")) host.erase(0, 4);
  std::string result = host + ascii_lower(parts.path);
  for (size_t at = result.find("//"); at != std::string::npos; at = result.find("//", at)) result.erase(at, 1);
  return result;
}

/// Levenshtein's distance of short texts; longer ones count as far apart.
size_t edit_distance(std::string_view a, std::string_view b) {
  constexpr size_t kLengthMax = 256;
  if (a.size() > kLengthMax || b.size() > kLengthMax) return kLengthMax;
  std::array<size_t, kLengthMax + 1> row{};
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

bool is_typing_error(std::string_view issuer, std::string_view registered) {
  constexpr size_t kEditsMax = 3;  // us-east-1 <> us-west-2
  constexpr size_t kLengthMin = 24;
  return issuer.size() >= kLengthMin && edit_distance(issuer, registered) <= kEditsMax;
}

/// Same place, and last path segments that are both long ids: clusters of one region or tenant.
bool is_sibling(std::string_view issuer, std::string_view registered) {
  constexpr size_t kIdLengthMin = 16;
  const auto cut = [](std::string_view path) {
    const size_t slash = path.rfind('/');
    return slash == std::string_view::npos ? std::pair(path, std::string_view())
                                           : std::pair(path.substr(0, slash), path.substr(slash + 1));
  };
  const auto is_id = [](std::string_view text) {
    return text.size() >= kIdLengthMin &&
           std::ranges::all_of(text, [](char c) { return c == '-' || hex_decode(std::string(2, c)).has_value(); });
  };
  const IssuerParts a = split(issuer);
  const IssuerParts b = split(registered);
  const auto [parent_a, id_a] = cut(a.path);
  const auto [parent_b, id_b] = cut(b.path);
  return a.host == b.host && parent_a == parent_b && is_id(id_a) && is_id(id_b);
}

std::optional<RuleId> compare(std::string_view issuer, std::string_view registered) {
  const auto without_slash = [](std::string_view text) {
    while (text.ends_with('/')) text.remove_suffix(1);
    return text;
  };
  if (without_slash(issuer) == without_slash(registered)) return kOidcIssuerTrailingSlash;
  if (ascii_iequals(issuer, registered)) return kOidcIssuerCase;
  const IssuerParts a = split(issuer);
  const IssuerParts b = split(registered);
  if (a.host == b.host && a.path == b.path && a.port != b.port) return kOidcIssuerPort;
  if (a.host == b.host && a.path == b.path && a.scheme != b.scheme) return kOidcIssuerScheme;
  if (normalised(issuer) == normalised(registered)) return kOidcIssuerSpelling;
  return std::nullopt;
}

bool is_cluster_local(std::string_view issuer) {
  const IssuerParts parts = split(issuer);
  return parts.host == "kubernetes.default.svc" || parts.host.starts_with("kubernetes.default.svc.") ||
         issuer == "k3s" || issuer == "kubernetes/serviceaccount";
}

Finding explain_issuer(const oidc::JwtRejection& rejection, const RegisteredIssuers& registered) {
  const IssuerMiss miss = nearest_issuer(rejection.seen, registered);
  if (miss.rule == kOidcIssuerScheme && miss.nearest.empty()) {
    return make_finding(miss.rule, rejection.seen, "https://...");
  }
  if (miss.nearest.empty()) {
    return make_finding(miss.rule, rejection.seen,
                        registered.same_account.empty() ? "the role's account has no provider"
                                                        : fmt::format("one of the account's {} registered issuers",
                                                                      registered.same_account.size()));
  }
  return make_finding(miss.rule, rejection.seen, miss.nearest, first_difference(rejection.seen, miss.nearest));
}

}  // namespace

std::string first_difference(std::string_view seen, std::string_view wanted) {
  constexpr size_t kBefore = 12;
  constexpr size_t kShown = 32;
  if (seen == wanted) return "";
  const size_t at = static_cast<size_t>(std::ranges::mismatch(seen, wanted).in1 - seen.begin());
  const size_t from = at > kBefore ? at - kBefore : 0;
  const auto excerpt = [&](std::string_view text) {
    return fmt::format("{}{}{}", from > 0 ? "..." : "", text.substr(from, kShown),
                       text.size() > from + kShown ? "..." : (at >= text.size() ? "<end>" : ""));
  };
  return fmt::format("they part at character {}: seen {} wanted {}", at + 1, excerpt(seen), excerpt(wanted));
}

IssuerMiss nearest_issuer(std::string_view issuer, const RegisteredIssuers& registered) {
  IssuerMiss best;
  for (const std::string& known : registered.same_account) {
    const auto found = compare(issuer, known);
    if (found && (best.nearest.empty() || *found < best.rule)) best = {*found, known};
  }
  if (!best.nearest.empty()) return best;
  if (std::ranges::find(registered.other_accounts, issuer) != registered.other_accounts.end())
    return {kOidcIssuerOtherAccount, std::string(issuer)};
  for (const std::string& known : registered.same_account) {
    if (is_typing_error(issuer, known)) return {kOidcIssuerSpelling, known};
  }
  for (const std::string& known : registered.same_account) {
    if (is_sibling(issuer, known)) return {kOidcIssuerRebuiltCluster, known};
  }
  if (is_cluster_local(issuer)) return {kOidcIssuerClusterLocal, ""};
  if (!issuer.starts_with("https://")) return {kOidcIssuerScheme, ""};
  return best;
}

Finding explain(const oidc::JwtRejection& rejection, const RegisteredIssuers& registered) {
  if (rejection.refusal == JwtRefusal::kIssuerNotRegistered) return explain_issuer(rejection, registered);
  const RuleId id = rejection.refusal == JwtRefusal::kAudienceNotRegistered ? audience_rule(rejection.seen)
                                                                            : rule_of(rejection.refusal);
  return make_finding(id, rejection.seen, rejection.wanted,
                      rejection.detail.empty() ? describe(rejection.refusal) : std::string_view(rejection.detail));
}

Finding explain(const oidc::DiscoveryRejection& rejection) {
  const RuleId id = rejection.refusal == oidc::DiscoveryRefusal::kIssuerDiffers ? kOidcDiscoveryIssuerDiffers
                                                                                : kOidcDiscoveryMalformed;
  return make_finding(id, rejection.seen, rejection.wanted,
                      rejection.detail.empty() ? describe(rejection.refusal) : std::string_view(rejection.detail));
}

}  // namespace sluice::diagnosis
