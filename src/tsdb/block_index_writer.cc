#include "tsdb/block_index_writer.h"

#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "base/coding.h"
#include "base/crc32c.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kScratchSuffix = ".series";
constexpr size_t kPostingsAlignment = 4;
constexpr uint64_t kKeysPerEntry = 2;

// Of a list of postings: size, count, one for each series, checksum. Always a multiple of kPostingsAlignment.
constexpr uint64_t postings_size(uint64_t series) { return 4 + 4 + 4 * series + kChecksumSize; }

uint64_t prefixed_size(std::string_view text) { return varint_size(text.size()) + text.size(); }

std::unexpected<Error> too_large(const std::string& path, std::string_view what, uint64_t size) {
  return fail(ErrorCode::kTooLarge,
              fmt::format("{}: {} of {} bytes, and the format takes {} at most", path, what, size, UINT32_MAX));
}

// Walks the scratch file: it was written by this process a moment ago, yet through a disk.
std::unexpected<Error> damaged_scratch(const std::string& path) {
  return fail(ErrorCode::kIo, fmt::format("{}{} is not what was written to it", path, kScratchSuffix));
}

/// A section whose size is known before its content: size, content, checksum.
class Section {
 public:
  static Result<Section> begin(FileAppender& file, uint64_t size) {
    std::string head;
    append_be<uint32_t>(head, static_cast<uint32_t>(size));
    SLUICE_TRY(file.append(head));
    return Section(file);
  }
  Result<void> append(std::string_view bytes) {
    checksum_ = crc32c_extend(checksum_, bytes);
    return file_->append(bytes);
  }
  Result<void> end() {
    std::string tail;
    append_be<uint32_t>(tail, checksum_);
    return file_->append(tail);
  }

 private:
  explicit Section(FileAppender& file) : file_(&file) {}
  FileAppender* file_;
  uint32_t checksum_ = 0;
};

}  // namespace

BlockIndexWriter::BlockIndexWriter(FileSystem& fs, std::string path, FileAppender index, FileAppender scratch,
                                   uint64_t postings_in_memory_max)
    : fs_(fs), path_(std::move(path)), index_(std::move(index)), scratch_(std::move(scratch)),
      postings_in_memory_max_(postings_in_memory_max) {}

Result<BlockIndexWriter> BlockIndexWriter::create(FileSystem& fs, std::string path, uint64_t postings_in_memory_max) {
  SLUICE_ASSIGN(auto index, FileAppender::create(fs, path));
  SLUICE_ASSIGN(auto scratch, FileAppender::create(fs, path + std::string(kScratchSuffix)));
  return BlockIndexWriter(fs, std::move(path), std::move(index), std::move(scratch), postings_in_memory_max);
}

Result<void> BlockIndexWriter::add(const model::Labels& labels, std::span<const ChunkMeta> chunks) {
  if (labels <= previous_) {
    return fail(ErrorCode::kInternal,
                fmt::format("{}: the series {} comes after {}, and series should come sorted, each "
                            "once",
                            path_, labels.to_string(), previous_.to_string()));
  }
  previous_ = labels;
  pairs_.add(labels, numbers_);
  buffer_.clear();
  append_varint(buffer_, numbers_.size());
  for (const uint32_t number : numbers_) append_varint(buffer_, number);
  encode_chunk_metas(chunks, buffer_);
  std::string size;
  append_varint(size, buffer_.size());
  SLUICE_TRY(scratch_.append(size));
  return scratch_.append(buffer_);
}

// Calls visit(numbers of the labels, the chunks as they are encoded) for each series in order.
template <class Visit>
Result<void> BlockIndexWriter::for_each_series(Visit visit) const {
  ByteReader reader(series_->bytes());
  std::vector<uint32_t> numbers;
  while (!reader.empty()) {
    const auto record = reader.prefixed_bytes();
    if (!record) return damaged_scratch(path_);
    ByteReader fields(*record);
    numbers.resize(fields.varint().value_or(0));
    for (auto& number : numbers) {
      number = static_cast<uint32_t>(fields.varint().value_or(UINT32_MAX));
      if (number >= pairs_.size()) return damaged_scratch(path_);
    }
    SLUICE_TRY(visit(std::as_const(numbers), record->substr(fields.offset())));
  }
  return {};
}

Result<void> BlockIndexWriter::finish() {
  SLUICE_TRY(scratch_.flush());
  const std::string scratch_path = path_ + std::string(kScratchSuffix);
  SLUICE_ASSIGN(series_, fs_.map(scratch_path));
  pairs_.rank();
  SLUICE_TRY(index_.append(encode_index_header()));
  SLUICE_TRY(write_symbols());
  SLUICE_TRY(write_series());
  SLUICE_TRY(write_postings());
  SLUICE_TRY(write_postings_table());
  SLUICE_TRY(index_.append(encode_index_contents(contents_)));
  SLUICE_TRY(index_.finish());
  series_.reset();
  return fs_.remove_file(scratch_path);
}

Result<void> BlockIndexWriter::write_symbols() {
  contents_.symbols = index_.offset();
  const auto& symbols = pairs_.symbols();
  const uint64_t size =
      std::transform_reduce(symbols.begin(), symbols.end(), uint64_t{sizeof(uint32_t)}, std::plus<>(), prefixed_size);
  if (size > UINT32_MAX) return too_large(path_, "names and values", size);
  SLUICE_ASSIGN(auto section, Section::begin(index_, size));
  buffer_.clear();
  append_be<uint32_t>(buffer_, static_cast<uint32_t>(symbols.size()));
  for (const auto symbol : symbols) {
    append_prefixed_bytes(buffer_, symbol);
    SLUICE_TRY(section.append(buffer_));
    buffer_.clear();
  }
  SLUICE_TRY(section.append(buffer_));
  return section.end();
}

Result<void> BlockIndexWriter::write_series() {
  contents_.series = index_.offset();
  std::string size;
  SLUICE_TRY(for_each_series([&](const std::vector<uint32_t>& numbers, std::string_view chunks) -> Result<void> {
    SLUICE_TRY(index_.pad(BlockIndex::kSeriesAlignment));
    const uint64_t number = index_.offset() / BlockIndex::kSeriesAlignment;
    if (number > UINT32_MAX) return too_large(path_, "series, in units of 16 bytes,", number);
    series_numbers_.push_back(static_cast<uint32_t>(number));
    buffer_.clear();
    append_varint(buffer_, numbers.size());
    for (const uint32_t label : numbers) {
      append_varint(buffer_, pairs_.at(label).name);
      append_varint(buffer_, pairs_.at(label).value);
    }
    buffer_ += chunks;
    size.clear();
    append_varint(size, buffer_.size());
    append_be<uint32_t>(buffer_, crc32c(buffer_));
    SLUICE_TRY(index_.append(size));
    return index_.append(buffer_);
  }));
  contents_.label_indices = index_.offset();
  return {};
}

Result<void> BlockIndexWriter::write_postings() {
  contents_.postings = index_.offset();
  SLUICE_TRY(index_.pad(kPostingsAlignment));
  postings_begin_ = index_.offset();
  SLUICE_TRY(append_postings(series_numbers_));
  const std::span<const uint32_t> labels = pairs_.by_rank();
  size_t begin = 0;
  uint64_t uses = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    uses += pairs_.at(labels[i]).uses;
    const bool is_last = i + 1 == labels.size();
    if (is_last || uses + pairs_.at(labels[i + 1]).uses > postings_in_memory_max_) {
      SLUICE_TRY(write_postings_of(labels.subspan(begin, i + 1 - begin)));
      begin = i + 1;
      uses = 0;
    }
  }
  contents_.label_indices_table = index_.offset();
  return {};
}

// The lists of a few labels that follow one another, gathered in one walk over all series: a counting sort.
Result<void> BlockIndexWriter::write_postings_of(std::span<const uint32_t> labels) {
  constexpr uint64_t kElsewhere = UINT64_MAX;
  std::vector<uint64_t> next(pairs_.size(), kElsewhere);  // where a label's next series goes
  uint64_t total = 0;
  for (const uint32_t label : labels) {
    next[label] = total;
    total += pairs_.at(label).uses;
  }
  std::vector<uint32_t> gathered(total);
  size_t i = 0;
  SLUICE_TRY(for_each_series([&](const std::vector<uint32_t>& numbers, std::string_view) -> Result<void> {
    for (const uint32_t label : numbers) {
      if (next[label] == kElsewhere) continue;
      if (next[label] >= total || i >= series_numbers_.size()) return damaged_scratch(path_);
      gathered[next[label]++] = series_numbers_[i];
    }
    ++i;
    return {};
  }));
  std::span<const uint32_t> rest = gathered;
  for (const uint32_t label : labels) {
    SLUICE_TRY(append_postings(rest.first(pairs_.at(label).uses)));
    rest = rest.subspan(pairs_.at(label).uses);
  }
  return {};
}

Result<void> BlockIndexWriter::append_postings(std::span<const uint32_t> series) {
  const uint64_t size = sizeof(uint32_t) * (series.size() + 1);
  if (size > UINT32_MAX) return too_large(path_, "a list of series", size);
  buffer_.clear();
  append_be<uint32_t>(buffer_, static_cast<uint32_t>(series.size()));
  for (const uint32_t number : series) append_be<uint32_t>(buffer_, number);
  SLUICE_ASSIGN(auto section, Section::begin(index_, size));
  SLUICE_TRY(section.append(buffer_));
  return section.end();
}

Result<void> BlockIndexWriter::write_postings_table() {
  contents_.postings_table = index_.offset();
  const auto& symbols = pairs_.symbols();
  uint64_t postings = postings_begin_;
  // Twice over the same entries: for the size that goes before them, and for themselves.
  const auto for_each_entry = [&](auto visit) -> Result<void> {
    postings = postings_begin_;
    SLUICE_TRY(visit(std::string_view(), std::string_view()));
    postings += postings_size(series_numbers_.size());
    for (const uint32_t label : pairs_.by_rank()) {
      const auto& pair = pairs_.at(label);
      SLUICE_TRY(visit(symbols[pair.name], symbols[pair.value]));
      postings += postings_size(pair.uses);
    }
    return {};
  };
  uint64_t size = sizeof(uint32_t);
  SLUICE_TRY(for_each_entry([&](std::string_view name, std::string_view value) -> Result<void> {
    size += varint_size(kKeysPerEntry) + prefixed_size(name) + prefixed_size(value) + varint_size(postings);
    return {};
  }));
  if (size > UINT32_MAX) return too_large(path_, "the table of postings", size);
  SLUICE_ASSIGN(auto section, Section::begin(index_, size));
  buffer_.clear();
  append_be<uint32_t>(buffer_, static_cast<uint32_t>(pairs_.size() + 1));
  SLUICE_TRY(section.append(buffer_));
  SLUICE_TRY(for_each_entry([&](std::string_view name, std::string_view value) {
    buffer_.clear();
    append_varint(buffer_, kKeysPerEntry);
    append_prefixed_bytes(buffer_, name);
    append_prefixed_bytes(buffer_, value);
    append_varint(buffer_, postings);
    return section.append(buffer_);
  }));
  return section.end();
}

}  // namespace sluice::tsdb
