#include "net/connection_table.h"

#include <algorithm>
#include <tuple>

#include "net/server_connection.h"

namespace sluice::net {
namespace {

struct Candidate {
  const std::shared_ptr<ServerConnection>* connection;
  size_t source_size;
  SourceKey source;
  ConnectionPhase phase;
  PhaseClock::Clock::time_point since;
};

}  // namespace

void ConnectionTable::add(std::shared_ptr<ServerConnection> connection, const SourceKey& source) {
  const auto* key = connection.get();
  rows_.emplace(key, Row{std::move(connection), source, &counts_.add(source)});
}

void ConnectionTable::remove(const ServerConnection* connection) {
  const auto found = rows_.find(connection);
  if (found == rows_.end()) return;
  counts_.remove(found->second.source);
  rows_.erase(found);
}

std::vector<std::shared_ptr<ServerConnection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<ServerConnection>> open;
  open.reserve(rows_.size());
  for (const auto& [key, row] : rows_) open.push_back(row.connection);
  return open;
}

std::vector<std::shared_ptr<ServerConnection>> ConnectionTable::victims(const ServerConnection* newest, size_t wanted,
                                                                        PhaseClock::Clock::time_point now) const {
  std::vector<Candidate> candidates;
  for (const auto& [key, row] : rows_) {
    const auto [phase, since] = row.connection->phase();
    if (key == newest || !may_give_up(phase, since, now)) continue;
    candidates.push_back({&row.connection, *row.source_size, row.source, phase, since});
  }
  if (candidates.empty()) return {};
  const auto by_size = [](const Candidate& c) { return std::tie(c.source_size, c.source); };
  const Candidate largest = *std::ranges::max_element(candidates, {}, by_size);
  size_t next = 0;
  for (const auto& [key, row] : rows_) {
    if (row.source != largest.source) next = std::max(next, *row.source_size);
  }
  std::erase_if(candidates, [&](const Candidate& c) { return c.source != largest.source; });
  const size_t ahead = largest.source_size > next ? largest.source_size - next : 1;
  const size_t taken = std::min({wanted, ahead, candidates.size()});
  std::ranges::partial_sort(candidates, candidates.begin() + static_cast<std::ptrdiff_t>(taken), {},
                            [](const Candidate& c) { return std::tie(c.phase, c.since); });
  std::vector<std::shared_ptr<ServerConnection>> chosen;
  for (size_t i = 0; i < taken; ++i) chosen.push_back(*candidates[i].connection);
  return chosen;
}

}  // namespace sluice::net
