#include "tsdb/block_import.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/limits.h"
#include "tsdb/block.h"
#include "tsdb/block_format.h"
#include "tsdb/block_writer.h"

namespace sluice::tsdb {
namespace {

using Blocks = std::vector<std::shared_ptr<const Block>>;
constexpr size_t kProblemsToldMax = 20;  // of one block

Result<std::vector<std::string>> find_blocks(FileSystem& fs, const std::string& from) {
  SLUICE_ASSIGN(const bool is_one, fs.exists(join_path(from, kBlockMetaFile)));
  if (is_one) return std::vector{from};
  SLUICE_ASSIGN(const auto names, fs.list(from));
  std::vector<std::string> found;
  for (const auto& name : names) {
    if (Ulid::parse(name)) found.push_back(join_path(from, name));
  }
  if (!found.empty()) return found;
  return fail(
      ErrorCode::kNotFound,
      fmt::format("{}: found no block, wanted a directory of blocks (named by ULIDs, each with a {}), or one block",
                  from, kBlockMetaFile));
}

// The first problems, one a line; the first one's kind.
class Problems {
 public:
  void add(const Error& error) {
    if (text_.empty()) code_ = error.code;
    text_ += (text_.empty() ? "" : "\n") + error.message;
  }
  Result<void> to_result() const {
    if (text_.empty()) return {};
    return fail(code_, text_ + "\nnothing was imported: leave out what is damaged, or restore it where it comes from");
  }

 private:
  ErrorCode code_ = ErrorCode::kDataLoss;
  std::string text_;
};

void check_block(const Block& block, TimestampMs now_ms, Problems& problems) {
  const auto& meta = block.meta();
  if (auto times = check_import_times(meta.min_ms, meta.max_ms - 1, now_ms); !times) {
    problems.add({times.error().code, fmt::format("{}: {}", block.directory(), times.error().message)});
  }
  const auto found = block.verify();
  for (size_t i = 0; i < found.size() && i < kProblemsToldMax; ++i) problems.add({ErrorCode::kDataLoss, found[i]});
  if (found.size() > kProblemsToldMax) {
    problems.add({ErrorCode::kDataLoss,
                  fmt::format("{}: and {} problems more", block.directory(), found.size() - kProblemsToldMax)});
  }
}

Result<Blocks> open_blocks(FileSystem& fs, const std::vector<std::string>& paths, TimestampMs now_ms) {
  Blocks blocks;
  Problems problems;
  for (const auto& path : paths) {
    auto block = Block::open(fs, path);
    if (!block) {
      problems.add(block.error());
      continue;
    }
    check_block(**block, now_ms, problems);
    blocks.push_back(*std::move(block));
  }
  SLUICE_TRY(problems.to_result());
  std::ranges::sort(blocks, {}, [](const auto& block) { return std::pair(block->meta().min_ms, block->meta().ulid); });
  return blocks;
}

// What it was made of elsewhere is nobody's business here: a block that is named as a parent would be removed.
BlockMeta imported_meta(const Block& block, bool is_taken, const UlidSource& new_ulid) {
  BlockMeta meta = block.meta();
  if (is_taken) {
    meta.ulid = new_ulid();
    meta.sources = {meta.ulid};
  }
  meta.parents.clear();
  meta.freeze.reset();
  meta.is_deletable = meta.is_failed = false;
  return meta;
}

}  // namespace

Result<void> check_import_times(TimestampMs min_ms, TimestampMs max_ms, TimestampMs now_ms) {
  const TimestampMs latest = now_ms + limits::kSampleFutureMsMax;
  if (min_ms >= 0 && min_ms <= max_ms && max_ms <= latest) return {};
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("found times from {} to {} ms, wanted them between 0 and {} (a day from now)", min_ms, max_ms,
                          latest));
}

Result<ImportedBlocks> import_blocks(FileSystem& fs, const std::string& from, const std::string& to_directory,
                                     const BlockImportOptions& options) {
  SLUICE_ASSIGN(const auto paths, find_blocks(fs, from));
  SLUICE_ASSIGN(const auto blocks, open_blocks(fs, paths, options.now_ms));
  ImportedBlocks imported;
  for (const auto& block : blocks) {
    const std::string name = block->meta().ulid.to_string();
    const std::string there = join_path(options.workspace_directory, name);
    SLUICE_ASSIGN(const bool is_taken, fs.exists(there));
    if (is_taken) {
      const auto other = read_block_meta(fs, there);
      const bool is_same = other && other->min_ms == block->meta().min_ms && other->max_ms == block->meta().max_ms &&
                           other->stats.samples == block->meta().stats.samples;
      if (is_same) {
        imported.known.push_back(block->meta().ulid);
        continue;
      }
    }
    const auto source = block->source();
    SLUICE_ASSIGN(auto written,
                  write_block(fs, to_directory, imported_meta(*block, is_taken, options.new_ulid), *source));
    if (written) imported.blocks.push_back(*std::move(written));
  }
  return imported;
}

}  // namespace sluice::tsdb
