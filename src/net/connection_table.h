#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/source.h"

/// Inside net: who is connected to a server, and who goes first when it is full.
namespace sluice::net {

/// What a connection is doing, in the order in which it is given up to make room; kHandling never is.
enum class ConnectionPhase : uint8_t {
  kLeaving,   ///< its last answer is written; waiting for the peer to go
  kIdle,      ///< between two requests
  kHeader,    ///< accepted, or in the middle of a header
  kBody,      ///< in the middle of a request's body
  kWriting,   ///< in the middle of an answer; not given up before kWritingPatience
  kHandling,  ///< a handler runs
};

/// The phase of one connection and since when. Written by the connection, read by others: thread-safe.
class PhaseClock {
 public:
  using Clock = std::chrono::steady_clock;

  PhaseClock() { enter(ConnectionPhase::kHeader); }
  void enter(ConnectionPhase phase) {
    const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch()).count();
    packed_.store(static_cast<uint64_t>(now) << kPhaseBits | static_cast<uint64_t>(phase), std::memory_order_relaxed);
  }
  std::pair<ConnectionPhase, Clock::time_point> read() const {
    const uint64_t packed = packed_.load(std::memory_order_relaxed);
    return {static_cast<ConnectionPhase>(packed & ((1u << kPhaseBits) - 1)),
            Clock::time_point(std::chrono::microseconds(packed >> kPhaseBits))};
  }

 private:
  static constexpr unsigned kPhaseBits = 3;
  std::atomic<uint64_t> packed_{0};  ///< both in one, so that a reader never mixes two
};

/// How long a client may take no byte of an answer before it counts as slow.
inline constexpr std::chrono::seconds kWritingPatience{2};

/// Whether a connection in this phase waits for its client, so that it can be given up.
inline bool may_give_up(ConnectionPhase phase, PhaseClock::Clock::time_point since, PhaseClock::Clock::time_point now) {
  return phase != ConnectionPhase::kHandling && (phase != ConnectionPhase::kWriting || now - since >= kWritingPatience);
}

class ServerConnection;

/// The open connections of one server. Not thread-safe.
class ConnectionTable {
 public:
  void add(std::shared_ptr<ServerConnection> connection, const SourceKey& source);
  void remove(const ServerConnection* connection);

  size_t size() const { return rows_.size(); }
  size_t of_source(const SourceKey& source) const { return counts_.of(source); }
  std::vector<std::shared_ptr<ServerConnection>> all() const;

  /// Those to give up for others, up to `wanted`, never `newest`; empty when each is being served. All are of the one
  /// source that holds the most connections among those that have any to give, and no more are taken of it than it
  /// is ahead of the next, at least one. First by phase, then the longest in it.
  std::vector<std::shared_ptr<ServerConnection>> victims(const ServerConnection* newest, size_t wanted,
                                                         PhaseClock::Clock::time_point now) const;

 private:
  struct Row {
    std::shared_ptr<ServerConnection> connection;
    SourceKey source;
    const size_t* source_size;  ///< how many connections it holds; in counts_
  };
  std::unordered_map<const ServerConnection*, Row> rows_;
  SourceCounts counts_;
};

}  // namespace sluice::net
