#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/file_system.h"
#include "base/result.h"
#include "model/labels.h"
#include "tsdb/block_format.h"
#include "tsdb/index_tables.h"

namespace sluice::tsdb {

/// A list of series numbers in the index, increasing, read in place: big-endian 32-bit integers. Borrows its bytes.
class StoredPostings {
 public:
  StoredPostings() = default;
  explicit StoredPostings(std::string_view bytes) : bytes_(bytes) {}  ///< a multiple of 4 of them

  size_t size() const { return bytes_.size() / sizeof(uint32_t); }
  bool empty() const { return bytes_.empty(); }
  uint32_t operator[](size_t i) const { return load_be<uint32_t>(bytes_.data() + i * sizeof(uint32_t)); }

 private:
  std::string_view bytes_;
};

/// Where the sections of an index begin, as its last bytes say.
struct IndexContents {
  uint64_t symbols = 0;
  uint64_t series = 0;
  uint64_t label_indices = 0;  ///< where the series end; older writers put lists of values there, which nobody reads
  uint64_t label_indices_table = 0;
  uint64_t postings = 0;
  uint64_t postings_table = 0;
};

/// The entry of one series, its checksum checked, its labels still numbers of symbols.
struct SeriesEntry {
  std::string_view labels;  ///< count, then pairs of varints
  std::string_view chunks;  ///< count, then the first chunk, then deltas
  uint64_t offset = 0;      ///< of the entry in the file
  uint64_t end = 0;         ///< of its checksum
};

/// The `index` of a block, version 2 (Prometheus, tsdb/docs/format/index.md), read in place from a mapped file. A
/// series is named by its number: the offset of its entry, divided by 16.
///
/// Every access is checked: whatever the bytes, a call yields data or kDataLoss naming file and offset. Checksums are
/// checked when something is read. Thread-safe.
class BlockIndex {
 public:
  static constexpr uint64_t kSeriesAlignment = 16;

  /// Reads the table of contents, the symbols and the table of postings. `path` is for errors.
  static Result<BlockIndex> open(std::shared_ptr<const MappedFile> file, std::string path);

  /// Of the series that have the label; empty when there are none.
  Result<StoredPostings> postings(std::string_view name, std::string_view value) const;
  /// The list at an offset that the table of postings gave.
  Result<StoredPostings> postings_at(uint64_t offset) const;
  Result<StoredPostings> all_series() const { return postings({}, {}); }

  Result<SeriesEntry> series(uint32_t number) const;
  /// The entry at an offset of the file, for a walk through the section.
  Result<SeriesEntry> series_at(uint64_t offset) const;
  Result<model::Labels> labels(const SeriesEntry& entry) const;
  /// Replaces `out` by the series' chunks, in time order; none overlaps another.
  Result<void> chunks(const SeriesEntry& entry, std::vector<ChunkMeta>& out) const;

  const SymbolTable& symbols() const { return symbols_; }
  const PostingsTable& postings_table() const { return postings_; }
  const IndexContents& contents() const { return contents_; }
  const std::string& path() const { return path_; }
  std::string_view file() const { return file_->bytes(); }
  uint64_t bytes() const { return file_->bytes().size(); }
  size_t memory_bytes() const { return symbols_.memory_bytes() + postings_.memory_bytes(); }

 private:
  BlockIndex(std::shared_ptr<const MappedFile> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> read_contents();
  std::unexpected<Error> damaged(uint64_t offset, std::string_view what) const;

  std::shared_ptr<const MappedFile> file_;
  std::string path_;
  IndexContents contents_;
  SymbolTable symbols_;
  PostingsTable postings_;
};

/// The header of an index, and its table of contents: what a writer writes.
std::string encode_index_header();
std::string encode_index_contents(const IndexContents& contents);
/// Appends chunks as an entry holds them.
void encode_chunk_metas(std::span<const ChunkMeta> chunks, std::string& out);

}  // namespace sluice::tsdb
