#include "tsdb/series_recognizer.h"

namespace sluice::tsdb {
namespace {

// After this many series in a row that were not known, only one of as many is looked up.
constexpr uint32_t kMissesMax = 16;

}  // namespace

model::KnownSeries SeriesRecognizer::recognize_next(std::string_view entry, size_t& labels_size) {
  MemorySeries* const series = previous_ != nullptr ? previous_->follower() : nullptr;
  if (series == nullptr || !entry.starts_with(series->labels().packed())) return {};
  labels_size = series->labels().packed().size();
  return found(*series);
}

// A set has one packed form: bytes that equal no series' are another set, or for the full decoder to make out.
model::KnownSeries SeriesRecognizer::recognize(std::string_view encoded_labels) {
  if (misses_ >= kMissesMax && ++misses_ % kMissesMax != 0) return {};
  MemorySeries* const series = head_->find_defined(model::hash_packed(encoded_labels), encoded_labels);
  if (series == nullptr) {
    ++misses_;
    return {};
  }
  if (previous_ != nullptr) previous_->set_follower(series);
  return found(*series);
}

// Asks for the labels of the next series, whose object came with the call before, and for the object after it.
model::KnownSeries SeriesRecognizer::found(MemorySeries& series) {
  misses_ = 0;
  previous_ = &series;
  if (const MemorySeries* next = series.follower()) {
    next->prefetch_labels();
    if (const MemorySeries* second = next->follower()) __builtin_prefetch(second);
  }
  return {&series};
}

}  // namespace sluice::tsdb
