#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "tsdb/memory_series.h"

namespace sluice::tsdb {

/// Owns series and finds them by their labels: a hash table with open addressing and linear probing, 16 bytes a place.
/// Series keep their address. Unequal labels of an equal hash are told apart by comparing them. Not thread-safe.
class SeriesMap {
 public:
  SeriesMap() = default;
  ~SeriesMap();
  SeriesMap(const SeriesMap&) = delete;
  SeriesMap& operator=(const SeriesMap&) = delete;

  /// The series with these packed labels, whose hash (SeriesHash::low) is `hash`; null when there is none.
  MemorySeries* find(uint64_t hash, std::string_view packed, const LabelTable& table) const;
  /// `series`, whose labels have this hash, must not be there yet. All are of one pool.
  MemorySeries* insert(uint64_t hash, MemorySeriesPtr series);
  /// Takes out `series`, which must be there.
  MemorySeriesPtr take(uint64_t hash, const MemorySeries& series);

  size_t size() const { return size_; }
  template <class Use>
  void for_each(Use use) const {
    for (const Place& place : places_) {
      if (place.series) use(*place.series);
    }
  }

 private:
  struct Place {
    uint64_t hash = 0;  // without a meaning while the place is free
    MemorySeries* series = nullptr;
  };

  size_t home_of(uint64_t hash) const { return static_cast<size_t>(hash) & (places_.size() - 1); }
  size_t after(size_t place) const { return (place + 1) & (places_.size() - 1); }
  void put(Place place);
  void grow();

  MemorySeriesDelete delete_;
  std::vector<Place> places_;  // none, or a power of two of them
  size_t size_ = 0;
};

}  // namespace sluice::tsdb
