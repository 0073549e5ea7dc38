#include "diagnosis/explain_sigv4.h"

namespace sluice::diagnosis {
namespace {

using aws::SigV4Refusal;
using enum RuleId;

constexpr RuleId rule_of(SigV4Refusal reason) {
  switch (reason) {
    case SigV4Refusal::kNoAuthentication: return kSigV4Missing;
    case SigV4Refusal::kOtherScheme: return kSigV4OtherScheme;
    case SigV4Refusal::kBothHeaderAndQuery:
    case SigV4Refusal::kAuthorizationTooLarge:
    case SigV4Refusal::kNotKeyValue:
    case SigV4Refusal::kMissingParts:
    case SigV4Refusal::kBadDate: return kSigV4Malformed;
    case SigV4Refusal::kPresignedNotOffered: return kSigV4PresignedUnsupported;
    case SigV4Refusal::kAsymmetricNotOffered: return kSigV4AsymmetricUnsupported;
    case SigV4Refusal::kUnsupportedAlgorithm: return kSigV4AlgorithmUnsupported;
    case SigV4Refusal::kDuplicateHeader: return kSigV4DuplicateHeader;
    case SigV4Refusal::kExpired: return kSigV4ClockBehind;
    case SigV4Refusal::kNotYetCurrent: return kSigV4ClockAhead;
    case SigV4Refusal::kHostNotSigned: return kSigV4HostUnsigned;
    case SigV4Refusal::kCredentialShape:
    case SigV4Refusal::kScopeTerminator:
    case SigV4Refusal::kScopeDate: return kSigV4ScopeMalformed;
    case SigV4Refusal::kScopeRegionEmpty: return kSigV4RegionEmpty;
    case SigV4Refusal::kScopeRegion: return kSigV4RegionWrong;
    case SigV4Refusal::kScopeService: return kSigV4ServiceWrong;
    case SigV4Refusal::kUnknownAccessKey: return kSessionUnknownAccessKey;
    case SigV4Refusal::kSessionTokenMissing: return kSessionTokenMissing;
    case SigV4Refusal::kSessionTokenInvalid: return kSessionTokenInvalid;
    case SigV4Refusal::kSessionRoleGone: return kSessionRoleGone;
    case SigV4Refusal::kSessionExpired: return kSessionExpired;
    case SigV4Refusal::kStreamingPayload: return kSigV4PayloadStreaming;
    case SigV4Refusal::kUnsignedPayload: return kSigV4PayloadUnsigned;
    case SigV4Refusal::kPayloadHashMismatch: return kSigV4PayloadAltered;
    case SigV4Refusal::kSignatureMismatch: return kSigV4SignatureMismatch;
  }
  return kSigV4Malformed;
}

}  // namespace

Finding explain(const aws::SigV4Failure& failure) {
  return make_finding(rule_of(failure.reason), failure.seen, failure.wanted, aws::explain(failure.reason));
}

}  // namespace sluice::diagnosis
