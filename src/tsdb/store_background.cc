// What the Store does by itself: opening at start, closing what is idle, maintenance, and the end.
#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "tsdb/store.h"
#include "tsdb/store_slot.h"

namespace sluice::tsdb {
namespace {

// Of one tend(): a thousand that fall idle together must not stand in the keeper's queue before one that is asked for.
constexpr size_t kClosedAtOnceMax = 16;

}  // namespace

Result<void> Store::begin() {
  SLUICE_ASSIGN(const auto ids, list());
  std::vector<std::string> unclosed;
  std::vector<std::string> in_use;
  for (const auto& id : ids) {
    const LeftAs left_as = read_close_mark(fs_, path_of(id));
    if (left_as == LeftAs::kUnclosed) unclosed.push_back(id);
    if (left_as == LeftAs::kInUse) in_use.push_back(id);
  }
  options_.workspace.logger->info(
      "workspaces found",
      {{"workspaces", ids.size()}, {"to_replay", unclosed.size()}, {"in_use_before", in_use.size()}});
  size_t queued = 0;
  {
    MutexLock lock(mutex_);
    begun_ = true;
    const auto enqueue = [&](const std::string& id, bool is_awaited) SLUICE_REQUIRES(mutex_) {
      const auto [entry, is_new] = slots_.try_emplace(id, nullptr);
      if (is_new) {
        entry->second = std::make_shared<Slot>();
        queue_.push_back(id);
        ++queued;
      }
      entry->second->is_awaited = is_awaited;
    };
    for (const auto& id : unclosed) enqueue(id, true);
    for (const auto& id : in_use) enqueue(id, false);
  }
  for (; queued > 0; --queued) post([this] { open_next(); });
  return {};
}

Result<void> Store::ready() const {
  MutexLock lock(mutex_);
  if (!begun_) return fail(ErrorCode::kUnavailable, "workspaces are being looked for");
  std::optional<std::unexpected<Error>> first;
  size_t waiting = 0;
  for (const auto& [id, slot] : slots_) {
    if (!slot->is_awaited || slot->state == Slot::State::kOpen || slot->state == Slot::State::kFailed) continue;
    ++waiting;
    if (!first || slot->state == Slot::State::kOpening) first = slot->not_yet(id);
  }
  if (!first) return {};
  if (waiting == 1) return *first;
  return fail(first->error().code, fmt::format("{}; {} more to replay", first->error().message, waiting - 1));
}

bool Store::is_idle(const Slot& slot) const {
  // Nobody but the slot holds it, so nothing of it is under way; and nobody gets it while the Store's lock is held.
  return slot.state == Slot::State::kOpen && options_.idle_close.count() > 0 && !slot.is_maintaining &&
         slot.db.use_count() == 1 && clock().steady() - slot.used_at >= options_.idle_close;
}

bool Store::is_due(const Slot& slot) const {
  return slot.state == Slot::State::kOpen && !slot.is_maintaining &&
         clock().steady() - slot.maintained_at >= options_.maintain_every;
}

void Store::tend() {
  std::vector<std::pair<std::string, SlotPtr>> idle;
  std::vector<SlotPtr> due;
  std::vector<std::pair<Opened, std::unexpected<Error>>> waited_long;
  const auto now = clock().steady();
  {
    MutexLock lock(mutex_);
    if (closed_) return;
    for (auto& [id, slot] : slots_) {
      if (idle.size() < kClosedAtOnceMax && is_idle(*slot)) {
        slot->state = Slot::State::kClosing;
        idle.emplace_back(id, slot);
      } else if (is_due(*slot)) {
        slot->is_maintaining = true;
        due.push_back(slot);
      }
      const auto late = std::ranges::partition(slot->waiters, [now](const Waiter& w) { return w.until > now; });
      for (auto& waiter : late) waited_long.emplace_back(std::move(waiter.done), slot->not_yet(id));
      slot->waiters.erase(late.begin(), late.end());
    }
  }
  for (auto& [done, error] : waited_long) done(std::move(error));
  for (auto& one : idle) {
    post([this, one = std::move(one)] { close_slot(one.first, one.second); });
  }
  Executor& maintainer = options_.maintainer != nullptr ? *options_.maintainer : *options_.keeper;
  for (auto& slot : due) {
    post_to(maintainer, [this, slot = std::move(slot)] { maintain_slot(slot); });
  }
}

void Store::maintain_slot(const SlotPtr& slot) {
  std::shared_ptr<WorkspaceDb> db;
  {
    MutexLock lock(mutex_);
    if (!closed_) db = slot->db;
  }
  if (db) db->maintain();
  db.reset();
  MutexLock lock(mutex_);
  slot->is_maintaining = false;
  slot->maintained_at = clock().steady();
  maintained_.notify_all();
}

void Store::close_slot(const std::string& id, const SlotPtr& slot) {
  std::shared_ptr<WorkspaceDb> db;
  {
    MutexLock lock(mutex_);
    db = std::move(slot->db);
  }
  if (db == nullptr) return;  // close() was quicker
  count_open(-1);
  db->close();
  write_close_mark(fs_, path_of(id), LeftAs::kIdle);
  // Gone before it can be opened again, with its file handles and metrics.
  db.reset();
  options_.workspace.logger->info("idle workspace closed", {{"workspace", id}});
  bool is_queued = false;
  {
    MutexLock lock(mutex_);
    if (slot->waiters.empty()) {
      slots_.erase(id);
    } else {
      slot->state = Slot::State::kQueued;
      is_queued = enqueue_first(id, *slot);
    }
  }
  if (is_queued) post([this] { open_next(); });
}

void Store::close() {
  std::vector<std::pair<std::string, std::shared_ptr<WorkspaceDb>>> open;
  std::vector<Waiter> waiters;
  {
    MutexLock lock(mutex_);
    closed_ = true;
    for (auto& [id, slot] : slots_) {
      if (slot->db) open.emplace_back(id, std::exchange(slot->db, nullptr));
      std::ranges::move(slot->waiters, std::back_inserter(waiters));
      slot->waiters.clear();
    }
    std::erase_if(slots_, [](const auto& entry) { return entry.second->state != Slot::State::kOpening; });
  }
  for (auto& waiter : waiters) waiter.done(shutting_down());
  jobs_->end();  // no maintenance goes on beside a close
  for (auto& [id, db] : open) {
    count_open(-1);
    db->close();
    write_close_mark(fs_, path_of(id), LeftAs::kInUse);
  }
}

}  // namespace sluice::tsdb
