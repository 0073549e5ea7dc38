#pragma once

#include <optional>
#include <string>

#include "ingest/validate.h"
#include "model/histogram.h"

namespace sluice::ingest {

/// Why a native histogram cannot be stored.
struct HistogramRefusal {
  Refusal refusal = Refusal::kInvalidHistogram;
  std::string reason;  ///< in Prometheus' words; names no series
};

/// Makes `sample` one that storage takes, or says why it is none: its buckets are counted, finer schemas than
/// model::kExponentialSchemaMax are reduced to that (as Prometheus' write handler does,
/// storage/remote/write_handler.go), model::validate is asked, and a sum that is NaN and no stale marker becomes the
/// normal NaN. Of a stale marker nothing is kept but that, and the form of its counts. Timestamps are not looked at.
std::optional<HistogramRefusal> prepare_histogram(model::HistogramSample& sample);

}  // namespace sluice::ingest
