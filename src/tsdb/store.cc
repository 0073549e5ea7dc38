#include "tsdb/store.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"
#include "tsdb/store_slot.h"

namespace sluice::tsdb {
namespace {

// Reading a log costs as much when it fails, so a failure stands for a while.
constexpr std::chrono::seconds kReopenPause{10};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(FileSystem& fs, std::string root, StoreOptions options) {
  SLUICE_CHECK(options.keeper != nullptr && options.workspace.clock != nullptr && options.workspace.logger != nullptr,
               "keeper, clock and logger are required");
  SLUICE_ASSIGN(const bool exists, fs.exists(root));
  if (!exists) {
    SLUICE_TRY(fs.create_directories(root));
    SLUICE_TRY(fs.sync_directory(std::string(parent_path(root))));
  }
  auto store = std::unique_ptr<Store>(new Store(fs, std::move(root), std::move(options)));
  SLUICE_TRY(store->remove_doomed());
  return store;
}

Store::Store(FileSystem& fs, std::string root, StoreOptions options)
    : fs_(fs), root_(std::move(root)), options_(std::move(options)), jobs_(std::make_shared<Jobs>()),
      open_gauge_(options_.workspace.metrics == nullptr
                      ? nullptr
                      : &options_.workspace.metrics->gauge("sluice_workspaces_open",
                                                           "Workspaces that are open; idle ones are closed.")) {}

Store::~Store() { close(); }

void Store::post_to(Executor& executor, std::move_only_function<void()> work) {
  executor.post([jobs = jobs_, work = std::move(work)]() mutable {
    if (!jobs->enter()) return;
    work();
    jobs->leave();
  });
}

Result<std::vector<std::string>> Store::list() const {
  SLUICE_ASSIGN(auto names, fs_.list(root_));
  std::erase_if(names, [](const std::string& name) { return !is_workspace_id(name); });
  return names;
}

Result<void> Store::create_workspace(std::string_view id) {
  if (!is_workspace_id(id)) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("workspace id '{}' is not 'ws-' and a UUID in lower case", printable(id, 64)));
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

Result<Store::SlotPtr> Store::slot_of(std::string_view id) {
  if (closed_) return shutting_down();
  const auto found = slots_.find(id);
  if (found == slots_.end()) {
    SLUICE_ASSIGN(const bool exists, fs_.exists(path_of(id)));
    if (!exists) return no_such_workspace(id);
    return slots_.emplace(std::string(id), std::make_shared<Slot>()).first->second;
  }
  Slot& slot = *found->second;
  slot.used_at = clock().steady();
  if (slot.state == Slot::State::kFailed) {
    if (slot.used_at < slot.retry_at) return std::unexpected(*slot.failure);
    slot.state = Slot::State::kQueued;
    slot.failure.reset();
  }
  return found->second;
}

std::shared_ptr<WorkspaceDb> Store::find_open(std::string_view id) {
  MutexLock lock(mutex_);
  const auto found = slots_.find(id);
  if (found == slots_.end() || found->second->state != Slot::State::kOpen) return nullptr;
  found->second->used_at = clock().steady();
  return found->second->db;
}

Result<std::shared_ptr<WorkspaceDb>> Store::workspace(std::string_view id) {
  if (!is_workspace_id(id)) return no_such_workspace(id);
  SlotPtr slot;
  {
    MutexLock lock(mutex_);
    SLUICE_ASSIGN(slot, slot_of(id));
    if (slot->state == Slot::State::kOpen) return slot->db;
    if (slot->state != Slot::State::kQueued) return slot->not_yet(id);
    slot->state = Slot::State::kOpening;
  }
  return open_slot(std::string(id), slot);
}

void Store::when_open(std::string_view id, Opened done) {
  Result<std::shared_ptr<WorkspaceDb>> answer = no_such_workspace(id);
  bool is_queued = false;
  if (is_workspace_id(id)) {
    MutexLock lock(mutex_);
    auto slot = slot_of(id);
    if (!slot) {
      answer = std::unexpected(std::move(slot).error());
    } else if ((*slot)->state == Slot::State::kOpen) {
      answer = (*slot)->db;
    } else {
      (*slot)->waiters.push_back({std::move(done), clock().steady() + options_.open_wait_max});
      if ((*slot)->state == Slot::State::kQueued) is_queued = enqueue_first(std::string(id), **slot);
    }
  }
  if (is_queued) post([this] { open_next(); });
  if (done) done(std::move(answer));
}

/// True when it was not queued before: a job is to be posted.
bool Store::enqueue_first(const std::string& id, Slot& slot) {
  if (std::exchange(slot.is_requested, true)) return false;
  const bool is_new = std::erase(queue_, id) == 0;
  queue_.push_front(id);
  return is_new;
}

void Store::open_next() {
  std::string id;
  SlotPtr slot;
  {
    MutexLock lock(mutex_);
    while (slot == nullptr && !queue_.empty()) {
      id = std::move(queue_.front());
      queue_.pop_front();
      const auto found = slots_.find(id);
      if (found != slots_.end() && found->second->state == Slot::State::kQueued) slot = found->second;
    }
    if (slot == nullptr || closed_) return;
    slot->state = Slot::State::kOpening;
  }
  (void)open_slot(id, slot);
}

Result<std::shared_ptr<WorkspaceDb>> Store::open_slot(const std::string& id, const SlotPtr& slot) {
  remove_close_mark(fs_, path_of(id));
  WorkspaceDbOptions options = options_.workspace;
  options.name = id;
  options.progress = &slot->progress;
  auto db = WorkspaceDb::open(fs_, path_of(id), std::move(options));
  if (!db) {
    options_.workspace.logger->error("workspace not opened", {{"workspace", id}, {"reason", db.error().message}});
  }
  std::vector<Waiter> waiters;
  bool too_late = false;
  {
    MutexLock lock(mutex_);
    too_late = closed_;
    slot->is_awaited = slot->is_requested = false;
    waiters.swap(slot->waiters);
    if (too_late) {
      slots_.erase(id);
    } else if (db) {
      count_open(1);
      slot->state = Slot::State::kOpen;
      slot->db = *db;
      slot->used_at = slot->maintained_at = clock().steady();
    } else {
      slot->state = Slot::State::kFailed;
      slot->failure = db.error();
      slot->retry_at = clock().steady() + kReopenPause;
    }
  }
  if (too_late) {
    if (db) {
      (*db)->close();
      write_close_mark(fs_, path_of(id), LeftAs::kInUse);
    }
    return shutting_down();
  }
  for (auto& waiter : waiters) waiter.done(db);
  return db;
}

}  // namespace sluice::tsdb
