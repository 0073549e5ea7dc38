#include "tsdb/series_recognizer.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "tsdb/same_bytes.h"

namespace sluice::tsdb {
namespace {

// After this many series in a row that were not known, only one of as many is looked up.
constexpr uint32_t kMissesMax = 16;

// The ranks at which two lists of one length differ, as bits.
uint64_t differences(std::span<const LabelId> a, std::span<const LabelId> b) {
  uint64_t bits = 0;
  for (size_t rank = 0; rank < a.size(); ++rank) bits |= static_cast<uint64_t>(a[rank] != b[rank]) << rank;
  return bits;
}

bool next_bytes_are(std::string_view entry, size_t& at, std::string_view expected) {
  if (entry.size() - at < expected.size() || !same_bytes(entry.data() + at, expected.data(), expected.size())) {
    return false;
  }
  at += expected.size();
  return true;
}

}  // namespace

// Fills offsets_.
bool SeriesRecognizer::begins(std::string_view entry, const MemorySeries& series) {
  const auto ids = series.label_ids();
  if (ids.size() > kLabelsMax) return false;
  const auto before = previous_ != nullptr ? previous_->label_ids() : std::span<const LabelId>();
  return before.size() == ids.size() ? begins_alike(entry, ids) : begins_unlike(entry, ids, before);
}

// A label more or less in the middle: what is before and behind is the same.
bool SeriesRecognizer::begins_unlike(std::string_view entry, std::span<const LabelId> ids,
                                     std::span<const LabelId> before) {
  const size_t common = std::min(ids.size(), before.size());
  size_t front = 0;
  while (front < common && ids[front] == before[front]) ++front;
  size_t back = 0;
  while (back < common - front && ids[ids.size() - 1 - back] == before[before.size() - 1 - back]) ++back;

  const Offsets& offsets_before = *previous_offsets_;
  Offsets& offsets = *offsets_;
  size_t at = 0;
  if (front != 0) {
    std::copy_n(offsets_before.begin(), front, offsets.begin());
    if (!next_bytes_are(entry, at, previous_entry_.substr(0, offsets_before[front]))) return false;
  }
  for (size_t rank = front; rank < ids.size() - back; ++rank) {
    offsets[rank] = static_cast<uint32_t>(at);
    if (!next_bytes_are(entry, at, head_->labels_.field(ids[rank]))) return false;
  }
  if (back != 0) {
    const size_t same = before.size() - back;
    const uint32_t same_at = offsets_before[same];
    const auto shift = static_cast<uint32_t>(at) - same_at;
    for (size_t i = 0; i < back; ++i) offsets[ids.size() - back + i] = offsets_before[same + i] + shift;
    if (!next_bytes_are(entry, at, previous_entry_.substr(same_at, offsets_before[before.size()] - same_at))) {
      return false;
    }
  }
  offsets[ids.size()] = static_cast<uint32_t>(at);
  return true;
}

bool SeriesRecognizer::begins_alike(std::string_view entry, std::span<const LabelId> ids) {
  const size_t count = ids.size();
  const Offsets& before = *previous_offsets_;
  Offsets& offsets = *offsets_;
  uint64_t differing = differences(ids, previous_->label_ids());
  size_t at = 0;
  for (size_t rank = 0;; ++rank) {
    const size_t end = differing != 0 ? static_cast<size_t>(std::countr_zero(differing)) : count;
    const uint32_t same_at = before[rank];
    const auto shift = static_cast<uint32_t>(at) - same_at;
    for (size_t same = rank; same < end; ++same) offsets[same] = before[same] + shift;
    if (!next_bytes_are(entry, at, previous_entry_.substr(same_at, before[end] - same_at))) return false;
    offsets[end] = static_cast<uint32_t>(at);
    if (end == count) return true;
    if (!next_bytes_are(entry, at, head_->labels_.field(ids[end]))) return false;
    differing &= differing - 1;
    rank = end;
  }
}

model::KnownSeries SeriesRecognizer::recognize_next(std::string_view entry, size_t& labels_size) {
  MemorySeries* const series = previous_ != nullptr ? previous_->follower() : nullptr;
  if (series == nullptr || series->doomed.load(std::memory_order_relaxed) || !begins(entry, *series)) return {};
  labels_size = (*offsets_)[series->label_ids().size()];
  return found(*series, entry);
}

// A set has one packed form: bytes that equal no series' are another set, or for the full decoder to make out.
model::KnownSeries SeriesRecognizer::recognize(std::string_view encoded_labels) {
  if (misses_ >= kMissesMax && ++misses_ % kMissesMax != 0) return {};
  MemorySeries* const series = head_->find_defined(model::hash_packed(encoded_labels), encoded_labels);
  if (series == nullptr || !begins(encoded_labels, *series)) {
    ++misses_;
    return {};
  }
  if (previous_ != nullptr) previous_->set_follower(series);
  return found(*series, encoded_labels);
}

// Asks for what the next calls will read: the object after the next one, and the labels by which the next one, whose
// object was asked for in the call before, differs.
void SeriesRecognizer::prefetch_after(const MemorySeries& series) {
  const MemorySeries* const next = series.follower();
  if (next == nullptr) return;
  const auto ids = series.label_ids();
  const auto next_ids = next->label_ids();
  if (ids.size() == next_ids.size()) {
    for (uint64_t differing = differences(ids, next_ids); differing != 0; differing &= differing - 1) {
      head_->labels_.prefetch(next_ids[static_cast<size_t>(std::countr_zero(differing))]);
    }
  }
  if (const MemorySeries* second = next->follower()) second->prefetch();
}

model::KnownSeries SeriesRecognizer::found(MemorySeries& series, std::string_view entry) {
  misses_ = 0;
  previous_ = &series;
  previous_entry_ = entry;
  previous_offsets_.swap(offsets_);
  prefetch_after(series);
  return {&series};
}

}  // namespace sluice::tsdb
