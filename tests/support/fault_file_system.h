#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"
#include "base/file_system.h"
#include "base/thread_safety.h"
#include "support/fault_node.h"

namespace sluice::test {

/// A disk in memory that misbehaves on request, for the tests of everything that promises durability.
///
/// It keeps apart what readers see and what the disk holds. Written bytes reach the disk by sync_data of their
/// file; a creation, rename or removal by sync_directory of its directory (create_directories syncs by
/// itself). crash() is a power cut: of what was not synced, a choice drawn from the seed survives, each
/// 512-byte sector for itself, sizes for themselves, and of each directory's changes the first few.
///
/// Every call that could change the disk counts as one operation. To crash at every one:
///
///     for (uint64_t n = 0;; ++n) {
///       FaultFileSystem fs;
///       fs.crash_at(n);
///       run_workload(fs);              // from operation n on, everything fails
///       if (!fs.is_dead()) break;      // it ended before operation n
///       fs.crash(n);                   // power is back: open again, check the promises
///     }
///
/// Handles and locks taken before a crash are dead after it. Thread-safe. Handles must not outlive it.
class FaultFileSystem final : public FileSystem {
 public:
  explicit FaultFileSystem(uint64_t seed = 1) : random_(seed) {}

  // Faults.

  /// Operations so far; the next one has this number.
  uint64_t operations() const {
    const MutexLock lock(mutex_);
    return operations_;
  }
  /// Operation number `n` fails once with `code`. A failed write leaves some of its bytes, a failed sync
  /// does as fail_syncs says, other operations leave all as it was.
  void fail_operation(uint64_t n, ErrorCode code = ErrorCode::kIo) {
    const MutexLock lock(mutex_);
    failures_[n] = code;
  }
  /// The next `count` calls of sync_data fail as on Linux: an unknown part of what was written since the
  /// last sync is on disk, the rest never will be, though readers still see it and a second sync succeeds.
  void fail_syncs(uint64_t count = 1) {
    const MutexLock lock(mutex_);
    failing_syncs_ = count;
  }
  /// All reads fail while set.
  void fail_reads(bool fail) {
    const MutexLock lock(mutex_);
    reads_fail_ = fail;
  }
  /// Bytes that all files together may have; growing past it is kNoSpace (a write keeps what fitted).
  void set_capacity(std::optional<uint64_t> bytes) {
    const MutexLock lock(mutex_);
    capacity_ = bytes;
  }
  /// The machine dies at operation `n`: that one (a write: in its middle) and all after it, reads included,
  /// fail with kIo until crash().
  void crash_at(uint64_t n) {
    const MutexLock lock(mutex_);
    crash_at_ = n;
  }
  bool is_dead() const {
    const MutexLock lock(mutex_);
    return dead_;
  }
  /// A power cut and a restart. The same state and seed leave the same disk.
  void crash(uint64_t seed) {
    const MutexLock lock(mutex_);
    std::mt19937_64 random(seed);
    changes_.crash(random);
    root_->crash(random);
    locks_.clear();
    ++boot_;
    dead_ = false;
    crash_at_.reset();
  }
  /// Called before each operation with its name ("write", "sync", "rename", ...) and path, on the caller's
  /// thread and without locks held, so that a test may block there.
  void set_hook(std::function<void(std::string_view operation, const std::string& path)> hook) {
    const MutexLock lock(mutex_);
    hook_ = std::make_shared<const std::function<void(std::string_view, const std::string&)>>(std::move(hook));
  }

  // Looking and meddling, past all faults.

  /// What readers see, or nullopt when there is no such file.
  std::optional<std::string> content(const std::string& path) const {
    const MutexLock lock(mutex_);
    const NodePtr node = find(path);
    return node && !node->is_directory ? std::optional(node->content) : std::nullopt;
  }
  /// Damages the medium: byte `offset` of the file is XORed with `mask`, for readers and on disk.
  void corrupt(const std::string& path, uint64_t offset, uint8_t mask) {
    const MutexLock lock(mutex_);
    const NodePtr node = find(path);
    SLUICE_CHECK(node && offset < node->content.size(), "nothing to corrupt there");
    node->content[offset] = static_cast<char>(node->content[offset] ^ mask);
    if (offset < node->durable.size()) node->durable[offset] = node->content[offset];
  }
  uint64_t used_bytes() const {
    const MutexLock lock(mutex_);
    return root_->total_bytes();
  }

  // FileSystem.

  Result<std::unique_ptr<WritableFile>> open_writable(const std::string& path, OpenMode mode,
                                                      uint32_t permissions) override;
  Result<std::unique_ptr<ReadableFile>> open_readable(const std::string& path) override;
  Result<std::shared_ptr<const MappedFile>> map(const std::string& path) override;
  Result<bool> exists(const std::string& path) override {
    const MutexLock lock(mutex_);
    SLUICE_TRY(readable("exists", path));
    return find(path) != nullptr;
  }
  Result<bool> is_directory(const std::string& path) override {
    const MutexLock lock(mutex_);
    SLUICE_TRY(readable("stat", path));
    const NodePtr node = find(path);
    if (!node) return fault(ErrorCode::kNotFound, "stat", path, "No such file or directory");
    return node->is_directory;
  }
  Result<std::vector<std::string>> list(const std::string& path) override {
    const MutexLock lock(mutex_);
    SLUICE_TRY(readable("list", path));
    SLUICE_ASSIGN(const NodePtr directory, need(path, true));
    std::vector<std::string> names;
    for (const auto& [name, node] : directory->entries) names.push_back(name);
    return names;
  }
  Result<void> create_directories(const std::string& path, uint32_t permissions) override;
  Result<void> rename(const std::string& from, const std::string& to) override;
  Result<void> hard_link(const std::string& from, const std::string& to) override;
  Result<void> remove_file(const std::string& path) override;
  Result<void> remove_tree(const std::string& path) override;
  Result<void> sync_directory(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;
  Result<DiskSpace> disk_space(const std::string& path) override {
    const MutexLock lock(mutex_);
    SLUICE_TRY(readable("statvfs", path));
    const uint64_t used = root_->total_bytes();
    if (!capacity_) return DiskSpace{uint64_t{1} << 51, uint64_t{1} << 50};
    return DiskSpace{*capacity_, *capacity_ > used ? *capacity_ - used : 0};
  }

 private:
  class Writable;
  class Readable;
  class Mapped;
  class Lock;

  static std::unexpected<Error> fault(ErrorCode code, std::string_view action, const std::string& path,
                                      std::string_view reason) {
    return fail(code, fmt::format("{} {}: {}", action, path, reason));
  }

  void call_hook(std::string_view operation, const std::string& path) SLUICE_EXCLUDES(mutex_) {
    std::shared_ptr<const std::function<void(std::string_view, const std::string&)>> hook;
    {
      const MutexLock lock(mutex_);
      hook = hook_;
    }
    if (hook && *hook) (*hook)(operation, path);
  }
  /// Counts an operation; fails when it is to fail or the machine is dead.
  Result<void> begin(std::string_view operation, const std::string& path) SLUICE_REQUIRES(mutex_) {
    const uint64_t number = operations_++;
    if (crash_at_ && number >= *crash_at_) dead_ = true;
    if (dead_) return fault(ErrorCode::kIo, operation, path, "the machine has crashed");
    if (const auto at = failures_.find(number); at != failures_.end()) {
      return fault(at->second, operation, path, fmt::format("injected at operation {}", number));
    }
    return {};
  }
  Result<void> readable(std::string_view action, const std::string& path) const SLUICE_REQUIRES(mutex_) {
    if (dead_) return fault(ErrorCode::kIo, action, path, "the machine has crashed");
    if (reads_fail_) return fault(ErrorCode::kIo, action, path, "injected");
    return {};
  }

  NodePtr find(std::string_view path) const SLUICE_REQUIRES(mutex_) {
    NodePtr node = root_;
    for (const auto& name : split_path(path)) {
      const auto at = node->entries.find(name);
      if (at == node->entries.end()) return nullptr;
      node = at->second;
    }
    return node;
  }
  Result<NodePtr> need(const std::string& path, bool directory) const SLUICE_REQUIRES(mutex_) {
    NodePtr node = find(path);
    if (!node) return fault(ErrorCode::kNotFound, "open", path, "No such file or directory");
    if (node->is_directory != directory) {
      return fault(ErrorCode::kIo, "open", path, directory ? "Not a directory" : "Is a directory");
    }
    return node;
  }
  /// The directory that holds `path`, and the last name in it.
  Result<std::pair<NodePtr, std::string>> slot(const std::string& path) const SLUICE_REQUIRES(mutex_) {
    auto names = split_path(path);
    if (names.empty()) return fault(ErrorCode::kIo, "open", path, "it is the root");
    std::string last = std::move(names.back());
    SLUICE_ASSIGN(NodePtr directory, need(std::string(parent_path(path)), true));
    return std::pair(std::move(directory), std::move(last));
  }
  /// How far a file may grow to, at most `wanted`.
  uint64_t room_for(const Node& node, uint64_t wanted) const SLUICE_REQUIRES(mutex_) {
    if (!capacity_ || wanted <= node.content.size()) return wanted;
    const uint64_t used = root_->total_bytes();
    const uint64_t free = *capacity_ > used ? *capacity_ - used : 0;
    return std::min(wanted, node.content.size() + free);
  }
  Result<void> write(Node& node, const std::string& path, uint64_t offset, std::string_view bytes)
      SLUICE_REQUIRES(mutex_);
  Result<void> sync(Node& node, const std::string& path) SLUICE_REQUIRES(mutex_);
  Result<void> resize(Node& node, const std::string& path, std::string_view operation, uint64_t size)
      SLUICE_REQUIRES(mutex_);
  void remove_below(const NodePtr& directory, const std::string& name) SLUICE_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::mt19937_64 random_ SLUICE_GUARDED_BY(mutex_);
  NodePtr root_ SLUICE_GUARDED_BY(mutex_) = std::make_shared<Node>(true);
  NamespaceChanges changes_ SLUICE_GUARDED_BY(mutex_);
  std::set<std::vector<std::string>> locks_ SLUICE_GUARDED_BY(mutex_);
  uint64_t boot_ SLUICE_GUARDED_BY(mutex_) = 0;
  uint64_t operations_ SLUICE_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, ErrorCode> failures_ SLUICE_GUARDED_BY(mutex_);
  uint64_t failing_syncs_ SLUICE_GUARDED_BY(mutex_) = 0;
  bool reads_fail_ SLUICE_GUARDED_BY(mutex_) = false;
  bool dead_ SLUICE_GUARDED_BY(mutex_) = false;
  std::optional<uint64_t> crash_at_ SLUICE_GUARDED_BY(mutex_);
  std::optional<uint64_t> capacity_ SLUICE_GUARDED_BY(mutex_);
  std::shared_ptr<const std::function<void(std::string_view, const std::string&)>> hook_ SLUICE_GUARDED_BY(mutex_);
};

class FaultFileSystem::Writable final : public WritableFile {
 public:
  Writable(FaultFileSystem& fs, NodePtr node, std::string path, uint64_t boot)
      : fs_(fs), node_(std::move(node)), path_(std::move(path)), boot_(boot) {}

  Result<void> write_at(uint64_t offset, std::string_view bytes) override {
    fs_.call_hook("write", path_);
    const MutexLock lock(fs_.mutex_);
    if (boot_ != fs_.boot_) return stale("write");
    return fs_.write(*node_, path_, offset, bytes);
  }
  Result<void> sync_data() override {
    fs_.call_hook("sync", path_);
    const MutexLock lock(fs_.mutex_);
    if (boot_ != fs_.boot_) return stale("sync");
    return fs_.sync(*node_, path_);
  }
  Result<void> preallocate(uint64_t size) override { return set_size("preallocate", size, true); }
  Result<void> truncate(uint64_t size) override { return set_size("truncate", size, false); }
  Result<uint64_t> size() const override {
    const MutexLock lock(fs_.mutex_);
    if (boot_ != fs_.boot_) return stale("stat");
    SLUICE_TRY(fs_.readable("stat", path_));
    return node_->content.size();
  }

 private:
  std::unexpected<Error> stale(std::string_view action) const {
    return fault(ErrorCode::kIo, action, path_, "the handle is from before a crash");
  }
  Result<void> set_size(std::string_view operation, uint64_t size, bool only_grow) {
    fs_.call_hook(operation, path_);
    const MutexLock lock(fs_.mutex_);
    if (boot_ != fs_.boot_) return stale(operation);
    return fs_.resize(*node_, path_, operation, only_grow ? std::max<uint64_t>(size, node_->content.size()) : size);
  }

  FaultFileSystem& fs_;
  NodePtr node_;
  std::string path_;
  uint64_t boot_;
};

class FaultFileSystem::Readable final : public ReadableFile {
 public:
  Readable(FaultFileSystem& fs, NodePtr node, std::string path, uint64_t boot)
      : fs_(fs), node_(std::move(node)), path_(std::move(path)), boot_(boot) {}

  Result<void> read_at(uint64_t offset, size_t length, std::string& out) const override {
    const MutexLock lock(fs_.mutex_);
    SLUICE_TRY(check());
    const auto& content = node_->content;
    out = offset >= content.size() ? std::string() : content.substr(offset, length);
    return {};
  }
  Result<uint64_t> size() const override {
    const MutexLock lock(fs_.mutex_);
    SLUICE_TRY(check());
    return node_->content.size();
  }

 private:
  Result<void> check() const SLUICE_REQUIRES(fs_.mutex_) {
    if (boot_ != fs_.boot_) return fault(ErrorCode::kIo, "read", path_, "the handle is from before a crash");
    return fs_.readable("read", path_);
  }

  FaultFileSystem& fs_;
  NodePtr node_;
  std::string path_;
  uint64_t boot_;
};

// A copy: files that are mapped do not change. It outlives a crash, as no process maps a file across one.
class FaultFileSystem::Mapped final : public MappedFile {
 public:
  explicit Mapped(std::unique_ptr<const std::string> content) : MappedFile(*content), content_(std::move(content)) {}

 private:
  std::unique_ptr<const std::string> content_;
};

class FaultFileSystem::Lock final : public FileLock {
 public:
  Lock(FaultFileSystem& fs, std::vector<std::string> path, uint64_t boot)
      : fs_(fs), path_(std::move(path)), boot_(boot) {}
  ~Lock() override {
    const MutexLock lock(fs_.mutex_);
    if (boot_ == fs_.boot_) fs_.locks_.erase(path_);
  }

 private:
  FaultFileSystem& fs_;
  std::vector<std::string> path_;
  uint64_t boot_;
};

inline Result<void> FaultFileSystem::write(Node& node, const std::string& path, uint64_t offset,
                                           std::string_view bytes) {
  const bool was_dead = dead_;
  if (auto begun = begin("write", path); !begun) {
    if (!was_dead) node.write(offset, bytes.substr(0, random_() % (bytes.size() + 1)));
    return begun;
  }
  const uint64_t end = offset + bytes.size();
  const uint64_t end_max = room_for(node, end);
  if (end_max < end) {
    if (end_max > offset) node.write(offset, bytes.substr(0, end_max - offset));
    return fault(ErrorCode::kNoSpace, "write", path, "No space left on device");
  }
  node.write(offset, bytes);
  return {};
}

inline Result<void> FaultFileSystem::sync(Node& node, const std::string& path) {
  const bool was_dead = dead_;
  auto begun = begin("sync", path);
  if (begun && failing_syncs_ > 0) {
    --failing_syncs_;
    begun = fault(ErrorCode::kIo, "sync", path, "Input/output error");
  }
  if (begun) {
    node.sync();
  } else if (!was_dead && !dead_) {
    node.fail_sync(random_);
  }
  return begun;
}

inline Result<void> FaultFileSystem::resize(Node& node, const std::string& path, std::string_view operation,
                                            uint64_t size) {
  SLUICE_TRY(begin(operation, path));
  if (room_for(node, size) < size) return fault(ErrorCode::kNoSpace, operation, path, "No space left on device");
  node.resize(size);
  return {};
}

inline Result<std::unique_ptr<WritableFile>> FaultFileSystem::open_writable(const std::string& path, OpenMode mode,
                                                                            uint32_t /*permissions*/) {
  call_hook("open", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("open", path));
  SLUICE_ASSIGN(const auto place, slot(path));
  NodePtr node = find(path);
  if (node && node->is_directory) return fault(ErrorCode::kIo, "open", path, "Is a directory");
  if (node && mode == OpenMode::kCreateNew) return fault(ErrorCode::kAlreadyExists, "open", path, "File exists");
  if (!node) {
    node = std::make_shared<Node>(false);
    changes_.apply({{.directory = place.first, .name = place.second, .node = node}});
  }
  if (mode == OpenMode::kTruncate) node->resize(0);
  return std::make_unique<Writable>(*this, node, path, boot_);
}

inline Result<std::unique_ptr<ReadableFile>> FaultFileSystem::open_readable(const std::string& path) {
  const MutexLock lock(mutex_);
  SLUICE_TRY(readable("open", path));
  SLUICE_ASSIGN(const NodePtr node, need(path, false));
  return std::make_unique<Readable>(*this, node, path, boot_);
}

inline Result<std::shared_ptr<const MappedFile>> FaultFileSystem::map(const std::string& path) {
  const MutexLock lock(mutex_);
  SLUICE_TRY(readable("map", path));
  SLUICE_ASSIGN(const NodePtr node, need(path, false));
  return std::make_shared<Mapped>(std::make_unique<const std::string>(node->content));
}

inline Result<void> FaultFileSystem::create_directories(const std::string& path, uint32_t /*permissions*/) {
  call_hook("create_directories", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("create_directories", path));
  NodePtr node = root_;
  for (const auto& name : split_path(path)) {
    auto at = node->entries.find(name);
    if (at == node->entries.end()) {
      changes_.apply({{.directory = node, .name = name, .node = std::make_shared<Node>(true)}});
      changes_.sync(node);
      at = node->entries.find(name);
    }
    node = at->second;
    if (!node->is_directory) return fault(ErrorCode::kAlreadyExists, "create directory", path, "File exists");
  }
  return {};
}

inline Result<void> FaultFileSystem::rename(const std::string& from, const std::string& to) {
  call_hook("rename", from);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("rename", from));
  SLUICE_ASSIGN(const auto source, slot(from));
  SLUICE_ASSIGN(const auto target, slot(to));
  const NodePtr node = find(from);
  if (!node) return fault(ErrorCode::kNotFound, "rename", from, "No such file or directory");
  const NodePtr replaced = find(to);
  if (replaced == node) return {};
  if (replaced && replaced->is_directory != node->is_directory) {
    return fault(ErrorCode::kIo, "rename", to, node->is_directory ? "Not a directory" : "Is a directory");
  }
  if (replaced && !replaced->entries.empty()) return fault(ErrorCode::kIo, "rename", to, "Directory not empty");
  changes_.apply({{.directory = source.first, .name = source.second, .node = nullptr},
                  {.directory = target.first, .name = target.second, .node = node}});
  return {};
}

inline Result<void> FaultFileSystem::hard_link(const std::string& from, const std::string& to) {
  call_hook("hard_link", from);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("hard_link", from));
  SLUICE_ASSIGN(const NodePtr node, need(from, false));
  SLUICE_ASSIGN(const auto target, slot(to));
  if (find(to)) return fault(ErrorCode::kAlreadyExists, "hard_link", to, "File exists");
  changes_.apply({{.directory = target.first, .name = target.second, .node = node}});
  return {};
}

inline Result<void> FaultFileSystem::remove_file(const std::string& path) {
  call_hook("remove", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("remove", path));
  SLUICE_TRY(need(path, false));
  SLUICE_ASSIGN(const auto place, slot(path));
  changes_.apply({{.directory = place.first, .name = place.second, .node = nullptr}});
  return {};
}

inline void FaultFileSystem::remove_below(const NodePtr& directory, const std::string& name) {
  const NodePtr node = directory->entries.at(name);
  while (!node->entries.empty()) remove_below(node, node->entries.begin()->first);
  changes_.apply({{.directory = directory, .name = name, .node = nullptr}});
}

inline Result<void> FaultFileSystem::remove_tree(const std::string& path) {
  call_hook("remove_tree", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("remove_tree", path));
  if (!find(path)) return {};
  SLUICE_ASSIGN(const auto place, slot(path));
  remove_below(place.first, place.second);
  return {};
}

inline Result<void> FaultFileSystem::sync_directory(const std::string& path) {
  call_hook("sync_directory", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("sync_directory", path));
  SLUICE_ASSIGN(const NodePtr directory, need(path, true));
  changes_.sync(directory);
  return {};
}

inline Result<std::unique_ptr<FileLock>> FaultFileSystem::lock(const std::string& path) {
  call_hook("lock", path);
  const MutexLock lock(mutex_);
  SLUICE_TRY(begin("lock", path));
  SLUICE_ASSIGN(const auto place, slot(path));
  if (!locks_.insert(split_path(path)).second) {
    return fault(ErrorCode::kConflict, "lock", path, "it is locked by another process");
  }
  if (!find(path)) {
    changes_.apply({{.directory = place.first, .name = place.second, .node = std::make_shared<Node>(false)}});
  }
  return std::make_unique<Lock>(*this, split_path(path), boot_);
}

}  // namespace sluice::test
