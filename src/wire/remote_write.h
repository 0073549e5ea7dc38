#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "model/labels.h"
#include "model/sample.h"
#include "model/write_batch.h"

namespace sluice::wire {

/// The headers of a remote-write request that say what its body is; "" means the header is absent.
struct RemoteWriteHeaders {
  std::string_view content_type;
  std::string_view content_encoding;
  std::string_view version;  ///< X-Prometheus-Remote-Write-Version
};

/// The messages of remote write 1.0 and 2.0: prometheus.WriteRequest and io.prometheus.write.v2.Request.
enum class RemoteWriteMessage : uint8_t { kV1, kV2 };

/// Which message the body is, in snappy. Absent headers mean 1.0, as Prometheus' own receiver takes it. Every failure
/// is kUnsupported and is to be answered 415 (remote write specification 2.0, "Invalid samples and content
/// negotiation").
Result<RemoteWriteMessage> check_remote_write_headers(const RemoteWriteHeaders& headers);

/// Bounds on one request; over any of them the whole request is refused.
struct RemoteWriteLimits {
  size_t decoded_bytes_max = limits::kRemoteWriteDecodedBytesMax;
  size_t series_max = limits::kSeriesPerRequestMax;
  size_t samples_max = limits::kSamplesPerRequestMax;
  size_t labels_max = limits::kLabelsPerRequestMax;
  size_t histograms_max = limits::kHistogramsPerRequestMax;
  size_t histogram_numbers_max = limits::kHistogramBucketsPerRequestMax;  ///< buckets, spans, custom bounds
  size_t exemplars_max = limits::kExemplarsPerRequestMax;
  size_t metadata_max = limits::kMetadataPerRequestMax;
  size_t symbols_max = limits::kSymbolsPerRequestMax;  ///< of remote write 2.0
};

/// Decodes a remote write 1.0 body: a snappy block (not the framed format) holding a
/// prometheus.WriteRequest. The size that the block declares is checked before memory is taken for it.
///
/// kMalformed names what is broken, the field and the byte offset (in the decoded message, or in the snappy
/// block); kTooLarge names the limit. Label text is not judged here, invalid UTF-8 included: that concerns
/// single series, and ingest/validate.h refuses those alone. Unknown fields are skipped.
///
/// Entries whose series `recognizer` knows come as known series, their labels not decoded; null: there are none. The
/// memory of `reused` serves the batch.
Result<model::WriteBatch> decode_remote_write(std::string_view compressed_body, const RemoteWriteLimits& limits = {},
                                              model::SeriesRecognizer* recognizer = nullptr,
                                              model::WriteBatch reused = {});

/// As decode_remote_write, for a message that is already uncompressed. The batch takes over `message`.
Result<model::WriteBatch> decode_write_request(std::string message, const RemoteWriteLimits& limits = {},
                                               model::SeriesRecognizer* recognizer = nullptr);

/// The same for remote write 2.0, a snappy block holding an io.prometheus.write.v2.Request. References to symbols that
/// are not there make the request malformed. What series say of their metadata is given once for each metric family;
/// what goes over `metadata_max` is left out.
Result<model::WriteBatch> decode_remote_write_v2(std::string_view compressed_body, const RemoteWriteLimits& limits = {},
                                                 model::WriteBatch reused = {});
Result<model::WriteBatch> decode_write_request_v2(std::string message, const RemoteWriteLimits& limits = {});

/// One series as our own sender writes it.
struct OutgoingSeries {
  model::Labels labels;
  std::vector<model::Sample> samples;  ///< increasing timestamps
};

/// One metric family's metadata as our own sender writes it.
struct OutgoingMetadata {
  uint32_t type = 0;  ///< MetricMetadata.MetricType of remote.proto; text_exposition.h's MetricType has the values
  std::string metric_family;
  std::string help;
  std::string unit;
};

/// Encodes a prometheus.WriteRequest and compresses it as one snappy block: the body of a request with
/// `Content-Type: application/x-protobuf`, `Content-Encoding: snappy` and version 0.1.0.
std::string encode_remote_write(std::span<const OutgoingSeries> series,
                                std::span<const OutgoingMetadata> metadata = {});

inline constexpr std::string_view kRemoteWriteContentType = "application/x-protobuf";
inline constexpr std::string_view kRemoteWriteContentEncoding = "snappy";
inline constexpr std::string_view kRemoteWriteVersion = "0.1.0";

}  // namespace sluice::wire
