#include "tsdb/block_index.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "base/crc32c.h"

namespace sluice::tsdb {
namespace {

constexpr uint32_t kMagic = 0xBAAAD700;
constexpr uint8_t kVersion = 2;
constexpr size_t kHeaderSize = 5;
constexpr size_t kContentsSize = 6 * sizeof(uint64_t);
constexpr size_t kEntrySizeMax = 5;  // a varint of 32 bits

// In Prometheus both times of a chunk wrap: what a foreign file says must not overflow here either.
TimestampMs add_ms(TimestampMs at, uint64_t delta) {
  return static_cast<TimestampMs>(static_cast<uint64_t>(at) + delta);
}
uint64_t difference_ms(TimestampMs later, TimestampMs earlier) {
  return static_cast<uint64_t>(later) - static_cast<uint64_t>(earlier);
}

}  // namespace

std::string encode_index_header() {
  std::string header;
  append_be<uint32_t>(header, kMagic);
  header += static_cast<char>(kVersion);
  return header;
}

std::string encode_index_contents(const IndexContents& contents) {
  std::string bytes;
  for (const uint64_t offset : {contents.symbols, contents.series, contents.label_indices, contents.label_indices_table,
                                contents.postings, contents.postings_table}) {
    append_be<uint64_t>(bytes, offset);
  }
  append_be<uint32_t>(bytes, crc32c(bytes));
  return bytes;
}

void encode_chunk_metas(std::span<const ChunkMeta> chunks, std::string& out) {
  append_varint(out, chunks.size());
  const ChunkMeta* previous = nullptr;
  for (const auto& chunk : chunks) {
    if (previous == nullptr) {
      append_signed_varint(out, chunk.min_ms);
    } else {
      append_varint(out, difference_ms(chunk.min_ms, previous->max_ms));
    }
    append_varint(out, difference_ms(chunk.max_ms, chunk.min_ms));
    if (previous == nullptr) {
      append_varint(out, chunk.ref);
    } else {
      append_signed_varint(out, static_cast<int64_t>(chunk.ref - previous->ref));
    }
    previous = &chunk;
  }
}

Result<BlockIndex> BlockIndex::open(std::shared_ptr<const MappedFile> file, std::string path) {
  BlockIndex index(std::move(file), std::move(path));
  SLUICE_TRY(index.read_contents());
  const auto bytes = index.file_->bytes();
  const auto open_table = [&]<class Table>(uint64_t offset, Table& table) -> Result<void> {
    auto content = read_section(bytes, offset);
    auto opened = content ? Table::open(*content, offset + sizeof(uint32_t)) : std::unexpected(content.error());
    if (!opened) return fail_in(index.path_, opened.error());
    table = *std::move(opened);
    return {};
  };
  SLUICE_TRY(open_table(index.contents_.symbols, index.symbols_));
  SLUICE_TRY(open_table(index.contents_.postings_table, index.postings_));
  return index;
}

std::unexpected<Error> BlockIndex::damaged(uint64_t offset, std::string_view what) const {
  return fail_in(path_, damaged_at(offset, what).error());
}

Result<void> BlockIndex::read_contents() {
  const auto bytes = file_->bytes();
  if (bytes.size() < kHeaderSize + kContentsSize + kChecksumSize) {
    return damaged(0, fmt::format("{} bytes, and an index has {} at least", bytes.size(),
                                  kHeaderSize + kContentsSize + kChecksumSize));
  }
  const uint32_t magic = load_be<uint32_t>(bytes.data());
  if (magic != kMagic) return damaged(0, fmt::format("magic {:08x}, wanted {:08x}", magic, kMagic));
  const auto version = static_cast<uint8_t>(bytes[kHeaderSize - 1]);
  if (version != kVersion) {
    return fail(ErrorCode::kUnsupported, fmt::format("{}: version {} of an index, wanted {}: it was written by another "
                                                     "program, or by a newer one",
                                                     path_, version, kVersion));
  }
  const uint64_t offset = bytes.size() - kContentsSize - kChecksumSize;
  if (auto checked = check_checksum(bytes, offset, kContentsSize); !checked) return fail_in(path_, checked.error());
  ByteReader reader(bytes.substr(offset, kContentsSize));
  for (uint64_t* field : {&contents_.symbols, &contents_.series, &contents_.label_indices,
                          &contents_.label_indices_table, &contents_.postings, &contents_.postings_table}) {
    *field = reader.be<uint64_t>().value();
    if (*field < kHeaderSize || *field > offset) {
      return damaged(offset, fmt::format("a section should begin at {}, the file has {} bytes", *field, bytes.size()));
    }
  }
  if (contents_.series > contents_.label_indices) {
    return damaged(offset,
                   fmt::format("the series begin at {} and end at {}", contents_.series, contents_.label_indices));
  }
  return {};
}

Result<StoredPostings> BlockIndex::postings(std::string_view name, std::string_view value) const {
  const auto offset = postings_.find(name, value);
  if (!offset) return StoredPostings();
  return postings_at(*offset);
}

Result<StoredPostings> BlockIndex::postings_at(uint64_t offset) const {
  auto content = read_section(file_->bytes(), offset);
  if (!content) return fail_in(path_, content.error());
  ByteReader reader(*content);
  const auto count = reader.be<uint32_t>();
  if (!count || reader.remaining() != uint64_t{*count} * sizeof(uint32_t)) {
    return damaged(offset, fmt::format("{} bytes of postings do not fit their count", content->size()));
  }
  return StoredPostings(content->substr(reader.offset()));
}

Result<SeriesEntry> BlockIndex::series(uint32_t number) const { return series_at(number * kSeriesAlignment); }

Result<SeriesEntry> BlockIndex::series_at(uint64_t offset) const {
  if (offset < contents_.series || offset >= contents_.label_indices) {
    return damaged(offset, fmt::format("a series should be here, and series are from {} to {}", contents_.series,
                                       contents_.label_indices));
  }
  const auto bytes = file_->bytes().substr(0, contents_.label_indices);
  ByteReader size_reader(bytes.substr(offset, kEntrySizeMax));
  const auto size = size_reader.varint();
  if (!size) return damaged(offset, "the size of a series should be here, a varint of 32 bits");
  const uint64_t begin = offset + size_reader.offset();
  if (auto checked = check_checksum(bytes, begin, *size); !checked) return fail_in(path_, checked.error());
  const auto content = bytes.substr(begin, *size);
  ByteReader reader(content);
  const auto labels = reader.varint();
  bool is_whole = labels.has_value();
  for (uint64_t i = 0; is_whole && i < *labels; ++i) is_whole = reader.varint() && reader.varint();
  if (!is_whole) return damaged(offset, "the labels of a series are cut off");
  return SeriesEntry{.labels = content.substr(0, reader.offset()),
                     .chunks = content.substr(reader.offset()),
                     .offset = offset,
                     .end = begin + *size};
}

Result<model::Labels> BlockIndex::labels(const SeriesEntry& entry) const {
  ByteReader reader(entry.labels);
  const uint64_t count = reader.varint().value_or(0);
  std::vector<model::LabelView> labels;
  for (uint64_t i = 0; i < count; ++i) {
    const auto name_number = reader.varint();
    const auto value_number = reader.varint();
    if (!name_number || !value_number) return damaged(entry.offset, "the labels of a series are cut off");
    const auto name = symbols_.find(*name_number);
    const auto value = symbols_.find(*value_number);
    if (!name || !value) {
      return damaged(entry.offset, fmt::format("a series has the symbols {} and {}, and there are {}", *name_number,
                                               *value_number, symbols_.size()));
    }
    const bool is_in_order = labels.empty() || labels.back().name < *name;
    if (name->empty() || value->empty() || !is_in_order) {
      return damaged(entry.offset, "the labels of a series are empty or not sorted");
    }
    labels.push_back({*name, *value});
  }
  return model::Labels::from_views(labels);
}

Result<void> BlockIndex::chunks(const SeriesEntry& entry, std::vector<ChunkMeta>& out) const {
  out.clear();
  ByteReader reader(entry.chunks);
  const auto count = reader.varint();
  if (!count) return damaged(entry.offset, "the chunks of a series are cut off");
  ChunkMeta chunk;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto min = i == 0 ? reader.signed_varint()
                            : reader.varint().transform([&](uint64_t delta) { return add_ms(chunk.max_ms, delta); });
    const auto length = reader.varint();
    const auto ref = i == 0 ? reader.varint() : reader.signed_varint().transform([&](int64_t delta) {
      return chunk.ref + static_cast<uint64_t>(delta);
    });
    if (!min || !length || !ref) return damaged(entry.offset, "the chunks of a series are cut off");
    const ChunkMeta next = {*ref, *min, add_ms(*min, *length)};
    if (next.max_ms < next.min_ms || (i != 0 && next.min_ms <= chunk.max_ms)) {
      return damaged(entry.offset, fmt::format("chunk {} of a series is from {} to {}, the one before it ends at {}", i,
                                               next.min_ms, next.max_ms, chunk.max_ms));
    }
    out.push_back(next);
    chunk = next;
  }
  if (!reader.empty()) return damaged(entry.offset, "a series is longer than its chunks");
  return {};
}

}  // namespace sluice::tsdb
