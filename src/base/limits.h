#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound on what comes from outside, in one place. Names end in their unit. Values that a user may
/// change are defaults here and keys in the configuration.
namespace sluice::limits {

// HTTP.
inline constexpr size_t kHeaderBytesMax = 64 << 10;
inline constexpr size_t kRequestTargetBytesMax = 32 << 10;
inline constexpr size_t kHeaderFieldsMax = 200;
inline constexpr size_t kChunkHeaderBytesMax = 8 << 10;      ///< one chunk's size line, or the trailers
inline constexpr size_t kPipelinedBytesMax = 64 << 10;       ///< read ahead while a handler runs
inline constexpr size_t kConnectionsMax = 4'096;              ///< of one listener
inline constexpr size_t kConnectionsPerSourceMax = 2'048;     ///< of one address, or one /64 of IPv6
inline constexpr size_t kInFlightMax = 1'024;                 ///< requests being handled
inline constexpr size_t kInFlightPerSourceMax = 512;          ///< of one client's address, or one /64 of IPv6
inline constexpr size_t kGzipBodyBytesMin = 1 << 10;          ///< smaller answers are sent as they are
inline constexpr size_t kControlBodyBytesMax = 1 << 20;      ///< STS, IAM, AMP control plane; AWS takes 10 MB
inline constexpr size_t kQueryBodyBytesMax = 4 << 20;        ///< POSTed queries
inline constexpr size_t kBodyBytesInMemoryMax = 512 << 20;  ///< unfinished requests of all connections of a listener
inline constexpr size_t kFormParametersMax = 1'000;
inline constexpr size_t kForwardedHopsMax = 32;  ///< addresses of X-Forwarded-For looked at, from the right

// Remote write.
inline constexpr size_t kRemoteWriteBodyBytesMax = 16 << 20;  ///< compressed, as received
inline constexpr size_t kRemoteWriteDecodedBytesMax = 64 << 20;  ///< declared by the snappy header, checked first
inline constexpr size_t kSeriesPerRequestMax = 500'000;
inline constexpr size_t kSamplesPerRequestMax = 1'000'000;
inline constexpr size_t kLabelsPerRequestMax = 4'000'000;  ///< all series together
inline constexpr size_t kMetadataPerRequestMax = 100'000;
inline constexpr size_t kLabelsPerSeriesMax = 150;  ///< AMP's quota
inline constexpr size_t kLabelNameBytesMax = 1'024;
inline constexpr size_t kLabelValueBytesMax = 64 << 10;
inline constexpr size_t kSeriesLabelBytesMax = 64 << 10;  ///< names and values of one series together
inline constexpr size_t kSymbolsPerRequestMax = 1'000'000;  ///< strings of a remote write 2.0 request
inline constexpr size_t kHistogramsPerRequestMax = 200'000;
inline constexpr size_t kHistogramBucketsPerRequestMax = 8'000'000;  ///< with spans and custom bounds
inline constexpr size_t kHistogramBucketsMax = 16'384;  ///< of one native histogram, and of the head's chunks
inline constexpr size_t kExemplarsPerRequestMax = 200'000;
inline constexpr size_t kExemplarLabelRunesMax = 128;  ///< names and values together (OpenMetrics)
inline constexpr size_t kMetadataTextBytesMax = 1'024;  ///< help and unit; the rest is cut

inline constexpr size_t kRecycledBatchBytesMax = 8 << 20;  ///< memory of a decoded request that is kept for the next
inline constexpr size_t kRecycledBatches = 4;  ///< so many are kept
inline constexpr size_t kPackedBytesPerRequestMax = 256 << 20;  ///< label sets with their identity labels
inline constexpr int64_t kSampleFutureMsMax = 24 * 60 * 60 * 1000;  ///< ahead of the collector's clock
inline constexpr size_t kRefusalsKeptMax = 100;  ///< texts kept of one request; all are counted
inline constexpr size_t kWriteAnswerBytesMax = 1'024;  ///< Prometheus logs no more of the first line

// Text exposition (a scrape).
inline constexpr size_t kExpositionBytesMax = 64 << 20;
inline constexpr size_t kExpositionSamplesMax = 1'000'000;
inline constexpr size_t kExpositionLineBytesMax = 256 << 10;

// Storage.
inline constexpr size_t kJournalRecordBytesMax = 128 << 20;  ///< payload of one log record
inline constexpr size_t kJournalSegmentBytesMax = 1 << 30;  ///< read whole when a journal is opened
inline constexpr size_t kJournalDamageReportsMax = 1'000;  ///< kept; all are counted
inline constexpr size_t kJournalSparesMax = 2;  ///< used segments kept for reuse
inline constexpr size_t kDeletedSeriesPerRecordMax = 500;  ///< writers wait while one log record is applied
inline constexpr size_t kExemplarsMax = 100'000;  ///< kept of one workspace, the newest
inline constexpr size_t kMetadataFamiliesMax = 50'000;  ///< of one workspace
inline constexpr size_t kChunkHistogramBucketsMax = 1 << 21;  ///< of one sample, read from a block
inline constexpr size_t kFormatFileBytesMax = 4 << 10;
inline constexpr size_t kBlockMetaBytesMax = 4 << 20;  ///< meta.json; also that of an imported block
inline constexpr int64_t kBlockTimeMsMax = int64_t{1} << 53;  ///< of a block's range, either way from 1970
inline constexpr size_t kTombstonesBytesMax = 1 << 30;  ///< of one block
inline constexpr size_t kBlockProblemsMax = 1'000;      ///< reported when a block is verified
inline constexpr size_t kBackupManifestBytesMax = 256 << 20;  ///< about a million files

// Identity.
inline constexpr size_t kJwtBytesMax = 20'000;  ///< STS model: WebIdentityToken
inline constexpr size_t kJwtHeaderBytesMax = 2 << 10;
inline constexpr size_t kJwtJsonDepthMax = 16;
inline constexpr size_t kDiscoveryBytesMax = 64 << 10;
inline constexpr size_t kJwksBytesMax = 1 << 20;
inline constexpr size_t kJwksKeysPerTypeMax = 100;
inline constexpr size_t kSessionTokenBytesMax = 16 << 10;
inline constexpr size_t kAuthorizationBytesMax = 8 << 10;
inline constexpr size_t kSignedHeadersMax = 100;
inline constexpr size_t kAlternativeHostsMax = 4;
inline constexpr size_t kSignatureAlternativesMax = 8;  ///< forms of one request tried against its signature
inline constexpr size_t kCanonicalEchoBytesMax = 4 << 10;  ///< canonical request shown to a caller
inline constexpr size_t kArnBytesMax = 2 << 10;
inline constexpr size_t kQueryListMembersMax = 1'000;  ///< .member.N of the Query protocol
inline constexpr size_t kEchoedValueBytesMax = 1 << 10;  ///< a refused parameter's value, quoted in the answer
inline constexpr size_t kPolicyBytesMax = 128 << 10;
inline constexpr size_t kPolicyJsonDepthMax = 16;
inline constexpr size_t kPolicyStatementsMax = 500;
inline constexpr size_t kPolicyTextBytesMax = 4 << 10;  ///< one action, resource, principal or condition value
inline constexpr size_t kNearMissesMax = 8;  ///< explained for one implicit denial

// Control plane. Where AWS lets a quota be raised, the highest value it grants, so that what works there works here.
inline constexpr size_t kProvidersPerAccountMax = 100;
inline constexpr size_t kClientIdsPerProviderMax = 100;
inline constexpr size_t kThumbprintsPerProviderMax = 5;
inline constexpr size_t kTagsPerResourceMax = 50;
inline constexpr size_t kRolesPerAccountMax = 5'000;
inline constexpr size_t kPoliciesPerAccountMax = 5'000;
inline constexpr size_t kAttachedPoliciesPerRoleMax = 20;
inline constexpr size_t kAccessKeysPerAccountMax = 100;
inline constexpr size_t kWorkspacesPerAccountMax = 2'000;  ///< idle ones cost next to nothing; AWS begins with 25
inline constexpr size_t kInlinePolicyCharactersPerRoleMax = 10'240;  ///< white space not counted, as in the two below
inline constexpr size_t kManagedPolicyCharactersMax = 6'144;
inline constexpr size_t kTrustPolicyCharactersMax = 8'192;
inline constexpr size_t kAuditRecordsMax = 1'000'000;

inline constexpr size_t kCompiledRolesMax = 10'000;  ///< compiled policy sets kept

// Queries.
inline constexpr size_t kQueryTextBytesMax = 256 << 10;
inline constexpr size_t kRegexBytesMax = 256 << 10;  ///< of one matcher; RE2's own memory is bounded too
inline constexpr int64_t kRegexMemoryBytesMax = 8 << 20;  ///< program and DFA cache of one matcher
inline constexpr size_t kQueryDepthMax = 256;
inline constexpr size_t kExemplarSelectorsMax = 1'000;  ///< of one query for exemplars
inline constexpr size_t kQuerySamplesMax = 50'000'000;
inline constexpr int64_t kQueryStepsMax = 11'000;  ///< Prometheus' own resolution limit

// Decision records.
inline constexpr size_t kDecisionRecordsAuthenticatedMax = 20'000;
inline constexpr size_t kDecisionRecordsAnonymousMax = 5'000;
inline constexpr size_t kDecisionFieldBytesMax = 2 << 10;

// The configuration file, and the files it names.
inline constexpr size_t kConfigFileBytesMax = 1 << 20;
inline constexpr size_t kConfigValuesMax = 10'000;  ///< an alias counts as often as it is used
inline constexpr size_t kConfigDepthMax = 16;
inline constexpr size_t kConfigValueBytesMax = 8 << 10;  ///< of one value, environment put in
inline constexpr size_t kSecretFileBytesMax = 1 << 10;

// The log.
inline constexpr size_t kLogFieldBytesMax = 4 << 10;  ///< of one value; the rest is cut

}  // namespace sluice::limits
