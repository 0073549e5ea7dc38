#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "model/write_batch.h"
#include "tsdb/head.h"

namespace sluice::tsdb {

/// Recognizes a head's defined series. Senders repeat their series in nearly the same order, so the one that followed
/// the last time is tried first; its labels are compared with the bytes at hand, and nothing is hashed. Anything
/// else is looked up, and its place learned for the next time.
///
/// While nothing is known, as in the first scrape of a target, it only asks about a few.
///
/// Series that follow one another share most of their labels. Where both have the same number, the bytes at hand are
/// compared with those of the entry before, which are still in the cache, and not with the table's.
///
/// Entries must stay where they are while it lives. Makes no series and holds no lock between calls. For one thread;
/// several recognizers of one head may run at once.
class SeriesRecognizer final : public model::SeriesRecognizer {
 public:
  explicit SeriesRecognizer(std::shared_ptr<Head> head) : head_(std::move(head)), lease_(head_->lease()) {}

  model::KnownSeries recognize_next(std::string_view entry, size_t& labels_size) override;
  model::KnownSeries recognize(std::string_view encoded_labels) override;
  std::shared_ptr<const void> lease() const override { return lease_; }

 private:
  static constexpr size_t kLabelsMax = 63;  // series with more are looked up each time
  using Offsets = std::array<uint32_t, kLabelsMax + 1>;

  bool begins(std::string_view entry, const MemorySeries& series);
  bool begins_alike(std::string_view entry, std::span<const LabelId> ids);
  bool begins_unlike(std::string_view entry, std::span<const LabelId> ids, std::span<const LabelId> before);
  model::KnownSeries found(MemorySeries& series, std::string_view entry);
  void prefetch_after(const MemorySeries& series);

  std::shared_ptr<Head> head_;
  RequestGenerations::Lease lease_;
  MemorySeries* previous_ = nullptr;
  std::string_view previous_entry_;    // begins with the labels of previous_
  // Where each of them begins there, and where the last one ends; and the same of the series asked about.
  std::unique_ptr<Offsets> previous_offsets_ = std::make_unique<Offsets>();
  std::unique_ptr<Offsets> offsets_ = std::make_unique<Offsets>();
  uint32_t misses_ = 0;  // since the last hit
};

}  // namespace sluice::tsdb
