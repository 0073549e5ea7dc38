#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "ingest/validate.h"
#include "model/labels.h"

namespace sluice::ingest {

/// The texts of refusals. They follow those of Mimir and Prometheus, which operators search for, quote the
/// series and the value, and name the limit; long parts are cut. `labels` may be invalid in any way.
struct RefusalText {
  Refusal refusal;
  std::span<const model::LabelView> labels;  ///< of the series as it was sent
  model::LabelView culprit = {};             ///< the label at fault, where one is
  uint64_t actual = 0;
  uint64_t limit = 0;
};
std::string describe(const RefusalText& text);

/// For kTooFarInFuture and kTimestampInvalid.
std::string describe_sample(Refusal refusal, std::span<const model::LabelView> labels, TimestampMs t_ms);

/// For kInvalidHistogram and kTooManyHistogramBuckets: `reason` comes first.
std::string describe_histogram(std::string_view reason, std::span<const model::LabelView> labels, TimestampMs t_ms);

/// For kNativeHistogramsUnsupported.
std::string describe_histograms(uint64_t histogram_samples);

}  // namespace sluice::ingest
