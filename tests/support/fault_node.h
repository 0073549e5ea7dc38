#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"

/// The parts of FaultFileSystem: its files and directories, each as readers see it and as the disk holds it.
namespace sluice::test {

struct Node;
using NodePtr = std::shared_ptr<Node>;

/// How much of what was not synced a crash keeps: all, nothing, or each piece by a coin.
enum class Survival : uint8_t { kAll, kNone, kMixed };
inline Survival draw_survival(std::mt19937_64& random) { return static_cast<Survival>(random() % 3); }
inline bool survives(Survival survival, std::mt19937_64& random) {
  return survival == Survival::kAll || (survival == Survival::kMixed && random() % 2 == 0);
}

/// A file or a directory, as an inode: open handles keep it alive. Guarded by the file system's mutex.
struct Node {
  static constexpr uint64_t kSectorBytes = 512;

  explicit Node(bool directory) : is_directory(directory) {}

  const bool is_directory;
  // Of a file: what readers see, what the disk holds, and the sectors in which a sync must copy.
  std::string content;
  std::string durable;
  std::set<uint64_t> dirty_sectors;
  // Of a directory: likewise. NamespaceChanges moves entries from the one to the other.
  std::map<std::string, NodePtr> entries;
  std::map<std::string, NodePtr> durable_entries;

  void write(uint64_t offset, std::string_view bytes) {
    if (bytes.empty()) return;
    if (offset + bytes.size() > content.size()) resize(offset + bytes.size());
    content.replace(offset, bytes.size(), bytes);
    mark_dirty(offset, offset + bytes.size());
  }

  void resize(uint64_t size) {
    const uint64_t before = content.size();
    content.resize(size);
    // Zeros are data: they must not leave older bytes on disk after a cut and a growth.
    if (size > before) mark_dirty(before, size);
  }

  void sync() {
    durable.resize(content.size());
    for (const uint64_t sector : dirty_sectors) copy_sector(content, durable, sector);
    dirty_sectors.clear();
  }

  void fail_sync(std::mt19937_64& random) {
    const Survival survival = draw_survival(random);
    for (const uint64_t sector : dirty_sectors) {
      if (survives(survival, random)) copy_sector(content, durable, sector);
    }
    dirty_sectors.clear();
  }

  /// Of this node and all below it, keeps what the disk holds and a choice of what it may hold besides.
  void crash(std::mt19937_64& random) {
    if (is_directory) {
      entries = durable_entries;
      for (const auto& [name, node] : entries) node->crash(random);
      return;
    }
    const Survival survival = draw_survival(random);
    std::string left = std::move(durable);
    if (survives(survival, random)) left.resize(content.size());
    for (const uint64_t sector : dirty_sectors) {
      if (survives(survival, random)) copy_sector(content, left, sector);
    }
    content = left;
    durable = std::move(left);
    dirty_sectors.clear();
  }

  uint64_t total_bytes() const {
    uint64_t total = content.size();
    for (const auto& [name, node] : entries) total += node->total_bytes();
    return total;
  }

 private:
  void mark_dirty(uint64_t begin, uint64_t end) {
    for (uint64_t sector = begin / kSectorBytes; sector * kSectorBytes < end; ++sector) dirty_sectors.insert(sector);
  }
  /// As far as both reach.
  static void copy_sector(const std::string& from, std::string& to, uint64_t sector) {
    const uint64_t begin = sector * kSectorBytes;
    const uint64_t end = std::min<uint64_t>({begin + kSectorBytes, from.size(), to.size()});
    if (begin < end) to.replace(begin, end - begin, from, begin, end - begin);
  }
};

/// One entry of a directory set to a node, or removed (null).
struct EntryChange {
  NodePtr directory;
  std::string name;
  NodePtr node;
};

/// Creations, renames and removals that are not yet durable, oldest first. The changes of one operation (a
/// rename's two) reach the disk together, and the operations on one directory in their order, as a
/// journaling file system does it; operations on different directories in any order.
class NamespaceChanges {
 public:
  /// Makes them visible to readers.
  void apply(std::vector<EntryChange> operation) {
    for (const auto& change : operation) set(change.directory->entries, change);
    pending_.push_back(std::move(operation));
  }

  /// Makes every operation on `directory` durable, and what must go before.
  void sync(const NodePtr& directory) {
    std::set<const Node*> wanted = {directory.get()};
    std::vector<bool> now(pending_.size());
    for (size_t i = pending_.size(); i-- > 0;) {
      now[i] = touches(pending_[i], wanted);
      if (now[i]) add_directories(pending_[i], wanted);
    }
    std::vector<std::vector<EntryChange>> later;
    for (size_t i = 0; i < pending_.size(); ++i) {
      if (now[i]) {
        make_durable(pending_[i]);
      } else {
        later.push_back(std::move(pending_[i]));
      }
    }
    pending_ = std::move(later);
  }

  /// Keeps of each directory's operations the first few, forgets the others.
  void crash(std::mt19937_64& random) {
    const Survival survival = draw_survival(random);
    std::set<const Node*> stopped;
    for (const auto& operation : pending_) {
      if (!touches(operation, stopped) && survives(survival, random)) {
        make_durable(operation);
      } else {
        add_directories(operation, stopped);
      }
    }
    pending_.clear();
  }

 private:
  static void set(std::map<std::string, NodePtr>& entries, const EntryChange& change) {
    if (change.node) {
      entries[change.name] = change.node;
    } else {
      entries.erase(change.name);
    }
  }
  static void make_durable(const std::vector<EntryChange>& operation) {
    for (const auto& change : operation) set(change.directory->durable_entries, change);
  }
  static bool touches(const std::vector<EntryChange>& operation, const std::set<const Node*>& directories) {
    return std::ranges::any_of(operation, [&](const auto& c) { return directories.contains(c.directory.get()); });
  }
  static void add_directories(const std::vector<EntryChange>& operation, std::set<const Node*>& directories) {
    for (const auto& change : operation) directories.insert(change.directory.get());
  }

  std::vector<std::vector<EntryChange>> pending_;
};

/// "a//b/./c" -> {"a", "b", "c"}; absolute and relative paths mean the same here.
inline std::vector<std::string> split_path(std::string_view path) {
  std::vector<std::string> names;
  while (!path.empty()) {
    const size_t slash = path.find('/');
    const std::string_view name = path.substr(0, slash);
    SLUICE_CHECK(name != "..", "the fault file system walks no path upwards");
    if (!name.empty() && name != ".") names.emplace_back(name);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
  }
  return names;
}

}  // namespace sluice::test
