#pragma once

#include <expected>
#include <span>

#include "ingest/validate.h"
#include "model/exemplar.h"
#include "model/labels.h"

namespace sluice::ingest {

/// The labels of an exemplar as storage takes them: sorted, empty ones dropped; or why they are none
/// (validateExemplar in tsdb/exemplar.go, and valid UTF-8 and unique names besides).
std::expected<model::Labels, ExemplarRefusal> prepare_exemplar_labels(std::span<const model::LabelView> labels);

}  // namespace sluice::ingest
