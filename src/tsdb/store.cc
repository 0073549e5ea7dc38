#include "tsdb/store.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::tsdb {
namespace {

constexpr std::string_view kIdPrefix = "ws-";
constexpr std::string_view kUuidShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
constexpr std::string_view kDeletedSuffix = ".deleted";
constexpr std::chrono::seconds kReopenPause{10};

std::unexpected<Error> no_such(std::string_view id) {
  return fail(ErrorCode::kNotFound, fmt::format("there is no workspace {}", printable(id, 64)));
}

std::unexpected<Error> still_opening(std::string_view id, const ReplayProgress& progress) {
  return fail(ErrorCode::kUnavailable, fmt::format("workspace {} is being opened: {} of {} bytes of its log replayed",
                                                   id, progress.bytes_done.load(), progress.bytes_total.load()));
}

}  // namespace

bool is_workspace_id(std::string_view id) {
  if (!id.starts_with(kIdPrefix) || id.size() != kIdPrefix.size() + kUuidShape.size()) return false;
  const auto uuid = id.substr(kIdPrefix.size());
  return std::ranges::equal(uuid, kUuidShape, [](char c, char shape) {
    return shape == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

/// A workspace that is open or being opened.
struct Store::Slot {
  ReplayProgress progress;
  std::shared_ptr<WorkspaceDb> db;  // null while being opened, and after an open that failed
  // Reading a log costs as much when it fails, so a failure stands for a while.
  std::optional<Error> failed;
  std::chrono::steady_clock::time_point retry_at;
};

Result<std::unique_ptr<Store>> Store::open(FileSystem& fs, std::string root, WorkspaceDbOptions options) {
  SLUICE_ASSIGN(const bool exists, fs.exists(root));
  if (!exists) {
    SLUICE_TRY(fs.create_directories(root));
    SLUICE_TRY(fs.sync_directory(std::string(parent_path(root))));
  }
  auto store = std::unique_ptr<Store>(new Store(fs, std::move(root), std::move(options)));
  SLUICE_TRY(store->remove_leftovers());
  return store;
}

Store::Store(FileSystem& fs, std::string root, WorkspaceDbOptions options)
    : fs_(fs), root_(std::move(root)), options_(std::move(options)) {}

Store::~Store() { close(); }

std::string Store::path_of(std::string_view id) const { return join_path(root_, id); }

Result<void> Store::remove_leftovers() {
  SLUICE_ASSIGN(const auto names, fs_.list(root_));
  for (const auto& name : names) {
    if (name.ends_with(kDeletedSuffix)) SLUICE_TRY(fs_.remove_tree(path_of(name)));
  }
  return {};
}

Result<std::vector<std::string>> Store::list() const {
  SLUICE_ASSIGN(auto names, fs_.list(root_));
  std::erase_if(names, [](const std::string& name) { return !is_workspace_id(name); });
  return names;
}

Result<void> Store::create_workspace(std::string_view id) {
  if (!is_workspace_id(id)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("workspace id '{}' is not of the form ws-{}", printable(id, 64), kUuidShape));
  }
  {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
    if (exists) return fail(ErrorCode::kAlreadyExists, fmt::format("workspace {} exists", id));
    SLUICE_TRY(fs_.create_directories(path_of(id)));
    SLUICE_TRY(fs_.sync_directory(root_));
  }
  (void)workspace(id);
  return {};
}

Result<std::shared_ptr<WorkspaceDb>> Store::workspace(std::string_view id) {
  if (!is_workspace_id(id)) return no_such(id);
  std::shared_ptr<Slot> slot;
  {
    MutexLock lock(mutex_);
    if (closed_) return fail(ErrorCode::kUnavailable, "the collector is shutting down");
    const auto found = slots_.find(id);
    if (found != slots_.end()) {
      if (found->second->db) return found->second->db;
      if (!found->second->failed) return still_opening(id, found->second->progress);
      if (options_.clock->steady() < found->second->retry_at) return std::unexpected(*found->second->failed);
      slots_.erase(found);
    }
    SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
    if (!exists) return no_such(id);
    slot = std::make_shared<Slot>();
    slots_.emplace(std::string(id), slot);
  }
  return open_slot(std::string(id), slot);
}

Result<std::shared_ptr<WorkspaceDb>> Store::open_slot(const std::string& id, const std::shared_ptr<Slot>& slot) {
  WorkspaceDbOptions options = options_;
  options.name = id;
  options.progress = &slot->progress;
  auto db = WorkspaceDb::open(fs_, path_of(id), std::move(options));
  bool too_late = false;
  {
    MutexLock lock(mutex_);
    too_late = closed_;
    if (too_late) {
      slots_.erase(id);
    } else if (!db) {
      slot->failed = db.error();
      slot->retry_at = options_.clock->steady() + kReopenPause;
    } else {
      slot->db = *db;
    }
  }
  if (db && too_late) {
    (*db)->close();
    return fail(ErrorCode::kUnavailable, "the collector is shutting down");
  }
  return db;
}

Result<void> Store::open_all() {
  SLUICE_ASSIGN(const auto ids, list());
  for (const auto& id : ids) {
    {
      MutexLock lock(mutex_);
      opening_ = id;
    }
    auto db = workspace(id);
    if (!db && db.error().code != ErrorCode::kNotFound && db.error().code != ErrorCode::kUnavailable) {
      options_.logger->error("workspace not opened", {{"workspace", id}, {"reason", db.error().message}});
    }
  }
  MutexLock lock(mutex_);
  opening_.clear();
  opened_all_ = true;
  return {};
}

Result<void> Store::ready() const {
  MutexLock lock(mutex_);
  if (opened_all_) return {};
  const auto slot = slots_.find(opening_);
  if (slot == slots_.end() || slot->second->db) {
    return fail(ErrorCode::kUnavailable, "workspaces are being opened");
  }
  return still_opening(opening_, slot->second->progress);
}

Result<void> Store::delete_workspace(std::string_view id) {
  if (!is_workspace_id(id)) return no_such(id);
  const std::string grave = path_of(id) + std::string(kDeletedSuffix);
  std::shared_ptr<WorkspaceDb> db;
  Result<void> gone;
  {
    MutexLock lock(mutex_);
    const auto slot = slots_.find(id);
    if (slot != slots_.end() && !slot->second->db && !slot->second->failed) {
      return still_opening(id, slot->second->progress);
    }
    SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
    if (!exists) return no_such(id);
    // From here on nobody finds it; what is under way in it ends with the log that close() shuts.
    SLUICE_TRY(fs_.rename(path_of(id), grave));
    if (slot != slots_.end()) {
      db = std::move(slot->second->db);
      slots_.erase(slot);
    }
    gone = fs_.sync_directory(root_);
  }
  if (db) db->close();
  SLUICE_TRY(std::move(gone));
  return fs_.remove_tree(grave);
}

void Store::close() {
  std::vector<std::shared_ptr<WorkspaceDb>> open;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [id, slot] : slots_) {
      if (slot->db) open.push_back(std::move(slot->db));
    }
    std::erase_if(slots_, [&](const auto& entry) { return !entry.second->db; });
  }
  for (auto& db : open) db->close();
}

}  // namespace sluice::tsdb
