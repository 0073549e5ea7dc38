#include "tsdb/memory_series.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <new>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "tsdb/chunk_rewrite.h"
#include "tsdb/same_bytes.h"
#include "tsdb/tombstones.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kLateOpenMax = 60;  // samples kept as they came before they become a chunk
// A series that ends leaves memory with its open chunk, unless it has fewer samples: it may be one that comes and goes.
constexpr uint16_t kEndedSamplesMin = 8;

// In a chunk that this program wrote.
std::optional<TypedSample> find_in_chunk(const ChunkView& chunk, TimestampMs t_ms) {
  auto found = find_sample(chunk, t_ms);
  return found ? std::move(*found) : std::nullopt;
}

// Walks a chain of full chunks from the newest on.
class ChainWalk {
 public:
  ChainWalk(const HeadChunks::Snapshot& chunks, HeadChunkRef newest) : chunks_(chunks), next_(newest) {}

  // False at the end, and at a damaged chunk.
  bool next() {
    at_ = next_;
    auto found = chunks_.chunk(at_);
    if (!found) status_ = std::unexpected(std::move(found).error());
    if (!found || !*found) return false;
    chunk_ = std::move((*found)->view);
    next_ = (*found)->previous;
    return true;
  }
  const ChunkView& chunk() const { return chunk_; }
  HeadChunkRef ref() const { return at_; }
  Result<void> status() const { return status_; }

 private:
  const HeadChunks::Snapshot& chunks_;
  HeadChunkRef next_;
  HeadChunkRef at_ = 0;
  ChunkView chunk_;
  Result<void> status_;
};

bool counts(HeadChunkRef ref, const ChunkView& late, const HeadView& view) {
  return head_segment_of(ref) >= view.late_segments_end || late.max_ms >= view.dropped_before_ms;
}

}  // namespace

struct MemorySeries::Late {
  std::vector<TypedSample> open;  // by time
  HeadChunkRef sealed = 0;
  TimestampMs min_ms = INT64_MAX;  // of all there ever were
  TimestampMs max_ms = INT64_MIN;
};

struct MemorySeries::Cut {
  HeadChunkRef base = 0;  // the chain from here on stays
  std::vector<ChunkView> kept;  // what stays of the chunks before it, the newest first
  std::vector<ChunkView> open;  // what stays of the open chunk, when something of it goes
  uint64_t sealed_removed = 0;  // samples
  uint64_t open_removed = 0;

  /// Takes what is outside of `range` of `chunk` into `to`, the newest first, and counts the rest.
  static Result<void> take(const ChunkView& chunk, model::TimeRange range, std::vector<ChunkView>& to,
                           uint64_t& removed) {
    if (chunk.max_ms < range.min_ms || chunk.min_ms > range.max_ms) {
      to.push_back(chunk);
      return {};
    }
    const uint64_t before = samples_in_chunk(chunk);
    if (range.contains(chunk.min_ms) && range.contains(chunk.max_ms)) {
      removed += before;
      return {};
    }
    SLUICE_ASSIGN(auto left, encode_anew({&chunk, 1}, subtract_intervals({chunk.min_ms, chunk.max_ms}, {&range, 1})));
    removed += before;
    for (const auto& one : left) removed -= samples_in_chunk(one);
    std::ranges::reverse(left);
    std::ranges::move(left, std::back_inserter(to));
    return {};
  }
};

struct MemorySeries::Typed {
  TypedChunkWriter open;
  TimestampMs min_ms = 0;  // of what is open
};

MemorySeries::MemorySeries(uint64_t ref, uint8_t shard, uint16_t label_count)
    : ref_(ref), label_count_(label_count), shard_(shard) {}
MemorySeries::~MemorySeries() = default;

MemorySeriesPtr make_memory_series(ObjectPool& pool, uint64_t ref, uint8_t shard, std::span<const LabelId> labels) {
  SLUICE_CHECK(labels.size() <= UINT16_MAX, "more labels than a series can have");
  void* const memory = pool.allocate(sizeof(MemorySeries) + labels.size_bytes());
  MemorySeriesPtr series(new (memory) MemorySeries(ref, shard, static_cast<uint16_t>(labels.size())), {&pool});
  if (!labels.empty()) std::memcpy(static_cast<void*>(series.get() + 1), labels.data(), labels.size_bytes());
  return series;
}

void MemorySeriesDelete::operator()(MemorySeries* series) const {
  const size_t size = series->object_bytes();
  series->~MemorySeries();
  pool->release(static_cast<void*>(series), size);
}

model::Labels MemorySeries::labels(const LabelTable& table) const {
  size_t size = 0;
  for (const LabelId id : label_ids()) size += table.field(id).size();
  std::string packed;
  packed.reserve(size);
  for (const LabelId id : label_ids()) packed += table.field(id);
  return model::Labels::from_packed(std::move(packed));
}

bool MemorySeries::begins(std::string_view bytes, const LabelTable& table, size_t& size) const {
  size_t at = 0;
  for (const LabelId id : label_ids()) {
    const std::string_view field = table.field(id);
    if (bytes.size() - at < field.size() || !same_bytes(bytes.data() + at, field.data(), field.size())) return false;
    at += field.size();
  }
  size = at;
  return true;
}

bool MemorySeries::has_labels(std::string_view packed, const LabelTable& table) const {
  size_t size = 0;
  return begins(packed, table, size) && size == packed.size();
}

bool MemorySeries::has_open_typed() const { return typed_ != nullptr && !typed_->open.empty(); }

TimestampMs MemorySeries::open_min_ms(const LinePool& lines) const {
  return has_open_typed() ? typed_->min_ms : open_.first_ms(lines);
}

void MemorySeries::append(model::Sample sample, HeadChunks& chunks, uint64_t& bytes_grown) {
  if (typed_ != nullptr) [[unlikely]] {
    append(TypedSample::from(sample), chunks, bytes_grown);
    return;
  }
  append_plain(sample, chunks, bytes_grown);
}

void MemorySeries::append(TypedSample sample, HeadChunks& chunks, uint64_t& bytes_grown) {
  if (typed_ != nullptr) sample = typed_->open.as_appended(std::move(sample));
  if (is_plain(sample)) {
    // What the writer remembers of the series ends with another type's sample in between.
    if (typed_ != nullptr) {
      seal_typed(chunks);
      typed_.reset();
    }
    append_plain({sample.t_ms, std::get<double>(sample.value)}, chunks, bytes_grown);
    return;
  }
  if (open_.samples() != 0) seal(chunks);
  if (typed_ == nullptr) {
    typed_ = std::make_unique<Typed>();
    bytes_grown += sizeof(Typed);
  }
  const size_t memory_before = typed_->open.memory_bytes();
  const bool is_same_range = block_range_begin(sample.t_ms) == block_range_begin(newest_ms());
  if (typed_->open.empty() || !is_same_range || !typed_->open.append(sample)) {
    seal_typed(chunks);
    SLUICE_CHECK(typed_->open.append(sample), "an empty chunk takes any sample");
    typed_->min_ms = sample.t_ms;
  }
  newest_ms_.store(sample.t_ms, std::memory_order_relaxed);
  bytes_grown += typed_->open.memory_bytes() - memory_before;
}

void MemorySeries::seal_typed(HeadChunks& chunks) {
  if (!has_open_typed()) return;
  const ChunkEncoding encoding = typed_->open.encoding();
  const std::string bytes = typed_->open.take();
  sealed_ = chunks.add(sealed_, {typed_->min_ms, newest_ms(), encoding, nullptr, bytes});
}

void MemorySeries::append_plain(model::Sample sample, HeadChunks& chunks, uint64_t& bytes_grown) {
  const size_t memory_before = open_.memory_bytes();
  // Series that began together would fill their chunks together for ever: the first one ends earlier, at some place.
  const auto samples_max =
      static_cast<uint16_t>(sealed_ != 0 ? kSamplesPerChunk : kSamplesPerChunk / 2 + ref_ % (kSamplesPerChunk / 2 + 1));
  if (open_.samples() >= samples_max ||
      (open_.samples() != 0 && block_range_begin(sample.t_ms) != block_range_begin(newest_ms()))) {
    seal(chunks);
  }
  open_.append(chunks.lines(), sample.t_ms, sample.value);
  newest_ms_.store(sample.t_ms, std::memory_order_relaxed);
  if (open_.samples() >= kEndedSamplesMin && model::is_stale(sample.value)) seal(chunks);
  bytes_grown += open_.memory_bytes() - memory_before;  // wraps around where less is held than before
}

void MemorySeries::seal(HeadChunks& chunks) {
  const TimestampMs min_ms = open_min_ms(chunks.lines());
  const std::string bytes = open_.take(chunks.lines());
  sealed_ = chunks.add(sealed_, {min_ms, newest_ms(), ChunkEncoding::kXor, nullptr, bytes});
}

void MemorySeries::seal_open(HeadChunks& chunks) {
  if (open_.samples() != 0) seal(chunks);
  seal_typed(chunks);
  typed_.reset();
}

// Of a series that has one; a copy.
ChunkView MemorySeries::open_view(const LinePool& lines) const {
  const bool is_typed = has_open_typed();
  return make_chunk_view(open_min_ms(lines), newest_ms(), is_typed ? typed_->open.encoding() : ChunkEncoding::kXor,
                         is_typed ? typed_->open.chunk() : open_.chunk(lines));
}

std::optional<TypedSample> MemorySeries::find(TimestampMs t_ms, const HeadView& view) const {
  if (t_ms >= view.dropped_before_ms && t_ms <= newest_ms()) {
    if (auto found = find_in_order(t_ms, view)) return found;
  }
  return late_ != nullptr ? find_late(t_ms, view) : std::nullopt;
}

std::optional<TypedSample> MemorySeries::find_in_order(TimestampMs t_ms, const HeadView& view) const {
  const TimestampMs newest = newest_ms();
  if (open_.samples() > 0 && t_ms == newest) return TypedSample::from(model::Sample{t_ms, open_.last_value()});
  const LinePool& lines = view.chunks.lines();
  if (open_.samples() > 0 && t_ms >= open_.first_ms(lines)) {
    const std::string bytes = open_.chunk(lines);
    return find_in_chunk({open_.first_ms(lines), newest, ChunkEncoding::kXor, nullptr, bytes}, t_ms);
  }
  if (has_open_typed() && t_ms >= typed_->min_ms) {
    const std::string bytes = typed_->open.chunk();
    return find_in_chunk({typed_->min_ms, newest, typed_->open.encoding(), nullptr, bytes}, t_ms);
  }
  ChainWalk walk(view.chunks, sealed_);
  while (walk.next() && walk.chunk().max_ms >= t_ms) {
    if (walk.chunk().min_ms <= t_ms) return find_in_chunk(walk.chunk(), t_ms);
  }
  return std::nullopt;
}

std::optional<TypedSample> MemorySeries::find_late(TimestampMs t_ms, const HeadView& view) const {
  if (t_ms < late_->min_ms || t_ms > late_->max_ms) return std::nullopt;
  const auto at = std::ranges::lower_bound(late_->open, t_ms, {}, &TypedSample::t_ms);
  if (at != late_->open.end() && at->t_ms == t_ms) return *at;
  ChainWalk walk(view.chunks, late_->sealed);
  while (walk.next()) {
    const ChunkView& chunk = walk.chunk();
    const bool may_have = chunk.min_ms <= t_ms && t_ms <= chunk.max_ms && counts(walk.ref(), chunk, view);
    if (!may_have) continue;
    if (auto found = find_in_chunk(chunk, t_ms)) return found;
  }
  return std::nullopt;
}

void MemorySeries::append_late(TypedSample sample, HeadChunks& chunks, uint64_t& bytes_grown) {
  if (!late_) {
    late_ = std::make_unique<Late>();
    bytes_grown += sizeof(Late);
  }
  auto& open = late_->open;
  const size_t capacity_before = open.capacity();
  late_->min_ms = std::min(late_->min_ms, sample.t_ms);
  late_->max_ms = std::max(late_->max_ms, sample.t_ms);
  const auto place = std::ranges::upper_bound(open, sample.t_ms, {}, &TypedSample::t_ms);
  open.insert(place, std::move(sample));
  if (open.size() >= kLateOpenMax) seal_late(INT64_MAX, chunks);
  bytes_grown += (open.capacity() - capacity_before) * sizeof(TypedSample);
}

void MemorySeries::seal_late(TimestampMs before_ms, HeadChunks& chunks) {
  if (!late_) return;
  auto& open = late_->open;
  size_t sealed = 0;
  while (sealed < open.size() && (before_ms == INT64_MAX || open[sealed].t_ms < before_ms)) {
    const TimestampMs range = block_range_begin(open[sealed].t_ms);
    size_t end = sealed + 1;
    while (end < open.size() && block_range_begin(open[end].t_ms) == range) ++end;
    for (const auto& chunk : encode_chunks(std::span(open).subspan(sealed, end - sealed))) {
      late_->sealed = chunks.add(late_->sealed, chunk);
    }
    sealed = end;
  }
  open.erase(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(sealed));
}

Result<MemorySeries::Cut> MemorySeries::cut_in_order(model::TimeRange range, const HeadView& view) const {
  Cut cut;
  cut.base = sealed_;
  const TimestampMs newest = newest_ms();
  const TimestampMs from = std::max(range.min_ms, view.dropped_before_ms);
  if (newest == INT64_MIN || newest < from || range.max_ms < from) return cut;
  const model::TimeRange counting{from, range.max_ms};
  const LinePool& lines = view.chunks.lines();
  if (has_open() && open_min_ms(lines) <= range.max_ms) {
    SLUICE_TRY(Cut::take(open_view(lines), counting, cut.open, cut.open_removed));
  }
  ChainWalk walk(view.chunks, sealed_);
  while (walk.next() && walk.chunk().max_ms >= from) {
    SLUICE_TRY(Cut::take(walk.chunk(), counting, cut.kept, cut.sealed_removed));
  }
  SLUICE_TRY(walk.status());
  cut.base = walk.ref();
  return cut;
}

Result<MemorySeries::Cut> MemorySeries::cut_late(model::TimeRange range, const HeadView& view) const {
  Cut cut;
  if (!late_ || late_->min_ms > range.max_ms || late_->max_ms < range.min_ms) return cut;
  ChainWalk walk(view.chunks, late_->sealed);
  while (walk.next()) {
    if (!counts(walk.ref(), walk.chunk(), view)) continue;
    SLUICE_TRY(Cut::take(walk.chunk(), range, cut.kept, cut.sealed_removed));
  }
  SLUICE_TRY(walk.status());
  for (const auto& sample : late_->open) cut.open_removed += range.contains(sample.t_ms) ? 1 : 0;
  return cut;
}

// What an open chunk was cut to becomes full chunks: an open one ends with the newest sample, always.
uint64_t MemorySeries::replace_in_order(Cut cut, HeadChunks& chunks) {
  if (cut.sealed_removed != 0) {
    sealed_ = cut.base;
    for (auto chunk = cut.kept.rbegin(); chunk != cut.kept.rend(); ++chunk) sealed_ = chunks.add(sealed_, *chunk);
  }
  if (cut.open_removed != 0) {
    if (open_.samples() != 0) (void)open_.take(chunks.lines());
    typed_.reset();
    for (auto chunk = cut.open.rbegin(); chunk != cut.open.rend(); ++chunk) sealed_ = chunks.add(sealed_, *chunk);
  }
  return cut.sealed_removed + cut.open_removed;
}

uint64_t MemorySeries::replace_late(Cut cut, model::TimeRange range, HeadChunks& chunks) {
  const uint64_t removed = cut.sealed_removed + cut.open_removed;
  if (removed == 0) return 0;
  std::erase_if(late_->open, [&](const TypedSample& sample) { return range.contains(sample.t_ms); });
  late_->sealed = 0;
  restart_late(cut.kept, chunks);
  return removed;
}

Result<uint64_t> MemorySeries::delete_range(model::TimeRange range, const HeadView& view, HeadChunks& chunks) {
  SLUICE_ASSIGN(auto in_order, cut_in_order(range, view));
  SLUICE_ASSIGN(auto late, cut_late(range, view));
  const uint64_t removed = replace_in_order(std::move(in_order), chunks);
  return removed + replace_late(std::move(late), range, chunks);
}

std::optional<TimestampMs> MemorySeries::deleted_newest_ms(const HeadView& view) const {
  const TimestampMs newest = newest_ms();
  if (has_open() || newest == INT64_MIN || newest < view.dropped_before_ms) return std::nullopt;
  ChainWalk walk(view.chunks, sealed_);
  if (walk.next() ? walk.chunk().max_ms == newest : !walk.status()) return std::nullopt;
  return newest;
}

// Makes these, the newest first, the late chunks there are.
void MemorySeries::restart_late(std::span<const ChunkView> kept, HeadChunks& chunks) {
  late_->min_ms = INT64_MAX;
  late_->max_ms = INT64_MIN;
  for (size_t i = kept.size(); i > 0; --i) restore_late_chunk(kept[i - 1], chunks);
  for (const auto& sample : late_->open) {
    late_->min_ms = std::min(late_->min_ms, sample.t_ms);
    late_->max_ms = std::max(late_->max_ms, sample.t_ms);
  }
  if (late_->open.empty() && kept.empty()) late_.reset();
}

void MemorySeries::forget_dropped(const HeadView& view, HeadChunks& chunks) {
  // An open chunk is dropped whole or not at all: drops happen at ends of blocks of time. Chains of full ones end by
  // themselves where their segments are removed.
  if (newest_ms() < view.dropped_before_ms) {
    if (open_.samples() > 0) (void)open_.take(chunks.lines());
    typed_.reset();
  }
  if (!late_) return;
  std::vector<ChunkView> kept;
  ChainWalk walk(view.chunks, std::exchange(late_->sealed, 0));
  while (walk.next()) {
    if (counts(walk.ref(), walk.chunk(), view)) kept.push_back(walk.chunk());
  }
  // Copied into new segments, since what was dropped ties the old ones together.
  restart_late(kept, chunks);
}

bool MemorySeries::overlaps(model::TimeRange range, const HeadView& view) const {
  if (has_late_near(range, view)) return true;
  const TimestampMs newest = newest_ms();
  const TimestampMs from = std::max(range.min_ms, view.dropped_before_ms);
  if (newest < from || newest == INT64_MIN) return false;
  // What is open ends with the newest sample.
  const LinePool& lines = view.chunks.lines();
  if (has_open() && (newest <= range.max_ms || open_min_ms(lines) <= range.max_ms)) return true;
  ChainWalk walk(view.chunks, sealed_);
  while (walk.next() && walk.chunk().max_ms >= from) {
    if (walk.chunk().min_ms <= range.max_ms) return true;
  }
  return !walk.status();  // reading a damaged chunk will tell
}

// What a drop has made void may be there for a while.
bool MemorySeries::has_late_near(model::TimeRange range, const HeadView& view) const {
  if (!late_ || late_->min_ms > range.max_ms || late_->max_ms < range.min_ms) return false;
  const auto open = std::ranges::lower_bound(late_->open, range.min_ms, {}, &TypedSample::t_ms);
  if (open != late_->open.end() && open->t_ms <= range.max_ms) return true;
  ChainWalk walk(view.chunks, late_->sealed);
  while (walk.next()) {
    const ChunkView& chunk = walk.chunk();
    if (chunk.min_ms <= range.max_ms && chunk.max_ms >= range.min_ms && counts(walk.ref(), chunk, view)) return true;
  }
  return !walk.status();  // reading a damaged chunk will tell
}

bool MemorySeries::is_empty(const HeadView& view) const {
  return !late_ && (newest_ms() == INT64_MIN || newest_ms() < view.dropped_before_ms);
}

Result<SeriesChunks> MemorySeries::chunks(model::TimeRange range, const HeadView& view) const {
  SeriesChunks found;
  SLUICE_TRY(in_order_chunks(range, view, found.in_order));
  if (late_ && late_->min_ms <= range.max_ms && late_->max_ms >= range.min_ms) {
    SLUICE_TRY(late_chunks(range, view, found.late));
  }
  return found;
}

Result<void> MemorySeries::in_order_chunks(model::TimeRange range, const HeadView& view,
                                           std::vector<ChunkView>& out) const {
  const TimestampMs from = std::max(range.min_ms, view.dropped_before_ms);
  const TimestampMs newest = newest_ms();
  if (newest == INT64_MIN || newest < from) return {};
  if (has_open()) {
    const LinePool& lines = view.chunks.lines();
    const TimestampMs min_ms = open_min_ms(lines);
    if (min_ms <= range.max_ms) out.push_back(open_view(lines));
    if (min_ms <= from) return {};
  }
  ChainWalk walk(view.chunks, sealed_);
  while (walk.next() && walk.chunk().max_ms >= from) {
    if (walk.chunk().min_ms <= range.max_ms) out.push_back(walk.chunk());
  }
  std::ranges::reverse(out);
  return walk.status();
}

Result<void> MemorySeries::late_chunks(model::TimeRange range, const HeadView& view,
                                       std::vector<ChunkView>& out) const {
  ChainWalk walk(view.chunks, late_->sealed);
  while (walk.next()) {
    const ChunkView& chunk = walk.chunk();
    const bool overlaps = chunk.min_ms <= range.max_ms && chunk.max_ms >= range.min_ms;
    if (overlaps && counts(walk.ref(), chunk, view)) out.push_back(chunk);
  }
  for (auto& chunk : encode_chunks(late_->open)) out.push_back(std::move(chunk));
  return walk.status();
}

void MemorySeries::restore_chunk(const ChunkView& chunk, HeadChunks& chunks) {
  sealed_ = chunks.add(sealed_, chunk);
  newest_ms_.store(chunk.max_ms, std::memory_order_relaxed);
}

void MemorySeries::restore_late_chunk(const ChunkView& chunk, HeadChunks& chunks) {
  if (!late_) late_ = std::make_unique<Late>();
  late_->sealed = chunks.add(late_->sealed, chunk);
  late_->min_ms = std::min(late_->min_ms, chunk.min_ms);
  late_->max_ms = std::max(late_->max_ms, chunk.max_ms);
}

void MemorySeries::restore_newest(TimestampMs newest_ms, HeadChunks& chunks) {
  if (newest_ms <= this->newest_ms()) return;
  seal_open(chunks);
  newest_ms_.store(newest_ms, std::memory_order_relaxed);
}

uint64_t MemorySeries::bytes() const {
  uint64_t total = object_bytes() + open_.memory_bytes();
  if (late_) total += sizeof(Late) + late_->open.capacity() * sizeof(TypedSample);
  if (typed_) total += sizeof(Typed) + typed_->open.memory_bytes();
  return total;
}

}  // namespace sluice::tsdb
