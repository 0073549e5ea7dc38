#pragma once

#include <cstdint>
#include <memory>

#include "model/write_batch.h"
#include "tsdb/head.h"

namespace sluice::tsdb {

/// Recognizes a head's defined series. Senders repeat their series in nearly the same order, so the one that followed
/// the last time is tried first; its labels are compared with the bytes at hand, and nothing is hashed. Anything
/// else is looked up, and its place learned for the next time.
///
/// While nothing is known, as in the first scrape of a target, it only asks about a few.
///
/// Makes no series and holds no lock between calls. For one thread; several recognizers of one head may run at once.
class SeriesRecognizer final : public model::SeriesRecognizer {
 public:
  explicit SeriesRecognizer(std::shared_ptr<Head> head) : head_(std::move(head)) {}

  model::KnownSeries recognize_next(std::string_view entry, size_t& labels_size) override;
  model::KnownSeries recognize(std::string_view encoded_labels) override;

 private:
  model::KnownSeries found(MemorySeries& series);

  std::shared_ptr<Head> head_;
  MemorySeries* previous_ = nullptr;
  uint32_t misses_ = 0;  // since the last hit
};

}  // namespace sluice::tsdb
