#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound on what comes from outside, in one place. Names end in their unit. Values that a user may
/// change are defaults here and keys in the configuration.
namespace sluice::limits {

// HTTP.
inline constexpr size_t kHeaderBytesMax = 64 << 10;
inline constexpr size_t kRequestTargetBytesMax = 32 << 10;
inline constexpr size_t kControlBodyBytesMax = 1 << 20;      ///< STS, IAM, AMP control plane; AWS takes 10 MB
inline constexpr size_t kQueryBodyBytesMax = 4 << 20;        ///< POSTed queries
inline constexpr size_t kFormParametersMax = 1'000;

// Remote write.
inline constexpr size_t kRemoteWriteBodyBytesMax = 16 << 20;      ///< compressed, as received
inline constexpr size_t kRemoteWriteDecodedBytesMax = 64 << 20;   ///< declared by the snappy header, checked first
inline constexpr size_t kSeriesPerRequestMax = 500'000;
inline constexpr size_t kSamplesPerRequestMax = 1'000'000;
inline constexpr size_t kLabelsPerSeriesMax = 150;                ///< AMP's quota
inline constexpr size_t kLabelNameBytesMax = 1'024;
inline constexpr size_t kLabelValueBytesMax = 64 << 10;
inline constexpr size_t kSeriesLabelBytesMax = 64 << 10;          ///< names and values of one series together

// Identity.
inline constexpr size_t kJwtBytesMax = 20'000;                    ///< STS model: WebIdentityToken
inline constexpr size_t kJwtHeaderBytesMax = 2 << 10;
inline constexpr size_t kJwtJsonDepthMax = 16;
inline constexpr size_t kDiscoveryBytesMax = 64 << 10;
inline constexpr size_t kJwksBytesMax = 1 << 20;
inline constexpr size_t kJwksKeysPerTypeMax = 100;
inline constexpr size_t kSessionTokenBytesMax = 16 << 10;
inline constexpr size_t kAuthorizationBytesMax = 8 << 10;
inline constexpr size_t kPolicyBytesMax = 128 << 10;
inline constexpr size_t kPolicyJsonDepthMax = 16;
inline constexpr size_t kPolicyStatementsMax = 500;

// Queries.
inline constexpr size_t kQueryTextBytesMax = 256 << 10;
inline constexpr size_t kQueryDepthMax = 256;
inline constexpr size_t kQuerySamplesMax = 50'000'000;
inline constexpr int64_t kQueryStepsMax = 11'000;                 ///< Prometheus' own resolution limit

// Decision records.
inline constexpr size_t kDecisionRecordsAuthenticatedMax = 20'000;
inline constexpr size_t kDecisionRecordsAnonymousMax = 5'000;
inline constexpr size_t kDecisionFieldBytesMax = 2 << 10;

}  // namespace sluice::limits
