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
};
inline constexpr size_t kRefusalKinds = 14;
std::string_view to_string(Refusal refusal);  ///< "duplicate_label", ...

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
  IdentityLabels identity;
  /// The residual of the caller's permission; asked once per label set, identity labels included. Empty: all.
  model::SeriesFilter filter;
};

/// All that a request was refused. Texts are kept for the first limits::kRefusalsKeptMax only; the counts
/// are whole.
struct RefusalSummary {
  std::vector<model::SeriesRefusal> first;        ///< in the order of the request
  std::array<uint64_t, kRefusalKinds> counts{};   ///< per Refusal: samples refused, at least 1 for each series
  uint64_t exemplars_dropped = 0;                 ///< not an error: Prometheus sends them as best effort

  uint64_t count(Refusal refusal) const { return counts[static_cast<size_t>(refusal)]; }
  uint64_t total() const;
  bool empty() const { return total() == 0; }
};

struct Admission {
  model::AppendBatch batch;   ///< what may be stored; entries without samples are left out
  RefusalSummary refusals;
};

/// Turns a decoded request into what storage takes: labels are sorted (in place, inside `batch`), empty
/// values dropped, identity labels applied, every bound and name checked, and each good series packed and
/// hashed. A series that fails a check is refused alone. Any NaN but the stale marker becomes the normal
/// NaN. Nothing is allocated per label or sample of a good series.
///
/// Known series are taken as they are, only their samples judged: who has an identity or a filter to apply must
/// not have series recognized.
///
/// Label names may be any non-empty valid UTF-8, as in Prometheus 3; every series needs a metric name.
/// Thread-safe (the batch is the caller's own).
Admission admit(model::WriteBatch& batch, const AdmissionRules& rules, TimestampMs now_ms);

}  // namespace sluice::ingest
