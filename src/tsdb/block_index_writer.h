#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "model/labels.h"
#include "tsdb/block_index.h"
#include "tsdb/file_appender.h"
#include "tsdb/label_pairs.h"

namespace sluice::tsdb {

/// Writes the index of a block, as Prometheus 3 does: without the lists of label values that older versions wrote and
/// nobody read.
///
/// An index begins with every string of it, and its series name their strings by number. Rather than asking for the
/// series twice (the head changes between two walks; a compaction decodes chunks), each series goes to a scratch file
/// beside the index, as numbers of labels, and into the index once all strings are known. In memory are the strings
/// and labels, once each, 4 bytes for each series, and 4 for each posting of a batch: for a million series of 20
/// labels 200 to 300 MB. Not thread-safe.
class BlockIndexWriter {
 public:
  /// Labels of the series whose postings are gathered in one walk over the scratch file.
  static constexpr uint64_t kPostingsInMemoryMax = 16 << 20;

  /// `path` and `path`.series must not exist; the latter is removed by finish(). `fs` must outlive the writer.
  static Result<BlockIndexWriter> create(FileSystem& fs, std::string path,
                                         uint64_t postings_in_memory_max = kPostingsInMemoryMax);

  /// Labels must increase from series to series (kInternal if they do not), chunks in time and in the file.
  Result<void> add(const model::Labels& labels, std::span<const ChunkMeta> chunks);
  /// Writes the index, durable but for its name. The last call.
  Result<void> finish();

 private:
  BlockIndexWriter(FileSystem& fs, std::string path, FileAppender index, FileAppender scratch,
                   uint64_t postings_in_memory_max);

  template <class Visit>
  Result<void> for_each_series(Visit visit) const;
  Result<void> write_symbols();
  Result<void> write_series();
  Result<void> write_postings();
  Result<void> write_postings_of(std::span<const uint32_t> labels);
  Result<void> append_postings(std::span<const uint32_t> series);
  Result<void> write_postings_table();

  FileSystem& fs_;
  std::string path_;
  FileAppender index_;
  FileAppender scratch_;
  uint64_t postings_in_memory_max_;
  LabelPairs pairs_;
  model::Labels previous_;
  std::vector<uint32_t> numbers_;  // of the series being added
  std::string buffer_;
  // From finish() on.
  std::shared_ptr<const MappedFile> series_;  // the scratch file
  std::vector<uint32_t> series_numbers_;
  uint64_t postings_begin_ = 0;
  IndexContents contents_;
};

}  // namespace sluice::tsdb
