#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "ingest/identity_labels.h"
#include "model/queryable.h"
#include "model/write_batch.h"

namespace sluice::ingest {

/// Why a series, or one of its samples, was refused. Each has a stable word (for metrics and answers).
enum class Refusal : uint8_t {
  kMissingMetricName,
  kInvalidMetricName,
  kInvalidLabelName,
  kInvalidLabelValue,
  kDuplicateLabel,
  kTooManyLabels,
  kLabelNameTooLong,
  kLabelValueTooLong,
  kLabelsTooLarge,
  kIdentityLabelConflict,
  kNotPermitted,       ///< the caller's policy residual says no
  kTooFarInFuture,     ///< a sample; the rest of its series is taken
  kTimestampInvalid,   ///< a sample before the year 1
  kNativeHistogramsUnsupported,
  kInvalidHistogram,         ///< a native histogram; the rest of its series is taken
  kTooManyHistogramBuckets,  ///< likewise
};
inline constexpr size_t kRefusalKinds = 16;
std::string_view to_string(Refusal refusal);  ///< "duplicate_label", ...

/// Why an exemplar was dropped. The request succeeds all the same: senders treat exemplars as best effort.
enum class ExemplarRefusal : uint8_t {
  kNotStored,         ///< the storage takes none, or its series was refused
  kLabelsTooLong,     ///< "label length for exemplar exceeds maximum of 128 UTF-8 characters"
  kInvalidLabel,      ///< a name that is empty or there twice, or text that is not UTF-8
  kTimestampInvalid,  ///< too far in the future, or before the year 1
};
inline constexpr size_t kExemplarRefusalKinds = 4;
std::string_view to_string(ExemplarRefusal refusal);  ///< "exemplar_labels_too_long", ...

/// Bounds on one series or sample; going over refuses that one alone.
struct IngestLimits {
  size_t labels_per_series_max = limits::kLabelsPerSeriesMax;
  size_t label_name_bytes_max = limits::kLabelNameBytesMax;
  size_t label_value_bytes_max = limits::kLabelValueBytesMax;
  size_t series_label_bytes_max = limits::kSeriesLabelBytesMax;  ///< names and values of one series together
  int64_t future_ms_max = limits::kSampleFutureMsMax;            ///< exactly that far ahead is still taken
};

/// What is asked of one caller's series. Views and the filter are borrowed for the call.
struct AdmissionRules {
  IngestLimits limits;
  /// What the storage has a place for, besides float samples. Histograms are else refused, exemplars dropped, metadata
  /// and start timestamps left out.
  bool stores_histograms = false;
  bool stores_exemplars = false;
  bool stores_metadata = false;
  bool stores_start_times = false;
  IdentityLabels identity;
  /// The residual of the caller's permission; asked once per label set, identity labels included. Empty: all.
  model::SeriesFilter filter;
};

/// All that a request was refused. Texts are kept for the first limits::kRefusalsKeptMax only; the counts
/// are whole.
struct RefusalSummary {
  std::vector<model::SeriesRefusal> first;  ///< in the order of the request
  std::array<uint64_t, kRefusalKinds> counts{};  ///< per Refusal: samples refused, at least 1 for each series
  std::array<uint64_t, kExemplarRefusalKinds> exemplars{};  ///< per ExemplarRefusal: not an error, and not in total()

  uint64_t count(Refusal refusal) const { return counts[static_cast<size_t>(refusal)]; }
  uint64_t count(ExemplarRefusal refusal) const { return exemplars[static_cast<size_t>(refusal)]; }
  uint64_t total() const;
  uint64_t exemplars_dropped() const;
  bool empty() const { return total() == 0; }
};

struct Admission {
  model::AppendBatch batch;  ///< what may be stored; entries of which nothing is left are left out
  RefusalSummary refusals;
};

/// Turns a decoded request into what storage takes: labels are sorted (in place, inside `batch`), empty
/// values dropped, identity labels applied, every bound and name checked, and each good series packed and
/// hashed. A series that fails a check is refused alone. Any NaN but the stale marker becomes the normal
/// NaN. Nothing is allocated per label or float sample of a good series. Histograms are moved out of `batch`.
///
/// Known series are taken as they are, only their samples judged: who has an identity or a filter to apply must
/// not have series recognized.
///
/// Label names may be any non-empty valid UTF-8, as in Prometheus 3; every series needs a metric name.
/// Thread-safe (the batch is the caller's own).
Admission admit(model::WriteBatch& batch, const AdmissionRules& rules, TimestampMs now_ms);

}  // namespace sluice::ingest
