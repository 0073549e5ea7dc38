#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/write_batch.h"
#include "tsdb/head.h"

namespace sluice::tsdb {

/// Recognizes a head's defined series. Senders repeat their series in nearly the same order, so the one that followed
/// the last time is tried first; its labels are compared with the bytes at hand, and nothing is hashed. Anything
/// else is looked up, and its place learned for the next time.
///
/// Makes no series and holds no lock between calls. For one thread; several recognizers of one head may run at once.
class SeriesRecognizer final : public model::SeriesRecognizer {
 public:
  explicit SeriesRecognizer(std::shared_ptr<Head> head) : head_(std::move(head)) {}

  model::KnownSeries recognize(std::string_view encoded_labels) override;

 private:
  MemorySeries* look_up(std::string_view encoded_labels);
  static void prefetch_after(const MemorySeries& series);

  std::shared_ptr<Head> head_;
  MemorySeries* previous_ = nullptr;
  std::vector<model::LabelView> labels_;  // these two are reused
  std::string packed_;
};

}  // namespace sluice::tsdb
