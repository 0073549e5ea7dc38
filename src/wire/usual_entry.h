#pragma once

#include <cstddef>
#include <string_view>

#include "model/write_batch.h"

namespace sluice::wire {

/// Reads entries of a WriteRequest the quick way: labels, then samples, nothing else, every field in the form and order
/// that writers give it. That is nearly every entry there is; the full decoder takes the others, and says what
/// is wrong with them, if anything. Whatever is read here, the full decoder would read the same.
///
/// Borrows the batch. Not thread-safe.
class UsualEntryReader {
 public:
  /// Series that `recognizer` knows come as known ones, their labels not decoded; null: there are none.
  UsualEntryReader(model::WriteBatch& batch, model::SeriesRecognizer* recognizer, size_t labels_max, size_t samples_max)
      : batch_(batch), recognizer_(recognizer), labels_max_(labels_max), samples_max_(samples_max) {}

  /// Adds one prometheus.TimeSeries to the batch; or leaves that as it is and returns false.
  bool read(std::string_view entry);

 private:
  model::KnownSeries recognize_next(std::string_view entry, std::string_view& encoded);
  bool read_labels(const char* at, const char* end);
  bool read_samples(const char* at, const char* end);

  model::WriteBatch& batch_;
  model::SeriesRecognizer* const recognizer_;
  const size_t labels_max_;
  const size_t samples_max_;
};

}  // namespace sluice::wire
