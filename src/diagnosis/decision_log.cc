#include "diagnosis/decision_log.h"

#include <algorithm>
#include <bit>
#include <functional>
#include <iterator>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace sluice::diagnosis {
namespace {

constexpr size_t kAliasesPerRecord = 4;
/// ARNs, issuers and subjects are shorter; what is longer comes from somebody who plays.
constexpr size_t kIdentityBytesMax = 512;

void bound_texts(DecisionRecord& record) {
  for (std::string* text : {&record.request_id, &record.operation, &record.action, &record.principal, &record.issuer,
                            &record.subject, &record.resource, &record.source_ip, &record.code}) {
    if (text->size() > kIdentityBytesMax) *text = printable(*text, kIdentityBytesMax);
  }
  if (record.message.size() > limits::kDecisionFieldBytesMax) {
    record.message = printable(record.message, limits::kDecisionFieldBytesMax);
  }
}

std::string flood_key(const DecisionRecord& record) {
  std::string key(rule(record.first_failure.rule).name);
  const auto add = [&key](const std::string& part) { key.append(1, '\n').append(part); };
  add(record.source_ip);
  if (record.is_anonymous()) {
    add(record.issuer);
  } else {
    add(record.principal);
    add(record.action);
    add(record.resource);
  }
  return key;
}

}  // namespace

DecisionLog::Ring::Ring(size_t capacity, const DecisionLogOptions& options)
    : capacity_(capacity), options_(options), lines_left_(options.log_lines_burst) {
  SLUICE_CHECK(capacity > 0, "a ring holds at least one record");
}

DecisionRecord* DecisionLog::Ring::at(uint64_t sequence) {
  const bool is_there = sequence < next_ && next_ - sequence <= capacity_;
  return is_there ? &records_[sequence % capacity_] : nullptr;
}

void DecisionLog::Ring::forget_id(const std::string& request_id, uint64_t sequence) {
  const auto found = by_id_.find(request_id);
  if (found != by_id_.end() && found->second == sequence) by_id_.erase(found);
}

void DecisionLog::Ring::store(DecisionRecord record) {
  by_id_.insert_or_assign(record.request_id, next_);
  if (records_.size() < capacity_) {
    records_.push_back(std::move(record));
  } else {
    DecisionRecord& oldest = records_[next_ % capacity_];
    forget_id(oldest.request_id, next_ - capacity_);
    oldest = std::move(record);
  }
  ++next_;
}

void DecisionLog::Ring::add_alias(std::string request_id, uint64_t sequence) {
  if (aliases_.size() == capacity_ * kAliasesPerRecord) {
    forget_id(aliases_.front().request_id, aliases_.front().sequence);
    aliases_.pop_front();
  }
  by_id_.insert_or_assign(request_id, sequence);
  aliases_.push_back({std::move(request_id), sequence});
}

DecisionLog::Ring::Flood& DecisionLog::Ring::flood_of(const DecisionRecord& record) {
  auto [found, is_new] = floods_.try_emplace(flood_key(record));
  Flood& flood = found->second;
  if (is_new) {
    flood_order_.push_back(found->first);
    if (flood_order_.size() > capacity_) {
      floods_.erase(flood_order_.front());
      flood_order_.pop_front();
    }
  }
  // A clock that steps back ends a flood as well: the window is short, either way.
  const TimestampMs age = record.time_ms - flood.started_ms;
  if (is_new || age < 0 || age >= options_.window.count()) flood = {.started_ms = record.time_ms};
  return flood;
}

bool DecisionLog::Ring::take_log_line(TimestampMs now_ms) {
  const TimestampMs elapsed_ms = std::max<TimestampMs>(0, now_ms - refilled_ms_);
  refilled_ms_ = now_ms;
  lines_left_ = std::min(options_.log_lines_burst,
                         lines_left_ + static_cast<double>(elapsed_ms) / 1000 * options_.log_lines_per_second);
  if (lines_left_ < 1) {
    ++lines_dropped_;
    return false;
  }
  lines_left_ -= 1;
  return true;
}

DecisionLog::Added DecisionLog::Ring::add(DecisionRecord record) {
  bound_texts(record);
  record.last_time_ms = record.time_ms;
  MutexLock lock(mutex_);
  Flood& flood = flood_of(record);
  ++flood.seen;
  DecisionRecord* aggregate = flood.seen > 1 ? at(flood.newest) : nullptr;
  if (aggregate != nullptr && flood.seen > options_.own_records_per_flood && !std::has_single_bit(flood.seen)) {
    ++aggregate->count;
    aggregate->last_time_ms = record.time_ms;
    add_alias(std::move(record.request_id), flood.newest);
    return {};
  }
  flood.newest = next_;
  Added added{.is_own_record = true, .write_log_line = take_log_line(record.time_ms)};
  if (added.write_log_line) added.log_lines_dropped = std::exchange(lines_dropped_, 0);
  store(std::move(record));
  return added;
}

std::optional<DecisionRecord> DecisionLog::Ring::find(std::string_view request_id) const {
  MutexLock lock(mutex_);
  const auto found = by_id_.find(std::string(request_id));
  if (found == by_id_.end() || next_ - found->second > capacity_) return std::nullopt;
  return records_[found->second % capacity_];
}

void DecisionLog::Ring::append_recent(size_t count_max, std::vector<DecisionRecord>& out) const {
  MutexLock lock(mutex_);
  const size_t count = std::min(count_max, records_.size());
  for (size_t i = 1; i <= count; ++i) out.push_back(records_[(next_ - i) % capacity_]);
}

DecisionLog::DecisionLog(DecisionLogOptions options)
    : options_(options), authenticated_(options_.authenticated_max, options_),
      anonymous_(options_.anonymous_max, options_) {}

DecisionLog::Added DecisionLog::add(DecisionRecord record) {
  return (record.is_anonymous() ? anonymous_ : authenticated_).add(std::move(record));
}

std::optional<DecisionRecord> DecisionLog::find(std::string_view request_id) const {
  auto found = authenticated_.find(request_id);
  return found ? found : anonymous_.find(request_id);
}

std::vector<DecisionRecord> DecisionLog::recent(size_t count_max) const {
  std::vector<DecisionRecord> proven;
  std::vector<DecisionRecord> unproven;
  authenticated_.append_recent(count_max, proven);
  anonymous_.append_recent(count_max, unproven);
  std::vector<DecisionRecord> result;
  std::ranges::merge(proven, unproven, std::back_inserter(result), std::ranges::greater(), &DecisionRecord::time_ms,
                     &DecisionRecord::time_ms);
  if (result.size() > count_max) result.resize(count_max);
  return result;
}

}  // namespace sluice::diagnosis
