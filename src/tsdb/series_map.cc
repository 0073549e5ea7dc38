#include "tsdb/series_map.h"

#include <utility>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kPlacesFirst = 16;

// Full at seven eighths. Long runs are no worry: hashes differ in all their bits.
constexpr bool is_full(size_t size, size_t places) { return size >= places - places / 8; }

}  // namespace

MemorySeries* SeriesMap::find(uint64_t hash, std::string_view packed, const LabelTable& table) const {
  if (places_.empty()) return nullptr;
  for (size_t at = home_of(hash); places_[at].series; at = after(at)) {
    const Place& place = places_[at];
    if (place.hash == hash && place.series->has_labels(packed, table)) return place.series.get();
  }
  return nullptr;
}

MemorySeries* SeriesMap::insert(uint64_t hash, MemorySeriesPtr series) {
  if (places_.empty() || is_full(size_ + 1, places_.size())) grow();
  MemorySeries* const inserted = series.get();
  put({hash, std::move(series)});
  ++size_;
  return inserted;
}

void SeriesMap::put(Place place) {
  size_t at = home_of(place.hash);
  while (places_[at].series) at = after(at);
  places_[at] = std::move(place);
}

void SeriesMap::grow() {
  std::vector<Place> before = std::exchange(places_, {});
  places_ = std::vector<Place>(before.empty() ? kPlacesFirst : before.size() * 2);
  for (Place& place : before) {
    if (place.series) put(std::move(place));
  }
}

MemorySeriesPtr SeriesMap::take(uint64_t hash, const MemorySeries& series) {
  size_t hole = home_of(hash);
  while (places_[hole].series.get() != &series) {
    SLUICE_CHECK(places_[hole].series != nullptr, "a series is not in its shard");
    hole = after(hole);
  }
  MemorySeriesPtr taken = std::move(places_[hole].series);
  --size_;
  // What stands behind moves up wherever a search from its home would stop at the hole.
  for (size_t at = after(hole); places_[at].series; at = after(at)) {
    const size_t distance_to_home = (at - home_of(places_[at].hash)) & (places_.size() - 1);
    const size_t distance_to_hole = (at - hole) & (places_.size() - 1);
    if (distance_to_home < distance_to_hole) continue;
    places_[hole] = std::move(places_[at]);
    hole = at;
  }
  return taken;
}

}  // namespace sluice::tsdb
