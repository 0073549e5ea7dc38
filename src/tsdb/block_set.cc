#include "tsdb/block_set.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "tsdb/block_compaction.h"
#include "tsdb/block_format.h"

namespace sluice::tsdb {
namespace {

// Left by an older Prometheus, as the other two suffixes are by any.
constexpr std::string_view kTemporarySuffix = ".tmp";

bool is_left_over(std::string_view name) {
  return std::ranges::any_of(
      std::initializer_list<std::string_view>{kForCreationSuffix, kForDeletionSuffix, kTemporarySuffix},
      [&](std::string_view suffix) {
        return name.ends_with(suffix) && Ulid::parse(name.substr(0, name.size() - suffix.size()));
      });
}

// What was cut from the head first counts first, however often it was compacted since.
std::pair<Ulid, Ulid> precedence(const std::shared_ptr<const Block>& block) {
  const BlockMeta& meta = block->meta();
  const auto first = std::ranges::min_element(meta.sources);
  return {first == meta.sources.end() ? meta.ulid : *first, meta.ulid};
}

bool is_damage(ErrorCode code) {
  return code == ErrorCode::kDataLoss || code == ErrorCode::kMalformed || code == ErrorCode::kUnsupported;
}

}  // namespace

BlockSet::BlockSet(FileSystem& fs, std::string directory, BlockSetOptions options)
    : fs_(fs), directory_(std::move(directory)), options_(std::move(options)),
      blocks_(std::make_shared<const BlockList>()) {}

Result<std::unique_ptr<BlockSet>> BlockSet::open(FileSystem& fs, std::string directory, BlockSetOptions options) {
  std::unique_ptr<BlockSet> set(new BlockSet(fs, std::move(directory), std::move(options)));
  if (!set->options_.is_read_only) SLUICE_TRY(set->tidy_up());
  SLUICE_TRY(set->open_blocks());
  set->drop_obsolete();
  return set;
}

Result<void> BlockSet::tidy_up() {
  SLUICE_ASSIGN(const auto names, fs_.list(directory_));
  for (const auto& name : names) {
    if (is_left_over(name)) SLUICE_TRY(fs_.remove_tree(join_path(directory_, name)));
  }
  return {};
}

Result<void> BlockSet::open_blocks() {
  SLUICE_ASSIGN(const auto names, fs_.list(directory_));
  BlockList opened;
  for (const auto& name : names) {
    if (!Ulid::parse(name)) continue;
    const std::string path = join_path(directory_, name);
    auto block = Block::open(fs_, path);
    if (block) {
      opened.push_back(*std::move(block));
    } else {
      damaged_.push_back({path, block.error()});
    }
  }
  replace({}, opened);
  return {};
}

// A crash after a compaction leaves the blocks that went into it beside the one that came out.
void BlockSet::drop_obsolete() {
  MutexLock lock(files_mutex_);
  const auto all = blocks();
  std::set<Ulid> parents;
  for (const auto& block : *all) {
    for (const auto& parent : block->meta().parents) parents.insert(parent.ulid);
  }
  BlockList obsolete;
  std::ranges::copy_if(*all, std::back_inserter(obsolete), [&](const auto& block) {
    return block->meta().is_deletable || parents.contains(block->meta().ulid);
  });
  replace(obsolete, {});
  if (!options_.is_read_only) remove_directories(obsolete);
  for (const auto& [path, error] : std::exchange(damaged_, {})) {
    const auto ulid = Ulid::parse(base_name(path));
    const bool is_obsolete = ulid && parents.contains(*ulid);
    if (is_obsolete && (options_.is_read_only || remove_directory(path))) continue;
    damaged_.push_back({path, error});
    options_.logger->error(
        "a block cannot be opened: its samples are missing from queries, the other blocks are served. "
        "Restore it from a backup, or move it away, and restart",
        {{"workspace", options_.name}, {"block", path}, {"error", error.message}});
  }
}

std::shared_ptr<const BlockList> BlockSet::blocks() const {
  MutexLock lock(mutex_);
  return blocks_;
}

uint64_t BlockSet::bytes() const {
  uint64_t total = 0;
  for (const auto& block : *blocks()) total += block->bytes();
  return total;
}

void BlockSet::replace(std::span<const std::shared_ptr<const Block>> out,
                       std::span<const std::shared_ptr<const Block>> in) {
  MutexLock lock(mutex_);
  BlockList next(in.begin(), in.end());
  std::ranges::copy_if(*blocks_, std::back_inserter(next), [&](const auto& block) {
    return std::ranges::find(out, block->meta().ulid, [](const auto& b) { return b->meta().ulid; }) == out.end();
  });
  std::ranges::sort(next, {}, precedence);
  blocks_ = std::make_shared<const BlockList>(std::move(next));
}

Result<void> BlockSet::add(std::span<const Ulid> written) {
  MutexLock maintenance(maintenance_mutex_);
  return show(written);
}

void BlockSet::discard(const Ulid& ulid) {
  MutexLock files(files_mutex_);
  remove_or_remember(join_path(directory_, ulid.to_string()));
}

Result<void> BlockSet::show(std::span<const Ulid> written) {
  BlockList opened;
  for (const auto& ulid : written) {
    SLUICE_ASSIGN(opened.emplace_back(), Block::open(fs_, join_path(directory_, ulid.to_string())));
  }
  replace({}, opened);
  return {};
}

Result<std::vector<Ulid>> BlockSet::adopt(const std::string& from_directory) {
  MutexLock maintenance(maintenance_mutex_);
  std::vector<Ulid> adopted;
  SLUICE_ASSIGN(const auto names, fs_.list(from_directory));
  for (const auto& name : names) {
    const auto ulid = Ulid::parse(name);
    if (!ulid) continue;
    SLUICE_ASSIGN(const bool is_taken, fs_.exists(join_path(directory_, name)));
    if (is_taken) {
      return fail(ErrorCode::kConflict, fmt::format("there is a block {} in {} already", name, directory_));
    }
    SLUICE_TRY(Block::open(fs_, join_path(from_directory, name)));
    adopted.push_back(*ulid);
  }
  for (const auto& ulid : adopted) {
    const std::string to = join_path(directory_, ulid.to_string());
    const std::string temporary = to + std::string(kForCreationSuffix);
    SLUICE_TRY(fs_.remove_tree(temporary));
    SLUICE_TRY(link_block(fs_, join_path(from_directory, ulid.to_string()), temporary));
    SLUICE_TRY(fs_.rename(temporary, to));
  }
  SLUICE_TRY(fs_.sync_directory(directory_));
  SLUICE_TRY(show(adopted));
  return adopted;
}

Result<BlockSet::Deletion> BlockSet::delete_series(std::span<const model::Matcher> matchers, model::TimeRange range) {
  ++deletions_waiting_;
  MutexLock maintenance(maintenance_mutex_);
  --deletions_waiting_;
  SLUICE_TRY(remove_leftovers());
  Deletion total;
  BlockList changed;
  for (const auto& block : *blocks()) {
    if (!block->meta().overlaps(range)) continue;
    SLUICE_ASSIGN(auto deletion, block->delete_series(matchers, range));
    if (deletion.series == 0) continue;
    SLUICE_TRY(write_tombstones(fs_, block->directory(), deletion.tombstones));
    changed.push_back(block->with(block->meta(), std::move(deletion.tombstones)));
    SLUICE_TRY(write_block_meta(fs_, block->directory(), changed.back()->meta()));
    total.series += deletion.series;
    ++total.blocks;
  }
  replace(changed, changed);
  return total;
}

bool BlockSet::must_give_up() const {
  return deletions_waiting_ != 0 || (options_.write.is_cancelled && options_.write.is_cancelled());
}

Result<std::optional<BlockSet::Compaction>> BlockSet::compact_once() {
  MutexLock maintenance(maintenance_mutex_);
  SLUICE_TRY(remove_leftovers());
  const auto all = blocks();
  std::vector<BlockMeta> metas;
  for (const auto& block : *all) metas.push_back(block->meta());
  auto planned = plan_compaction(metas, options_.ranges_ms);
  if (planned.empty()) return std::nullopt;
  std::ranges::sort(planned);  // from the order of time to that of precedence
  BlockList from;
  Compaction done;
  for (const size_t i : planned) {
    from.push_back((*all)[i]);
    done.from.push_back(metas[i].ulid);
  }
  BlockWriteOptions write = options_.write;
  write.is_cancelled = [this] { return must_give_up(); };
  const Ulid ulid = options_.new_ulid();
  const auto compacted = compact_blocks(fs_, directory_, ulid, from, write);
  if (!compacted) {
    discard(ulid);
    if (is_damage(compacted.error().code)) mark_failed(from, compacted.error());
    return std::unexpected(compacted.error());
  }
  BlockList to;
  if (*compacted) {
    const std::string path = join_path(directory_, ulid.to_string());
    auto opened = Block::open(fs_, path);
    if (!opened) {
      discard(ulid);  // or every further try would leave another one
      return std::unexpected(opened.error());
    }
    to.push_back(*std::move(opened));
    done.to = ulid;
  }
  replace(from, to);
  MutexLock files(files_mutex_);
  remove_directories(from);
  return done;
}

void BlockSet::mark_failed(std::span<const std::shared_ptr<const Block>> blocks, const Error& error) {
  BlockList failed;
  for (const auto& block : blocks) {
    options_.logger->error("a block cannot be compacted and stays as it is: see what `sluice tsdb verify` says of it",
                           {{"workspace", options_.name}, {"block", block->directory()}, {"error", error.message}});
    BlockMeta meta = block->meta();
    meta.is_failed = true;
    // Not written, it will be tried and marked again after a restart.
    (void)write_block_meta(fs_, block->directory(), meta);
    failed.push_back(block->with(std::move(meta), block->tombstones()));
  }
  replace(failed, failed);
}

Result<std::vector<Ulid>> BlockSet::drop_expired(const Retention& retention, TimestampMs newest_ms,
                                                 uint64_t other_bytes) {
  MutexLock maintenance(maintenance_mutex_);
  SLUICE_TRY(remove_leftovers());
  const auto all = blocks();
  std::vector<BlockExtent> extents;
  for (const auto& block : *all) extents.push_back({block->meta().max_ms, block->bytes()});
  BlockList expired;
  std::vector<Ulid> dropped;
  for (const size_t i : beyond_retention(extents, retention, newest_ms, other_bytes)) {
    expired.push_back((*all)[i]);
    dropped.push_back((*all)[i]->meta().ulid);
  }
  replace(expired, {});
  MutexLock files(files_mutex_);
  remove_directories(expired);
  return dropped;
}

// The rename is durable before anything inside goes: else a crash could leave half a block under its name. May be
// called again after a failure.
Result<void> BlockSet::remove_directory(const std::string& block_directory) {
  const std::string temporary = block_directory + std::string(kForDeletionSuffix);
  SLUICE_ASSIGN(const bool exists, fs_.exists(block_directory));
  if (exists) {
    SLUICE_TRY(fs_.remove_tree(temporary));
    SLUICE_TRY(fs_.rename(block_directory, temporary));
  }
  SLUICE_TRY(fs_.sync_directory(directory_));
  return fs_.remove_tree(temporary);
}

void BlockSet::remove_directories(std::span<const std::shared_ptr<const Block>> blocks) {
  for (const auto& block : blocks) remove_or_remember(block->directory());
}

// What cannot be removed now is no longer shown. After a crash the next start removes it: as a left-over, as a parent
// (its successor is still there), or because it is still past its time.
void BlockSet::remove_or_remember(const std::string& block_directory) {
  if (auto removed = remove_directory(block_directory); !removed) {
    leftovers_.push_back(block_directory);
    options_.logger->warn(
        "a block that is no longer needed cannot be removed now, it is tried again",
        {{"workspace", options_.name}, {"block", block_directory}, {"error", removed.error().message}});
  }
}

Result<void> BlockSet::remove_leftovers() {
  MutexLock files(files_mutex_);
  while (!leftovers_.empty()) {
    SLUICE_TRY(remove_directory(leftovers_.back()));
    leftovers_.pop_back();
  }
  return {};
}

Result<std::vector<Ulid>> BlockSet::link_to(const std::string& to_directory) {
  MutexLock files(files_mutex_);
  std::vector<Ulid> linked;
  for (const auto& block : *blocks()) {
    const std::string to = join_path(to_directory, block->meta().ulid.to_string());
    SLUICE_TRY(link_block(fs_, block->directory(), to));
    linked.push_back(block->meta().ulid);
  }
  return linked;
}

}  // namespace sluice::tsdb
