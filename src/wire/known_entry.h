#pragma once

#include <cstddef>
#include <string_view>

#include "model/write_batch.h"

namespace sluice::wire {

/// Reads one prometheus.TimeSeries the quick way: labels, then samples, nothing else, every field in the form that
/// writers give it, and the labels those of a series that `recognizer` knows. Adds it to `batch` and returns true, or
/// leaves the batch as it is and returns false: the full decoder then takes the entry and says what is wrong with it,
/// if anything. Whatever is read here, the full decoder would read the same.
bool read_known_entry(std::string_view entry, model::SeriesRecognizer& recognizer, size_t samples_max,
                      model::WriteBatch& batch);

}  // namespace sluice::wire
