// uses: tsdb
// A block of which one file is the input: opening, reading, verifying and compacting it never crash, and a whole one
// can be compacted to a whole one. The first byte says which file; odd ones get their checksums put right, or hardly
// any input would pass them.
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "support/fault_file_system.h"
#include "tsdb/block.h"
#include "tsdb/block_compaction.h"
#include "tsdb/xor_chunk.h"

namespace {

using namespace sluice;
using namespace sluice::tsdb;

constexpr size_t kInputBytesMax = 16 << 10;
constexpr size_t kContentsSize = 52;

// A few series with a few chunks each.
class SmallSource final : public SeriesSource {
 public:
  Result<bool> next() override {
    if (at_ == 3) return false;
    labels_ = model::Labels::from({{"__name__", "m"}, {"i", std::to_string(at_)}});
    chunks_.clear();
    for (TimestampMs begin = 0; begin < 40; begin += 20) {
      XorChunkWriter writer;
      for (TimestampMs t = begin; t < begin + 3; ++t) writer.append(t, static_cast<double>(t));
      chunks_.push_back(make_chunk_view(begin, begin + 2, ChunkEncoding::kXor, writer.take()));
    }
    ++at_;
    return true;
  }
  const model::Labels& labels() const override { return labels_; }
  std::span<const ChunkView> chunks() const override { return chunks_; }

 private:
  int at_ = 0;
  model::Labels labels_;
  std::vector<ChunkView> chunks_;
};

void put(FileSystem& fs, const std::string& path, std::string_view bytes) {
  auto file = fs.open_writable(path, OpenMode::kTruncate, 0644);
  SLUICE_CHECK(file && (*file)->write_at(0, bytes), "the disk in memory takes writes");
}

// Recomputes the checksum behind bytes [begin, begin + size), where they fit.
void seal(std::string& file, uint64_t begin, uint64_t size) {
  if (begin > file.size() || size > file.size() - begin || file.size() - begin - size < kChecksumSize) return;
  store_be<uint32_t>(file.data() + begin + size, crc32c(std::string_view(file).substr(begin, size)));
}

// Of the section at `offset`; where the next one may begin.
uint64_t seal_section(std::string& file, uint64_t offset) {
  if (offset > file.size() || file.size() - offset < 4) return file.size();
  const uint32_t size = load_be<uint32_t>(file.data() + offset);
  seal(file, offset + 4, size);
  const uint64_t end = offset + 4 + size + kChecksumSize;
  return end + (4 - end % 4) % 4;
}

void seal_entries(std::string& file, uint64_t begin, uint64_t end, uint64_t alignment, uint64_t before_content) {
  end = std::min<uint64_t>(end, file.size());
  for (uint64_t at = begin; at < end;) {
    at += (alignment - at % alignment) % alignment;
    if (at >= end) break;
    ByteReader reader(std::string_view(file).substr(at));
    const auto size = reader.varint();
    if (!size || *size > file.size()) break;
    seal(file, at + reader.offset(), before_content + *size);
    at += reader.offset() + before_content + *size + kChecksumSize;
  }
}

void seal_index(std::string& file) {
  if (file.size() < kContentsSize) return;
  ByteReader reader(std::string_view(file).substr(file.size() - kContentsSize));
  uint64_t offsets[6];
  for (auto& offset : offsets) offset = *reader.be<uint64_t>();
  const auto [symbols, series, series_end, postings_end, postings, table] = offsets;
  seal_section(file, symbols);
  seal_entries(file, series, series_end, BlockIndex::kSeriesAlignment, 0);
  for (uint64_t at = postings + (4 - postings % 4) % 4; at < std::min<uint64_t>(postings_end, file.size());) {
    at = seal_section(file, at);
  }
  seal_section(file, table);
  seal(file, file.size() - kContentsSize, kContentsSize - kChecksumSize);
}

void seal_tombstones(std::string& file) {
  if (file.size() >= 9) seal(file, 5, file.size() - 9);
}

void walk(const Block& block) {
  model::QueryBudget budget(1'000'000, {});
  const std::vector<model::Matcher> matchers = {
      model::Matcher::make(model::MatchType::kNotEqual, "i", "1").value(),
      model::Matcher::make(model::MatchType::kRegex, "__name__", "m.*").value()};
  for (const auto& selector : {std::vector<model::Matcher>(), matchers}) {
    auto selected = block.select(selector, {}, budget);
    model::SampleColumn column;
    for (size_t i = 0; selected && i < selected->size(); ++i) (void)(*selected)[i]->read({1, 1'000}, column);
    const std::vector<std::vector<model::Matcher>> selectors = {selector};
    (void)block.label_values("i", selectors, {}, 0);
  }
  (void)block.label_names({}, {}, 0);
  (void)block.label_values("i", {}, {}, 0);
  (void)block.delete_series(matchers, {1, 21});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0 || size > kInputBytesMax) return 0;
  std::string input(reinterpret_cast<const char*>(data) + 1, size - 1);
  test::FaultFileSystem fs;
  SLUICE_CHECK(fs.create_directories("ws", 0755), "the disk in memory takes directories");
  BlockMeta meta;
  meta.ulid = Ulid::make(1, {});
  meta.max_ms = 1'000;
  SmallSource source;
  SLUICE_CHECK(write_block(fs, "ws", meta, source), "a small block can be written");
  const std::string directory = join_path("ws", meta.ulid.to_string());
  switch (data[0] % 8) {
    case 1: seal_index(input); [[fallthrough]];
    case 0: put(fs, join_path(directory, "index"), input); break;
    case 3: seal_entries(input, 8, input.size(), 1, 1); [[fallthrough]];
    case 2: put(fs, join_path(directory, "chunks/000001"), input); break;
    case 5: seal_tombstones(input); [[fallthrough]];
    case 4: put(fs, join_path(directory, "tombstones"), input); break;
    default: put(fs, join_path(directory, "meta.json"), input); break;
  }
  const auto block = Block::open(fs, directory);
  if (!block) return 0;
  const bool is_whole = (*block)->verify().empty();
  walk(**block);
  const Ulid ulid = Ulid::make(2, {});
  const auto compacted = compact_blocks(fs, "ws", ulid, {&*block, 1});
  SLUICE_CHECK(compacted || !is_whole, "a whole block can be compacted");
  if (!compacted || !*compacted) return 0;
  const auto opened = Block::open(fs, join_path("ws", ulid.to_string()));
  SLUICE_CHECK(opened && (!is_whole || (*opened)->verify().empty()), "what becomes of a whole block is whole");
  return 0;
}
