#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/memory_region.h"
#include "base/thread_safety.h"
#include "model/labels.h"

namespace sluice::tsdb {

/// The number of a label, a pair of name and value, in its head's table.
using LabelId = uint32_t;
inline constexpr LabelId kNoLabel = UINT32_MAX;

/// The labels of a head's series, each pair kept once: a series is then a few numbers. A label is kept as the bytes
/// that spell it in a packed label set (model/labels.h), so that a set at hand is compared with a series' numbers as it
/// is.
///
/// What nobody uses any more goes in sweep(), in generations: a label asked for in the generation that
/// begin_generation() began is kept, since whoever asked may not have shown yet that it is in use.
///
/// Thread-safe. Reading by number takes no lock: a number is valid while a series of the head has that label, and for
/// whoever interned it until the generation after has been swept.
class LabelTable {
 public:
  LabelTable();
  ~LabelTable();

  /// The bytes of a label. They stay where they are.
  std::string_view field(LabelId id) const { return at(id).view(); }
  /// Asks for the memory that field() will read.
  void prefetch(LabelId id) const { __builtin_prefetch(&at(id)); }
  model::LabelView label(LabelId id) const { return model::label_of_packed(field(id)); }

  /// The number of the label with these packed bytes, made if it is new.
  LabelId intern(std::string_view field);
  /// kNoLabel when there is none.
  LabelId find(std::string_view field) const;
  LabelId find(model::LabelView label) const;

  /// All numbers are below.
  size_t end() const { return next_.load(std::memory_order_acquire); }
  /// Approximate memory.
  uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

  void begin_generation() { generation_.fetch_add(1); }
  /// Forgets the labels that are not `in_use` and were not asked for since the last begin_generation(). Nobody may
  /// hold a number from before it but for labels in use. Returns how many went; their numbers will be used again.
  size_t sweep(const std::function<bool(LabelId)>& in_use);

 private:
  /// One cache line. Most labels are in it whole, so that looking at one costs one miss.
  struct alignas(64) Field {
    static constexpr size_t kInlineMax = 48;
    std::string_view view() const { return {size <= kInlineMax ? inlined.data() : outside.get(), size}; }

    uint32_t size = 0;
    std::atomic<uint32_t> generation{0};
    std::unique_ptr<char[]> outside;  // where it is too long
    std::array<char, kInlineMax> inlined;
  };
  /// Memory for fields, which are made as their numbers are given out.
  struct Segment {
    std::unique_ptr<Field[]> small;
    MemoryRegion large;  // from number kLargeFrom on
  };
  struct Place {
    uint32_t tag = 0;  // upper half of the hash
    LabelId id = kNoLabel;
  };
  struct Stripe {
    mutable Mutex mutex;
    std::vector<Place> places SLUICE_GUARDED_BY(mutex);  // open addressing; none, or a power of two
    size_t size SLUICE_GUARDED_BY(mutex) = 0;
  };

  static constexpr size_t kStripes = 16;
  static constexpr unsigned kFirstBits = 8;  // segment 0 has 2^8 fields, segment n > 0 has 2^(n+7)
  static constexpr size_t kSegments = 32 - kFirstBits + 1;
  static constexpr LabelId kLargeFrom = MemoryRegion::kUnitBytes / sizeof(Field);
  static_assert(std::has_single_bit(kLargeFrom) && kLargeFrom > 1u << kFirstBits);

  static unsigned segment_of(LabelId id) {
    return id < (1u << kFirstBits) ? 0 : static_cast<unsigned>(std::bit_width(id >> kFirstBits));
  }
  static uint32_t segment_begin(unsigned segment) { return segment == 0 ? 0 : 1u << (kFirstBits + segment - 1); }
  static uint32_t segment_size(unsigned segment) { return segment == 0 ? 1u << kFirstBits : segment_begin(segment); }
  Field& at(LabelId id) const {
    const unsigned segment = segment_of(id);
    return segments_[segment].load(std::memory_order_acquire)[id - segment_begin(segment)];
  }
  Stripe& stripe_of(uint64_t hash) const { return stripes_[hash % kStripes]; }
  LabelId find_in(const Stripe& stripe, uint64_t hash, std::string_view field) const SLUICE_REQUIRES(stripe.mutex);
  void put(Stripe& stripe, uint64_t hash, LabelId id) SLUICE_REQUIRES(stripe.mutex);
  void grow(Stripe& stripe, size_t places) SLUICE_REQUIRES(stripe.mutex);
  static uint64_t bytes_of(const Field& field);
  LabelId make(std::string_view field);
  LabelId take_id();

  std::array<std::atomic<Field*>, kSegments> segments_{};
  mutable std::array<Stripe, kStripes> stripes_;
  std::atomic<uint32_t> generation_{1};
  std::atomic<uint32_t> next_{0};
  std::atomic<uint64_t> bytes_{0};

  Mutex ids_mutex_;
  std::vector<LabelId> free_ids_ SLUICE_GUARDED_BY(ids_mutex_);
  std::vector<Segment> owned_ SLUICE_GUARDED_BY(ids_mutex_);
};

}  // namespace sluice::tsdb
