#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/histogram.h"

/// Walking and making the spans in which a native histogram says which buckets it has.
namespace sluice::model {

/// The indices of the buckets that spans name, in their order. Borrows the spans.
///
///     for (BucketIndexes at(spans); at.valid(); at.next()) use(at.index());
class BucketIndexes {
 public:
  explicit BucketIndexes(std::span<const BucketSpan> spans) : spans_(spans) { enter(); }
  bool valid() const { return !spans_.empty(); }
  int64_t index() const { return index_; }
  void next() {
    ++index_;
    if (--left_ != 0) return;
    spans_ = spans_.subspan(1);
    enter();
  }

 private:
  // Over spans without buckets to the next one that has some.
  void enter() {
    for (; !spans_.empty(); spans_ = spans_.subspan(1)) {
      index_ += spans_.front().offset;
      left_ = spans_.front().length;
      if (left_ != 0) return;
    }
  }

  std::span<const BucketSpan> spans_;
  int64_t index_ = 0;
  uint32_t left_ = 0;
};

inline uint64_t count_buckets(std::span<const BucketSpan> spans) {
  uint64_t count = 0;
  for (const BucketSpan& span : spans) count += span.length;
  return count;
}

/// Makes spans of bucket indices that come in ascending order: neighbours share one.
class SpanBuilder {
 public:
  void add(int64_t index) {
    if (!spans_.empty() && index == after_) {
      ++spans_.back().length;
    } else {
      bridge(index);
      spans_.push_back({static_cast<int32_t>(index - after_), 1});
    }
    after_ = index + 1;
  }
  std::vector<BucketSpan> take() && { return std::move(spans_); }

 private:
  // Over gaps that no offset can tell, by spans without buckets.
  void bridge(int64_t index) {
    for (; index - after_ > INT32_MAX; after_ += INT32_MAX) spans_.push_back({INT32_MAX, 0});
  }

  std::vector<BucketSpan> spans_;
  int64_t after_ = 0;
};

/// The buckets of both, each once.
std::vector<BucketSpan> merge_spans(std::span<const BucketSpan> a, std::span<const BucketSpan> b);

/// Goes through bucket counts as absolute numbers, in whichever form they are kept: deltas of int64, or double. Sums
/// wrap around. Borrows the buckets.
template <class Bucket>
class BucketCounts {
 public:
  explicit BucketCounts(std::span<const Bucket> buckets) : buckets_(buckets) {}
  /// The next bucket's count; zero after the last.
  Bucket next() {
    if (at_ == buckets_.size()) return 0;
    if constexpr (std::is_same_v<Bucket, double>) return buckets_[at_++];
    else return count_ = static_cast<Bucket>(static_cast<uint64_t>(count_) + static_cast<uint64_t>(buckets_[at_++]));
  }

 private:
  std::span<const Bucket> buckets_;
  size_t at_ = 0;
  Bucket count_ = 0;
};

/// Writes absolute counts in the form of BucketCounts.
template <class Bucket>
class BucketWriter {
 public:
  void add(Bucket count) {
    if constexpr (std::is_same_v<Bucket, double>) {
      buckets_.push_back(count);
    } else {
      buckets_.push_back(static_cast<Bucket>(static_cast<uint64_t>(count) - static_cast<uint64_t>(last_)));
      last_ = count;
    }
  }
  void reserve(size_t count) { buckets_.reserve(count); }
  std::vector<Bucket> take() && { return std::move(buckets_); }

 private:
  std::vector<Bucket> buckets_;
  Bucket last_ = 0;
};

/// The counts of `buckets`, which `from` describes, as the buckets of `to`: 0 for those that `from` has not, and those
/// that `to` has not are lost. Both ascend.
template <class Bucket>
std::vector<Bucket> move_buckets(std::span<const BucketSpan> from, std::span<const Bucket> buckets,
                                 std::span<const BucketSpan> to) {
  BucketWriter<Bucket> out;
  out.reserve(static_cast<size_t>(count_buckets(to)));
  BucketCounts<Bucket> counts(buckets);
  BucketIndexes source(from);
  for (BucketIndexes target(to); target.valid(); target.next()) {
    while (source.valid() && source.index() < target.index()) {
      (void)counts.next();
      source.next();
    }
    if (source.valid() && source.index() == target.index()) {
      out.add(counts.next());
      source.next();
    } else {
      out.add(0);
    }
  }
  return std::move(out).take();
}

}  // namespace sluice::model
