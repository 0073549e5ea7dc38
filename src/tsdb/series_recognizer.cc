#include "tsdb/series_recognizer.h"

#include "base/coding.h"
#include "model/encoded_labels.h"

namespace sluice::tsdb {

model::KnownSeries SeriesRecognizer::recognize(std::string_view encoded_labels) {
  MemorySeries* series = previous_ != nullptr ? previous_->follower() : nullptr;
  if (series == nullptr || !model::is_encoding_of(encoded_labels, series->labels().packed())) {
    series = look_up(encoded_labels);
    if (series == nullptr) return {};
    if (previous_ != nullptr) previous_->set_follower(series);
  }
  prefetch_after(*series);
  previous_ = series;
  return {series};
}

// The next series' labels, its object being there since the call before; and the object of the one after.
void SeriesRecognizer::prefetch_after(const MemorySeries& series) {
  const MemorySeries* next = series.follower();
  if (next == nullptr) return;
  next->prefetch_labels();
  if (const MemorySeries* second = next->follower()) __builtin_prefetch(second);
}

MemorySeries* SeriesRecognizer::look_up(std::string_view encoded_labels) {
  packed_.clear();
  model::decode_labels(encoded_labels, labels_);
  for (const model::LabelView& label : labels_) {
    append_prefixed_bytes(packed_, label.name);
    append_prefixed_bytes(packed_, label.value);
  }
  MemorySeries* series = head_->find_defined(model::hash_packed(packed_), packed_);
  // The encoding may be another than the canonical one, which is for the full decoder to judge.
  return series != nullptr && model::is_encoding_of(encoded_labels, packed_) ? series : nullptr;
}

}  // namespace sluice::tsdb
