#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "tsdb/block.h"
#include "tsdb/block_select.h"

/// The thorough reading of a block.
namespace sluice::tsdb {
namespace {

constexpr uint64_t kIndexHeaderSize = 5;
constexpr uint64_t kIndexContentsSize = 6 * sizeof(uint64_t) + kChecksumSize;
constexpr uint64_t kSectionAlignment = 4;
constexpr uint64_t kPaddingMax = BlockIndex::kSeriesAlignment - 1;

/// What of a file was read and found right. What is left should be a few zeros for alignment: a checksum covers all
/// else.
class Coverage {
 public:
  void add(uint64_t begin, uint64_t end) { extents_.push_back({begin, end}); }

  /// The first byte that is neither covered nor padding, or that is covered twice.
  std::optional<uint64_t> first_flaw(std::string_view file) {
    std::ranges::sort(extents_);
    add(file.size(), file.size());
    uint64_t at = 0;
    for (const auto& [begin, end] : extents_) {
      if (begin < at) return begin;
      const auto gap = file.substr(at, begin - at);
      const size_t stray = gap.find_first_not_of('\0');
      if (stray != std::string_view::npos) return at + stray;
      if (gap.size() > kPaddingMax) return at;
      at = end;
    }
    return std::nullopt;
  }

 private:
  std::vector<std::pair<uint64_t, uint64_t>> extents_;
};

}  // namespace

class BlockVerifier {
 public:
  explicit BlockVerifier(const Block& block)
      : block_(block), index_(block.files_->index), segments_(block.files_->segments) {}

  std::vector<std::string> run() {
    covered_segments_.resize(segments_.size());
    if (check_series()) {
      check_postings();
      check_tombstones();
      check_stats();
    }
    check_coverage();
    if (problems_.size() > limits::kBlockProblemsMax) {
      const size_t more = problems_.size() - limits::kBlockProblemsMax;
      problems_.resize(limits::kBlockProblemsMax);
      report(fmt::format("{}: and {} problems more", block_.directory_, more));
    }
    return std::move(problems_);
  }

 private:
  void report(std::string problem) { problems_.push_back(std::move(problem)); }
  void report(const Error& error) { report(error.message); }
  void report_index(uint64_t offset, std::string_view what) {
    report(fmt::format("{}: at offset {}: {}", index_.path(), offset, what));
  }

  // False when the list of all series cannot be read.
  bool check_series() {
    const auto all = index_.all_series();
    if (!all) {
      report(all.error());
      return false;
    }
    model::Labels previous;
    for (size_t i = 0; i < all->size(); ++i) {
      const uint32_t number = (*all)[i];
      if (!numbers_.empty() && number <= numbers_.back()) {
        report_index(number * BlockIndex::kSeriesAlignment, "the list of all series is not sorted");
      }
      numbers_.push_back(number);
      const auto entry = index_.series(number);
      if (!entry) {
        report(entry.error());
        continue;
      }
      covered_index_.add(entry->offset, entry->end + kChecksumSize);
      check_labels(*entry, previous);
      check_chunks(*entry);
    }
    return true;
  }

  void check_labels(const SeriesEntry& entry, model::Labels& previous) {
    auto labels = index_.labels(entry);
    if (!labels) return report(labels.error());
    if (*labels <= previous) report_index(entry.offset, "a series whose labels are not after those of the one before");
    labels_ += labels->size();
    previous = *std::move(labels);
  }

  void check_chunks(const SeriesEntry& entry) {
    if (auto read = index_.chunks(entry, chunks_); !read) return report(read.error());
    stats_.chunks += chunks_.size();
    for (const auto& chunk : chunks_) {
      if (chunk.min_ms < block_.meta_.min_ms || chunk.max_ms >= block_.meta_.max_ms) {
        report_index(entry.offset, fmt::format("a chunk from {} to {}, and the block is from {} to {}", chunk.min_ms,
                                               chunk.max_ms, block_.meta_.min_ms, block_.meta_.max_ms));
      }
      const auto view = segments_.chunk(chunk);
      if (!view) {
        report(view.error());
        continue;
      }
      const uint32_t segment = chunk_segment(chunk.ref);
      const auto end = view->bytes.data() + view->bytes.size() - segments_.file(segment).data();
      covered_segments_[segment].add(chunk_offset(chunk.ref), static_cast<uint64_t>(end) + kChecksumSize);
      check_samples(chunk, *view);
    }
  }

  void check_samples(const ChunkMeta& chunk, const ChunkView& view) {
    column_.clear();
    stats_.samples += samples_in_chunk(view);
    if (auto read = block_.read_chunks({&chunk, 1}, {}, column_); !read) return report(read.error());
    const bool is_as_said = column_.size() == samples_in_chunk(view) && column_.size() > 0 &&
                            column_.t_ms.front() == chunk.min_ms && column_.t_ms.back() == chunk.max_ms;
    if (is_as_said) return;
    report(fmt::format("{}: a chunk of {} samples is not from {} to {}, as the index says", block_.where(chunk),
                       column_.size(), chunk.min_ms, chunk.max_ms));
  }

  void check_postings() {
    const auto& table = index_.postings_table();
    uint64_t labels = 0;
    check_list({}, {});
    for (const auto name : table.names()) {
      auto values = table.values(name);
      while (values.next()) labels += check_list(name, values.value());
    }
    if (labels != labels_) {
      report(fmt::format("{}: the lists of labels name {} series, and the series have {} labels", index_.path(), labels,
                         labels_));
    }
  }

  // Returns its size.
  size_t check_list(std::string_view name, std::string_view value) {
    const uint64_t offset = index_.postings_table().find(name, value).value_or(0);
    const auto list = index_.postings_at(offset);
    if (!list) {
      report(list.error());
      return 0;
    }
    covered_index_.add(offset, offset + 2 * sizeof(uint32_t) + list->size() * sizeof(uint32_t) + kChecksumSize);
    for (size_t i = 0; i < list->size() && !name.empty(); ++i) {
      const uint32_t number = (*list)[i];
      const auto entry = index_.series(number);
      const auto labels = entry ? index_.labels(*entry) : Result<model::Labels>(std::unexpected(entry.error()));
      const bool is_right = std::ranges::binary_search(numbers_, number) && labels && labels->get(name) == value;
      if (is_right && (i == 0 || (*list)[i - 1] < number)) continue;
      report_index(offset, fmt::format("the list of {}=\"{}\" has a series {} that it should not have, or not there",
                                       name, value, number));
      break;
    }
    return list->size();
  }

  void check_tombstones() {
    for (const auto& [series, intervals] : block_.tombstones_.by_series()) {
      const bool is_known = series <= UINT32_MAX && std::ranges::binary_search(numbers_, static_cast<uint32_t>(series));
      if (is_known) continue;
      report(fmt::format("{}: intervals of a series {} that is not in the index",
                         join_path(block_.directory_, kBlockTombstonesFile), series));
    }
  }

  void check_stats() {
    stats_.series = numbers_.size();
    const auto& said = block_.meta_.stats;
    const std::tuple<const char*, uint64_t, uint64_t> rows[] = {{"numSamples", said.samples, stats_.samples},
                                                                {"numSeries", said.series, stats_.series},
                                                                {"numChunks", said.chunks, stats_.chunks}};
    for (const auto& [name, wanted, found] : rows) {
      if (wanted == found) continue;
      report(fmt::format("{}: {} says {}, and the block has {}", join_path(block_.directory_, kBlockMetaFile), name,
                         wanted, found));
    }
  }

  // Bytes that nothing names are as suspect as those with a wrong checksum. Only asked when all else is well: what
  // could not be read is not covered, and was reported.
  void check_coverage() {
    if (!problems_.empty()) return;
    const auto& contents = index_.contents();
    covered_index_.add(0, kIndexHeaderSize);
    covered_index_.add(index_.bytes() - kIndexContentsSize, index_.bytes());
    cover_section(contents.symbols);
    cover_section(contents.postings_table);
    if (contents.label_indices_table != contents.postings_table) cover_section(contents.label_indices_table);
    for (uint64_t at = contents.label_indices; at < contents.postings;) {
      at += (kSectionAlignment - at % kSectionAlignment) % kSectionAlignment;
      if (at >= contents.postings || !(at = cover_section(at))) break;
    }
    if (const auto flaw = covered_index_.first_flaw(index_.file())) report_index(*flaw, kStray);
    for (size_t i = 0; i < segments_.size(); ++i) {
      covered_segments_[i].add(0, kSegmentHeaderSize - kSegmentHeaderZeros);
      const auto flaw = covered_segments_[i].first_flaw(segments_.file(i));
      if (flaw) report(fmt::format("{}: at offset {}: {}", segments_.path(i), *flaw, kStray));
    }
  }

  // Returns its end, or 0 when it is damaged.
  uint64_t cover_section(uint64_t offset) {
    const auto content = read_section(index_.file(), offset);
    if (!content) {
      report(fmt::format("{}: {}", index_.path(), content.error().message));
      return 0;
    }
    const uint64_t end = offset + sizeof(uint32_t) + content->size() + kChecksumSize;
    covered_index_.add(offset, end);
    return end;
  }

  static constexpr std::string_view kStray = "bytes that belong to nothing, or to two things";

  const Block& block_;
  const BlockIndex& index_;
  const ChunkSegments& segments_;
  std::vector<std::string> problems_;
  std::vector<uint32_t> numbers_;  // of all series
  uint64_t labels_ = 0;            // of all series together
  BlockStats stats_;
  Coverage covered_index_;
  std::vector<Coverage> covered_segments_;
  std::vector<ChunkMeta> chunks_;
  model::SampleColumn column_;
};

std::vector<std::string> Block::verify() const { return BlockVerifier(*this).run(); }

}  // namespace sluice::tsdb
