#include "tsdb/label_table.h"

#include <bit>
#include <cstring>
#include <memory>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/hash.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kPlacesFirst = 16;

constexpr uint32_t tag_of(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }
// The stripe has used the lowest bits.
constexpr size_t home_of(uint64_t hash, size_t places) { return static_cast<size_t>(hash >> 4) & (places - 1); }

}  // namespace

uint64_t LabelTable::bytes_of(const Field& field) {
  return sizeof(Field) + (field.outside ? field.size : 0) + 2 * sizeof(Place);
}

LabelTable::LabelTable() = default;
LabelTable::~LabelTable() {
  for (LabelId id = kLargeFrom; id < end(); ++id) std::destroy_at(&at(id));
}

LabelId LabelTable::find_in(const Stripe& stripe, uint64_t hash, std::string_view field) const {
  if (stripe.places.empty()) return kNoLabel;
  const size_t mask = stripe.places.size() - 1;
  for (size_t place = home_of(hash, mask + 1);; place = (place + 1) & mask) {
    const Place& found = stripe.places[place];
    if (found.id == kNoLabel) return kNoLabel;
    if (found.tag == tag_of(hash) && this->field(found.id) == field) return found.id;
  }
}

void LabelTable::put(Stripe& stripe, uint64_t hash, LabelId id) {
  const size_t mask = stripe.places.size() - 1;
  size_t place = home_of(hash, mask + 1);
  while (stripe.places[place].id != kNoLabel) place = (place + 1) & mask;
  stripe.places[place] = {tag_of(hash), id};
}

void LabelTable::grow(Stripe& stripe, size_t places) {
  const auto before = std::exchange(stripe.places, std::vector<Place>(places));
  for (const Place& place : before) {
    if (place.id != kNoLabel) put(stripe, hash64(field(place.id)), place.id);
  }
}

LabelId LabelTable::intern(std::string_view field) {
  const uint64_t hash = hash64(field);
  const uint32_t generation = generation_.load(std::memory_order_relaxed);
  Stripe& stripe = stripe_of(hash);
  MutexLock lock(stripe.mutex);
  LabelId id = find_in(stripe, hash, field);
  if (id == kNoLabel) {
    if (stripe.size + 1 > stripe.places.size() / 4 * 3) grow(stripe, std::max(kPlacesFirst, stripe.places.size() * 2));
    id = make(field);
    put(stripe, hash, id);
    ++stripe.size;
  }
  auto& asked = at(id).generation;
  if (asked.load(std::memory_order_relaxed) != generation) asked.store(generation, std::memory_order_relaxed);
  return id;
}

LabelId LabelTable::find(std::string_view field) const {
  const uint64_t hash = hash64(field);
  const Stripe& stripe = stripe_of(hash);
  MutexLock lock(stripe.mutex);
  return find_in(stripe, hash, field);
}

LabelId LabelTable::find(model::LabelView label) const {
  std::string field;
  model::pack_labels({&label, 1}, field);
  return find(field);
}

LabelId LabelTable::make(std::string_view field) {
  const LabelId id = take_id();
  Field& made = at(id);
  made.size = static_cast<uint32_t>(field.size());
  if (field.size() > Field::kInlineMax) made.outside = std::make_unique_for_overwrite<char[]>(field.size());
  std::memcpy(made.outside ? made.outside.get() : made.inlined.data(), field.data(), field.size());
  bytes_.fetch_add(bytes_of(made), std::memory_order_relaxed);
  return id;
}

LabelId LabelTable::take_id() {
  MutexLock lock(ids_mutex_);
  if (!free_ids_.empty()) {
    const LabelId id = free_ids_.back();
    free_ids_.pop_back();
    return id;
  }
  const LabelId id = next_.load(std::memory_order_relaxed);
  SLUICE_CHECK(id != kNoLabel, "more labels than numbers");
  const unsigned segment = segment_of(id);
  if (id == segment_begin(segment)) {
    Segment& made = owned_.emplace_back();
    if (id < kLargeFrom) {
      made.small = std::make_unique<Field[]>(segment_size(segment));
    } else {
      made.large = MemoryRegion(MemoryRegion::Pages::kHuge, segment_size(segment) * sizeof(Field));
    }
    Field* const fields = made.large ? reinterpret_cast<Field*>(made.large.data()) : made.small.get();
    segments_[segment].store(fields, std::memory_order_release);
  }
  if (id >= kLargeFrom) new (&at(id)) Field;
  next_.store(id + 1, std::memory_order_release);
  return id;
}

size_t LabelTable::sweep(const std::function<bool(LabelId)>& in_use) {
  const uint32_t generation = generation_.load();
  std::vector<LabelId> gone;
  uint64_t bytes = 0;
  for (Stripe& stripe : stripes_) {
    const size_t before = gone.size();
    MutexLock lock(stripe.mutex);
    for (Place& place : stripe.places) {
      if (place.id == kNoLabel || in_use(place.id)) continue;
      Field& field = at(place.id);
      if (field.generation.load(std::memory_order_relaxed) == generation) continue;
      bytes += bytes_of(field);
      field.outside.reset();
      field.size = 0;
      gone.push_back(std::exchange(place.id, kNoLabel));
    }
    stripe.size -= gone.size() - before;
    // Searches stop at a free place, so what is left is put anew.
    if (gone.size() != before) grow(stripe, stripe.places.size());
  }
  bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  MutexLock lock(ids_mutex_);
  free_ids_.insert(free_ids_.end(), gone.begin(), gone.end());
  return gone.size();
}

}  // namespace sluice::tsdb
