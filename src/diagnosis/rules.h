#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sluice::diagnosis {

/// Everything that can be wrong between a pod's token and an accepted write, as far as it can be told.
/// The names in the table (rules.cc) are a contract: operators alert on them and documents link to them, so
/// a name never changes its meaning and is never used again. Values of this enum may be renumbered; among
/// the kOidcIssuer* misses an earlier one is the nearer.
enum class RuleId : uint8_t {
  // The token by itself.
  kTokenNotAJwt,
  kTokenFilePath,
  kTokenTooLong,
  kTokenEncrypted,
  kTokenMalformed,
  kTokenHeaderExtension,
  kTokenUnsigned,
  kTokenAlgorithmSymmetric,
  kTokenAlgorithmUnsupported,
  kTokenClaimMissing,
  kTokenClaimWrongType,
  kTokenSubjectEmpty,
  kTokenAudienceEmpty,
  kTokenTimestampInvalid,
  kTokenExpired,
  kTokenIssuedInFuture,
  kTokenNotYetValid,
  kTokenLifetimeTooLong,
  // The token and the provider.
  kOidcIssuerNotRegistered,
  kOidcIssuerTrailingSlash,
  kOidcIssuerCase,
  kOidcIssuerScheme,
  kOidcIssuerPort,
  kOidcIssuerSpelling,
  kOidcIssuerRebuiltCluster,
  kOidcIssuerOtherAccount,
  kOidcIssuerClusterLocal,
  kOidcKeysUnavailable,
  kOidcDiscoveryIssuerDiffers,
  kOidcDiscoveryMalformed,
  kOidcKidUnknown,
  kOidcKidMissing,
  kOidcKeyUnusable,
  kOidcKeysTooMany,
  kOidcKeyTypeMismatch,
  kOidcSignatureInvalid,
  kOidcAudienceNotRegistered,
  kOidcAudienceApiServer,
  kOidcAudienceAzureExchange,
  kOidcAudienceSeveral,
  kOidcAuthorizedParty,
  // The exchange.
  kStsRequestInvalid,
  kStsSessionNameInvalid,
  kStsRoleArnInvalid,
  kStsProviderParameter,
  kStsSessionPolicyUnsupported,
  kStsSessionTagsUnsupported,
  kStsSourceIdentityUnsupported,
  kStsRolesClaim,
  kStsDurationTooLong,
  kStsPackedSizeTooLarge,
  kStsRoleMissing,
  // The role's trust policy.
  kTrustPolicyBroken,
  kTrustExplicitDeny,
  kTrustActionMissing,
  kTrustPrincipalOtherProvider,
  kTrustPrincipalSlash,
  kTrustKeyPrefix,
  kTrustUnknownKey,
  kTrustWildcardUnderEquals,
  kTrustValueUnderWrongKey,
  kTrustSubMismatch,
  kTrustAudMismatch,
  kTrustConditionMismatch,
  kTrustNoAllow,
  // The session a request was made with.
  kSessionForeignAccessKey,
  kSessionUnknownAccessKey,
  kSessionTokenMissing,
  kSessionTokenInvalid,
  kSessionTokenOtherKey,
  kSessionSealingKeyUnknown,
  kSessionExpired,
  kSessionRoleGone,
  kSessionProviderGone,
  // The request's signature.
  kSigV4Missing,
  kSigV4OtherScheme,
  kSigV4Malformed,
  kSigV4PresignedUnsupported,
  kSigV4AsymmetricUnsupported,
  kSigV4AlgorithmUnsupported,
  kSigV4DuplicateHeader,
  kSigV4ClockBehind,
  kSigV4ClockAhead,
  kSigV4HostUnsigned,
  kSigV4ScopeMalformed,
  kSigV4RegionEmpty,
  kSigV4RegionWrong,
  kSigV4ServiceWrong,
  kSigV4PayloadUnsigned,
  kSigV4PayloadStreaming,
  kSigV4PayloadAltered,
  kSigV4SignatureMismatch,
  // What the caller may do.
  kPolicyExplicitDeny,
  kPolicyActionMissing,
  kPolicyResourceMismatch,
  kPolicyConditionMismatch,
  kPolicyBroken,
  kPolicyNoPolicies,
  kPolicyOtherAccount,
  kPolicyNoAllow,
};
inline constexpr size_t kRuleCount = static_cast<size_t>(RuleId::kPolicyNoAllow) + 1;

/// One row of the table.
struct Rule {
  RuleId id;
  std::string_view name;     ///< stable, "<link of the chain>.<fault>": "oidc.issuer-trailing-slash"
  std::string_view rows;     ///< its rows in the failure catalogue, "17" or "9, 10"; "" when it has none
  std::string_view title;    ///< what is wrong, one sentence
  std::string_view symptom;  ///< how it shows to the client
  std::string_view fix;      ///< what to do; {seen} and {wanted} stand for the values of the case
};

std::span<const Rule> rules();  ///< in the order of RuleId
const Rule& rule(RuleId id);
/// By its stable name.
std::optional<RuleId> find_rule(std::string_view name);

}  // namespace sluice::diagnosis
