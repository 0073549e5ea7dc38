#include "tsdb/series_map.h"

#include <utility>

#include "base/check.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kPlacesFirst = 16;

// Full at three quarters: asking for a series that is not there walks a run to its end, which is three times as long at
// seven eighths.
constexpr bool is_full(size_t size, size_t places) { return size >= places - places / 4; }

}  // namespace

SeriesMap::~SeriesMap() {
  for_each([this](MemorySeries& series) { delete_(&series); });
}

MemorySeries* SeriesMap::find(uint64_t hash, std::string_view packed, const LabelTable& table) const {
  if (places_.empty()) return nullptr;
  for (size_t at = home_of(hash); places_[at].series; at = after(at)) {
    const Place& place = places_[at];
    if (place.hash == hash && place.series->has_labels(packed, table)) return place.series;
  }
  return nullptr;
}

MemorySeries* SeriesMap::insert(uint64_t hash, MemorySeriesPtr series) {
  if (places_.empty() || is_full(size_ + 1, places_.size())) grow();
  delete_ = series.get_deleter();
  MemorySeries* const inserted = series.release();
  put({hash, inserted});
  ++size_;
  return inserted;
}

void SeriesMap::put(Place place) {
  size_t at = home_of(place.hash);
  while (places_[at].series) at = after(at);
  places_[at] = place;
}

void SeriesMap::grow() {
  const std::vector<Place> before = std::exchange(places_, {});
  places_ = std::vector<Place>(before.empty() ? kPlacesFirst : before.size() * 2);
  for (const Place& place : before) {
    if (place.series != nullptr) put(place);
  }
}

MemorySeriesPtr SeriesMap::take(uint64_t hash, const MemorySeries& series) {
  size_t hole = home_of(hash);
  while (places_[hole].series != &series) {
    SLUICE_CHECK(places_[hole].series != nullptr, "a series is not in its shard");
    hole = after(hole);
  }
  MemorySeriesPtr taken(std::exchange(places_[hole].series, nullptr), delete_);
  --size_;
  // What stands behind moves up wherever a search from its home would stop at the hole.
  for (size_t at = after(hole); places_[at].series; at = after(at)) {
    const size_t distance_to_home = (at - home_of(places_[at].hash)) & (places_.size() - 1);
    const size_t distance_to_hole = (at - hole) & (places_.size() - 1);
    if (distance_to_home < distance_to_hole) continue;
    places_[hole] = std::exchange(places_[at], Place{});
    hole = at;
  }
  return taken;
}

}  // namespace sluice::tsdb
