#include "diagnosis/rules.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace sluice::diagnosis {
namespace {

using enum RuleId;

// Words of AWS's answers, said once.
#define NOT_A_JWT "InvalidIdentityToken: The ID Token provided is not a valid JWT"
#define NO_PROVIDER "InvalidIdentityToken: No OpenIDConnect provider found in your account"
#define NO_KEY "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider"
#define GENERAL "InvalidIdentityToken: The web identity token provided could not be validated"
#define BAD_AUDIENCE "InvalidIdentityToken: Incorrect token audience"
#define NOT_AUTHORIZED "AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity"
#define BAD_CLIENT_TOKEN \
  "InvalidClientTokenId / UnrecognizedClientException: The security token included in the request is invalid"
#define BAD_SIGNATURE "SignatureDoesNotMatch / InvalidSignatureException"
#define NO_PERMISSION "AccessDenied: User ... is not authorized to perform ..."

constexpr std::array<Rule, kRuleCount> kRules = {{
    {kTokenNotAJwt, "token.not-a-jwt", "6", "What was sent as the web identity token is not a JWT.", NOT_A_JWT,
     "Send the whole content of the projected token file that AWS_WEB_IDENTITY_TOKEN_FILE names. An OAuth access token "
     "or a truncated file looks like this."},
    {kTokenFilePath, "token.file-path", "6", "The path of the token file was sent instead of its content.", NOT_A_JWT,
     "Send the file's content. With the AWS CLI write --web-identity-token file://$AWS_WEB_IDENTITY_TOKEN_FILE."},
    {kTokenTooLong, "token.too-long", "", "The web identity token is longer than STS accepts.", NOT_A_JWT,
     "Have the issuer put fewer claims (groups, roles) into the token: {seen}, where {wanted} are accepted."},
    {kTokenEncrypted, "token.encrypted", "", "The web identity token is encrypted; only signed tokens can be verified.",
     NOT_A_JWT, "Configure the issuer to send a signed token (JWS), not an encrypted one (JWE)."},
    {kTokenMalformed, "token.malformed", "6", "The web identity token is damaged or not in the strict form of a JWT.",
     NOT_A_JWT, "Send the token file's content unchanged: no quotes, no line breaks, no re-encoding, nothing cut off."},
    {kTokenHeaderExtension, "token.header-extension", "",
     "The token's header demands an extension (crit, b64) that is not understood.", NOT_A_JWT,
     "Configure the issuer to sign plain JWTs, without the header member {seen}."},
    {kTokenUnsigned, "token.unsigned", "29", "The token is not signed (alg none).", NOT_A_JWT,
     "Let the issuer sign with RS256 or ES256. If it does, somebody made this token up: look at the source address."},
    {kTokenAlgorithmSymmetric, "token.algorithm-symmetric", "29",
     "The token is signed with a shared secret, which public keys cannot prove.", NOT_A_JWT,
     "Let the issuer sign with RS256 or ES256 instead of {seen}. If it does, somebody forged this token: look at the "
     "source address."},
    {kTokenAlgorithmUnsupported, "token.algorithm-unsupported", "29",
     "The token's signature algorithm is not accepted.", NOT_A_JWT,
     "Let the cluster or identity provider sign with RS256 or ES256 instead of {seen}."},
    {kTokenClaimMissing, "token.claim-missing", "27", "The token lacks a claim that STS requires.",
     "InvalidIdentityToken: Missing a required claim",
     "Use a projected service account token: secret-based tokens have no audience and no expiry. Wanted: {wanted}."},
    {kTokenClaimWrongType, "token.claim-wrong-type", "27", "A claim of the token is of the wrong type.", GENERAL,
     "Have the issuer write {wanted}."},
    {kTokenSubjectEmpty, "token.subject-empty", "", "The token's subject is empty.",
     "InvalidIdentityToken: Claim is not allowed to be empty: sub",
     "Have the issuer name the workload in sub; a role cannot be tied to nobody."},
    {kTokenAudienceEmpty, "token.audience-empty", "24", "The token's audience is empty.",
     "InvalidIdentityToken: Claim is not allowed to be empty: aud",
     "Set `audience:` in the pod's serviceAccountToken projection to a client id of the provider."},
    {kTokenTimestampInvalid, "token.timestamp-invalid", "28", "A time in the token is not a whole number of seconds.",
     "InvalidIdentityToken: Invalid timestamp in token claims.",
     "Have the issuer write exp, iat and nbf as integers, not as {seen}."},
    {kTokenExpired, "token.expired", "9, 10", "The token has expired.", "ExpiredTokenException: Token expired",
     "Read the token file anew for each login: kubelet rotates it. Do not mount it by subPath, and check the clock of "
     "the pod's node."},
    {kTokenIssuedInFuture, "token.issued-in-future", "10",
     "The token was issued in the future: the clocks of issuer and collector differ.",
     "InvalidIdentityToken: Token issued in the future",
     "Synchronise the clocks (NTP) of the issuer's control plane and of this server."},
    {kTokenNotYetValid, "token.not-yet-valid", "10",
     "The token is not valid yet: the clocks differ, or it was made for later.",
     "InvalidIdentityToken: Token not yet valid",
     "Synchronise the clocks (NTP) of the issuer's control plane and of this server."},
    {kTokenLifetimeTooLong, "token.lifetime-too-long", "8",
     "The token lives longer than this server accepts; the pod's default API token does.", GENERAL,
     "Project a token of its own with expirationSeconds of at most 86400; do not use "
     "/var/run/secrets/kubernetes.io/serviceaccount/token."},

    {kOidcIssuerNotRegistered, "oidc.issuer-not-registered", "16",
     "No OIDC provider of the role's account has the token's issuer.", NO_PROVIDER,
     "Register it in the role's account: aws iam create-open-id-connect-provider --url {seen}"},
    {kOidcIssuerTrailingSlash, "oidc.issuer-trailing-slash", "17",
     "The registered issuer and the token's differ by a trailing slash.", NO_PROVIDER,
     "Register the provider again with the URL letter for letter as the token has it, {seen}, and put the same into "
     "the role's Federated principal and condition keys."},
    {kOidcIssuerCase, "oidc.issuer-case", "18", "The registered issuer and the token's differ in upper and lower case.",
     NO_PROVIDER, "Register the provider again with the URL letter for letter as the token has it: {seen}"},
    {kOidcIssuerScheme, "oidc.issuer-scheme", "18, 22", "The token's issuer is not an https URL.", NO_PROVIDER,
     "Set the cluster's --service-account-issuer to an https URL ({wanted}); the issuer {seen} cannot be a provider."},
    {kOidcIssuerPort, "oidc.issuer-port", "18", "The registered issuer and the token's differ by a port.", NO_PROVIDER,
     "Register the provider again with the URL letter for letter as the token has it: {seen}"},
    {kOidcIssuerSpelling, "oidc.issuer-spelling", "18, 20", "A registered issuer is spelled almost like the token's.",
     NO_PROVIDER, "Register the provider again with the URL letter for letter as the token has it: {seen}"},
    {kOidcIssuerRebuiltCluster, "oidc.issuer-rebuilt-cluster", "19",
     "A registered issuer is of the same place with another id: the cluster was probably rebuilt.", NO_PROVIDER,
     "A rebuilt cluster has a new issuer. Register {seen}, point the roles' trust policies to it, and delete the "
     "provider of the old cluster."},
    {kOidcIssuerOtherAccount, "oidc.issuer-other-account", "16",
     "The token's issuer is registered, but in another account than the role's.", NO_PROVIDER,
     "Provider and role must be in one account: register {seen} in the role's account, or name a role of the "
     "provider's account."},
    {kOidcIssuerClusterLocal, "oidc.issuer-cluster-local", "22",
     "The token's issuer is the in-cluster default, which many clusters share.", NO_PROVIDER,
     "Set the cluster's --service-account-issuer to an https URL of its own instead of {seen}."},
    {kOidcKeysUnavailable, "oidc.keys-unavailable", "35, 36, 38, 40, 41",
     "The issuer's signing keys could not be fetched.", NO_KEY,
     "Make the issuer's discovery document and key set reachable from this server, or pin its keys in the "
     "configuration. A private address, port or CA must be named under oidc.allow."},
    {kOidcDiscoveryIssuerDiffers, "oidc.discovery-issuer-differs", "37",
     "The issuer's discovery document names another issuer.", NO_KEY,
     "Publish a discovery document whose issuer is {wanted}; this one says {seen}."},
    {kOidcDiscoveryMalformed, "oidc.discovery-malformed", "36, 37",
     "The issuer's discovery document or key set cannot be used.", NO_KEY,
     "Publish a discovery document with issuer and an https jwks_uri, and a JSON Web Key Set there."},
    {kOidcKidUnknown, "oidc.kid-unknown", "30", "The issuer does not publish the key that signed the token.", NO_KEY,
     "Publish every key that signs tokens: after a rotation refresh the copied key set, and let all API servers share "
     "their service account keys."},
    {kOidcKidMissing, "oidc.kid-missing", "30, 32", "The token names no key, and the issuer has not exactly one.",
     NO_KEY, "Have the issuer write the key's id (kid) into the token's header, and into its key set."},
    {kOidcKeyUnusable, "oidc.key-unusable", "32",
     "The key that signed the token is published in a form that must not be used.", NO_KEY,
     "Publish the key again as RSA of 2048 bits or more, or EC, with kid, use: sig, its public numbers, and without "
     "key_ops. Seen: {seen}."},
    {kOidcKeysTooMany, "oidc.keys-too-many", "31", "The issuer publishes more keys of one type than are accepted.",
     NO_KEY, "Remove old keys from the issuer's key set: {wanted}."},
    {kOidcKeyTypeMismatch, "oidc.key-type-mismatch", "29", "The token's algorithm does not fit the key it names.",
     GENERAL,
     "The issuer's key set and its signer disagree: publish under that kid the key that signs. A forged token looks "
     "like this, too."},
    {kOidcSignatureInvalid, "oidc.signature-invalid", "30", "The token's signature is not the issuer's.", GENERAL,
     "Check that the key set belongs to this cluster (two clusters with one issuer, or a kid used twice, look like "
     "this) and that nothing altered the token. Otherwise the token is forged."},
    {kOidcAudienceNotRegistered, "oidc.audience-not-registered", "24",
     "The token was made for another audience than the provider accepts.", BAD_AUDIENCE,
     "Set `audience:` in the pod's serviceAccountToken projection to {wanted}; or add {seen} with aws iam "
     "add-client-id-to-open-id-connect-provider."},
    {kOidcAudienceApiServer, "oidc.audience-api-server", "8, 24",
     "The token is the pod's default one, made for the Kubernetes API server.", BAD_AUDIENCE,
     "Project a token of its own with `audience:` set to {wanted}, and let AWS_WEB_IDENTITY_TOKEN_FILE name that file. "
     "Do not add the API server's audience to the provider."},
    {kOidcAudienceAzureExchange, "oidc.audience-azure-exchange", "14, 24",
     "The token was made for Entra ID (Azure Workload Identity), not for this server.", BAD_AUDIENCE,
     "Project a second token with `audience:` set to {wanted}; Azure's webhook only provides the one for Entra ID."},
    {kOidcAudienceSeveral, "oidc.audience-several", "26", "The token has several audiences and no authorized party.",
     "InvalidIdentityToken: Token audience contains more than one audience ...",
     "Ask for one audience in each projection, and for one token for each service."},
    {kOidcAuthorizedParty, "oidc.authorized-party", "25",
     "The token's azp, which replaces its audience, is not a client id of the provider.", BAD_AUDIENCE,
     "Add the authorized party to the provider: aws iam add-client-id-to-open-id-connect-provider --client-id {seen}"},

    {kStsRequestInvalid, "sts.request-invalid", "54", "A parameter of the request is missing or malformed.",
     "ValidationError / MalformedInput", "Correct the parameter: {wanted}."},
    {kStsSessionNameInvalid, "sts.session-name-invalid", "54",
     "The role session name has characters or a length that STS refuses.",
     "ValidationError: ... at 'roleSessionName' failed to satisfy constraint",
     "Use 2 to 64 letters, digits and _+=,.@- in AWS_ROLE_SESSION_NAME; pod names with ':' or '/' do not do."},
    {kStsRoleArnInvalid, "sts.role-arn-invalid", "43", "The role's ARN is not one.", "ValidationError: ... is invalid",
     "Write arn:aws:iam::<12-digit account>:role/<name> into AWS_ROLE_ARN; seen was {seen}."},
    {kStsProviderParameter, "sts.provider-parameter", "",
     "The request has a ProviderId, which OIDC tokens must not have.",
     "AccessDenied: Unrecognized OAuth provider / InvalidIdentityToken", "Leave ProviderId (--provider-id) out."},
    {kStsSessionPolicyUnsupported, "sts.session-policy-unsupported", "58",
     "The request has a session policy, which this server does not offer yet.", "ValidationError naming the parameter",
     "Leave Policy and PolicyArns out, and give the role the narrow permission instead."},
    {kStsSessionTagsUnsupported, "sts.session-tags-unsupported", "52",
     "The token carries session tags, which this server does not offer yet.", "InvalidIdentityToken naming the claim",
     "Have the issuer leave the claim https://aws.amazon.com/tags out."},
    {kStsSourceIdentityUnsupported, "sts.source-identity-unsupported", "",
     "The token carries a source identity, which this server does not offer yet.",
     "InvalidIdentityToken naming the claim",
     "Have the issuer leave the claim https://aws.amazon.com/source_identity out."},
    {kStsRolesClaim, "sts.roles-claim", "",
     "The token lists the roles it may assume, and the requested one is not among them.",
     "InvalidIdentityToken: The target role ARN is not present in the roles claim ...",
     "Add {wanted} to the claim https://aws.amazon.com/roles at the issuer, or assume a role it lists."},
    {kStsDurationTooLong, "sts.duration-too-long", "55", "The session asked for is longer than the role allows.",
     "ValidationError: The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
     "Ask for {wanted} or less, or raise the role's MaxSessionDuration (at most 43200)."},
    {kStsPackedSizeTooLarge, "sts.packed-size-too-large", "58",
     "What the token says about its holder does not fit into a session.",
     "PackedPolicyTooLarge: Packed size of session tags consumes ...",
     "Have the issuer write a shorter subject and fewer amr values: {seen}, where {wanted} are accepted."},
    {kStsRoleMissing, "sts.role-missing", "43", "The role does not exist.", NOT_AUTHORIZED,
     "Create the role, or correct AWS_ROLE_ARN (account, path and name): {seen}"},

    {kTrustPolicyBroken, "trust.policy-broken", "", "The role's stored trust policy cannot be read.", NOT_AUTHORIZED,
     "Write the role's trust policy again: aws iam update-assume-role-policy."},
    {kTrustExplicitDeny, "trust.explicit-deny", "73", "A Deny statement of the role's trust policy matches.",
     NOT_AUTHORIZED, "Narrow or remove the Deny statement in the role's trust policy."},
    {kTrustActionMissing, "trust.action-missing", "50",
     "The role's trust policy does not allow sts:AssumeRoleWithWebIdentity.", NOT_AUTHORIZED,
     "Set the statement's Action to sts:AssumeRoleWithWebIdentity; sts:AssumeRole is another action."},
    {kTrustPrincipalOtherProvider, "trust.principal-other-provider", "44",
     "The role trusts another provider than the token's.", NOT_AUTHORIZED,
     "Set the statement's principal to {\"Federated\": \"{seen}\"}; it says {wanted}."},
    {kTrustPrincipalSlash, "trust.principal-trailing-slash", "17, 44",
     "The Federated principal and the provider's ARN differ by a trailing slash.", NOT_AUTHORIZED,
     "Write the provider's ARN letter for letter: {\"Federated\": \"{seen}\"}."},
    {kTrustKeyPrefix, "trust.key-prefix", "45",
     "A condition key of the trust policy is not spelled with the token's issuer.", NOT_AUTHORIZED,
     "Rename the condition key {seen} to {wanted}: the issuer without https://, then one colon and the claim; and "
     "every other key of that statement likewise."},
    {kTrustUnknownKey, "trust.unknown-key", "49",
     "A condition key of the trust policy names a claim that policies cannot see.", NOT_AUTHORIZED,
     "Drop the condition on {seen}; only sub, aud, amr, oaud and email of a token are condition keys."},
    {kTrustWildcardUnderEquals, "trust.wildcard-under-equals", "47",
     "The trust policy has a wildcard under an operator that compares letter for letter.", NOT_AUTHORIZED,
     "Use StringLike instead of StringEquals for {wanted}, or write the value out: {seen}."},
    {kTrustValueUnderWrongKey, "trust.value-under-wrong-key", "48",
     "The trust policy has a subject under :aud, or an audience under :sub.", NOT_AUTHORIZED,
     "Move {wanted} to the other key: :sub takes the service account, :aud the audience."},
    {kTrustSubMismatch, "trust.sub-mismatch", "46, 12", "The token's subject is not the one the role trusts.",
     NOT_AUTHORIZED,
     "Run the pod under the service account that the role trusts ({wanted}), or put {seen} into the trust policy's "
     ":sub condition."},
    {kTrustAudMismatch, "trust.aud-mismatch", "24, 34", "The token's audience is not the one the role wants.",
     NOT_AUTHORIZED,
     "Put {seen} into the trust policy's :aud condition; or, if {wanted} is meant and is among the provider's client "
     "ids, set `audience:` in the pod's projection to it."},
    {kTrustConditionMismatch, "trust.condition-mismatch", "46", "A condition of the trust policy is not fulfilled.",
     NOT_AUTHORIZED, "Make the condition and the request agree: seen {seen}, wanted {wanted}."},
    {kTrustNoAllow, "trust.no-allow", "44, 50", "The role's trust policy has no Allow statement.", NOT_AUTHORIZED,
     "Add a statement that allows sts:AssumeRoleWithWebIdentity to {\"Federated\": \"{seen}\"}."},

    {kSessionForeignAccessKey, "session.foreign-access-key", "70",
     "The temporary credentials were issued by another STS, such as Amazon's.", BAD_CLIENT_TOKEN,
     "Get the credentials from this server: point the client's STS endpoint to it (AWS_ENDPOINT_URL_STS, or the name "
     "sts.<region>.amazonaws.com)."},
    {kSessionUnknownAccessKey, "session.unknown-access-key", "70", "The access key id does not exist here.",
     BAD_CLIENT_TOKEN, "Check the access key id; AWS_ACCESS_KEY_ID or a profile may come before the web identity."},
    {kSessionTokenMissing, "session.token-missing", "", "Temporary credentials came without their session token.",
     BAD_CLIENT_TOKEN,
     "Give the client the session token too (AWS_SESSION_TOKEN), or let it use the web identity by itself."},
    {kSessionTokenInvalid, "session.token-invalid", "70",
     "The session token is damaged or was not made by this server.", BAD_CLIENT_TOKEN,
     "Get new credentials, and check that nothing between client and server cuts long headers."},
    {kSessionTokenOtherKey, "session.token-of-another-key", "", "The session token belongs to another access key id.",
     BAD_CLIENT_TOKEN, "Use access key id, secret and session token of one and the same login."},
    {kSessionSealingKeyUnknown, "session.sealing-key-unknown", "70",
     "The session token was sealed with a key this server does not have (any more).", BAD_CLIENT_TOKEN,
     "Get new credentials. If this repeats, let all replicas share one keys directory, and keep it across restarts."},
    {kSessionExpired, "session.expired", "69", "The temporary credentials have expired.",
     "ExpiredToken / ExpiredTokenException: The security token included in the request is expired",
     "The client must refresh its credentials before they expire; upgrade clients that cache them for good. Expired at "
     "{seen}."},
    {kSessionRoleGone, "session.role-gone", "70", "The session's role was deleted, or deleted and created anew.",
     BAD_CLIENT_TOKEN,
     "Create the role if it is gone, then let the client log in again: a Prometheus keeps its session until it expires "
     "or is restarted."},
    {kSessionProviderGone, "session.provider-gone", "70",
     "The OIDC provider through which the session came was deleted.", BAD_CLIENT_TOKEN,
     "Register the provider again if its cluster is still trusted, then log in again."},

    {kSigV4Missing, "sigv4.missing", "64", "The request is not signed.",
     "MissingAuthenticationToken: Missing Authentication Token",
     "Sign the request: a sigv4: block in Prometheus' remote_write, --aws-sigv4 in curl, SigV4 in Grafana's data "
     "source. If it is signed, look for a proxy that strips the Authorization header. Debian 12's Prometheus 2.42 "
     "never signs its writes: use a newer one."},
    {kSigV4OtherScheme, "sigv4.other-scheme", "64, 75",
     "The request has an Authorization header, but not a SigV4 signature.",
     "IncompleteSignature / IncompleteSignatureException",
     "Use sigv4: instead of basic_auth, authorization or oauth2 in the client's configuration."},
    {kSigV4Malformed, "sigv4.malformed", "", "The Authorization header is incomplete or malformed.",
     "IncompleteSignature / IncompleteSignatureException", "Let a standard SigV4 client sign: {wanted}."},
    {kSigV4PresignedUnsupported, "sigv4.presigned-unsupported", "",
     "The signature is in the query string, which this server does not accept yet.",
     "IncompleteSignature naming the form", "Sign by the Authorization header."},
    {kSigV4AsymmetricUnsupported, "sigv4.asymmetric-unsupported", "",
     "The request is signed with SigV4A, which this server does not accept.",
     "IncompleteSignature naming the algorithm", "Configure the client to sign with SigV4 (AWS4-HMAC-SHA256)."},
    {kSigV4AlgorithmUnsupported, "sigv4.algorithm-unsupported", "",
     "The signature's algorithm is not AWS4-HMAC-SHA256.", "IncompleteSignature: Unsupported AWS 'algorithm'",
     "Configure the client to sign with AWS4-HMAC-SHA256 instead of {seen}."},
    {kSigV4DuplicateHeader, "sigv4.duplicate-header", "", "A header on which the signature rests came twice.",
     "IncompleteSignature", "Send {seen} once; look for a proxy that adds it."},
    {kSigV4ClockBehind, "sigv4.signature-expired", "68",
     "The request was signed too long ago: the client's clock is behind, or the request was held up.",
     "SignatureDoesNotMatch: Signature expired",
     "Synchronise the client's clock (NTP). Signed at {seen}; the server's clock and its tolerance: {wanted}"},
    {kSigV4ClockAhead, "sigv4.signature-not-yet-current", "68",
     "The request was signed in the future: the client's clock is ahead.",
     "SignatureDoesNotMatch: Signature not yet current",
     "Synchronise the client's clock (NTP). Signed at {seen}; the server's clock and its tolerance: {wanted}"},
    {kSigV4HostUnsigned, "sigv4.host-unsigned", "67", "The signature does not cover the Host header.",
     "SignatureDoesNotMatch: 'Host' or ':authority' must be a 'SignedHeader'",
     "Let a standard SigV4 client sign; Host must be among the signed headers."},
    {kSigV4ScopeMalformed, "sigv4.scope-malformed", "", "The credential scope of the signature is malformed.",
     "IncompleteSignature / " BAD_SIGNATURE,
     "Let a standard SigV4 client sign; the credential must read <key id>/<date>/<region>/<service>/aws4_request."},
    {kSigV4RegionEmpty, "sigv4.region-empty", "65",
     "The signature's region is empty: the client did not pick up its region.",
     BAD_SIGNATURE ": Credential should be scoped to a valid region.",
     "Set region: in the sigv4 block; some Prometheus versions ignore AWS_REGION when they sign."},
    {kSigV4RegionWrong, "sigv4.region-wrong", "65", "The signature is for a region that this server does not accept.",
     BAD_SIGNATURE ": Credential should be scoped to a valid region.",
     "Set the client's region to {wanted}, or add {seen} to aws.accepted_regions in this server's configuration."},
    {kSigV4ServiceWrong, "sigv4.service-wrong", "66", "The signature is for another service.",
     BAD_SIGNATURE ": Credential should be scoped to correct service",
     "Sign for the service {wanted} instead of {seen}; where the client has a setting for the service name, correct or "
     "remove it."},
    {kSigV4PayloadUnsigned, "sigv4.payload-unsigned", "67", "The signature does not cover the body (UNSIGNED-PAYLOAD).",
     BAD_SIGNATURE, "Let the client sign the payload; some signing proxies have a switch for it."},
    {kSigV4PayloadStreaming, "sigv4.payload-streaming", "67", "The body is signed in chunks, as only S3 has it.",
     BAD_SIGNATURE, "Let the client sign the whole payload: {wanted}."},
    {kSigV4PayloadAltered, "sigv4.payload-altered", "67", "The body is not the one that was signed.", BAD_SIGNATURE,
     "Something between client and server changes the body: switch off compression and re-chunking in proxies."},
    {kSigV4SignatureMismatch, "sigv4.signature-mismatch", "67",
     "The signature is not the one the request and the secret give.", BAD_SIGNATURE,
     "Check the secret key of that access key id first. Then look for a proxy that rewrites Host, path or query: it "
     "must pass them on unchanged. A client that signs a query must have percent-encoded it (curl before 8 does not)."},

    {kPolicyExplicitDeny, "policy.explicit-deny", "73", "A Deny statement matches.",
     NO_PERMISSION " with an explicit deny in ...", "Narrow or remove the Deny statement; no Allow overrides it."},
    {kPolicyActionMissing, "policy.action-missing", "72", "The caller's policies do not allow this action.",
     NO_PERMISSION, "Add {seen} to the Action of a statement of the role's policies; they allow {wanted}."},
    {kPolicyResourceMismatch, "policy.resource-mismatch", "71",
     "The caller's policies allow the action, but on another resource.", NO_PERMISSION,
     "Add {seen} to the Resource of the statement, or use the resource it names, {wanted}. Compare account, region and "
     "id."},
    {kPolicyConditionMismatch, "policy.condition-mismatch", "73",
     "The caller's policies allow this under a condition that is not fulfilled.", NO_PERMISSION,
     "Make the condition and the request agree: seen {seen}, wanted {wanted}."},
    {kPolicyBroken, "policy.broken", "", "A stored policy of the caller cannot be read, so that nothing is allowed.",
     NO_PERMISSION, "Write the policy again: {seen}."},
    {kPolicyNoPolicies, "policy.no-policies", "71", "The caller has no policy that allows anything.", NO_PERMISSION,
     "Attach a policy to the role (aws iam put-role-policy) that allows {seen}."},
    {kPolicyOtherAccount, "policy.other-account", "71", "The resource is in another account than the caller.",
     NO_PERMISSION, "Use a role of the resource's account; seen was {seen}."},
    {kPolicyNoAllow, "policy.no-allow", "71, 72", "Nothing allows this to the caller.", NO_PERMISSION,
     "Allow {seen} in a policy of the role."},
}};

#undef NOT_A_JWT
#undef NO_PROVIDER
#undef NO_KEY
#undef GENERAL
#undef BAD_AUDIENCE
#undef NOT_AUTHORIZED
#undef BAD_CLIENT_TOKEN
#undef BAD_SIGNATURE
#undef NO_PERMISSION

constexpr bool rules_in_order() {
  for (size_t i = 0; i < kRules.size(); ++i) {
    if (static_cast<size_t>(kRules[i].id) != i || kRules[i].name.empty()) return false;
  }
  return true;
}
static_assert(rules_in_order(), "kRules must list RuleId's values in order");

}  // namespace

std::span<const Rule> rules() { return kRules; }

const Rule& rule(RuleId id) {
  const auto index = static_cast<size_t>(id);
  SLUICE_CHECK(index < kRules.size(), "not a RuleId");
  return kRules[index];
}

std::optional<RuleId> find_rule(std::string_view name) {
  const auto found = std::ranges::find(kRules, name, &Rule::name);
  return found == kRules.end() ? std::nullopt : std::optional(found->id);
}

}  // namespace sluice::diagnosis
