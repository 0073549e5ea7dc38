#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::bench {

/// One request of the pretend cluster, as it comes from the wire.
struct Request {
  std::string body;     ///< snappy
  std::string message;  ///< the same, decoded
  uint32_t samples = 0;
};

/// The requests of one connection, in order, scrape by scrape.
struct Load {
  std::vector<Request> first;   ///< of the first scrape, which creates the series
  std::vector<Request> steady;  ///< of the scrapes after it
  uint64_t first_samples = 0;
  uint64_t steady_samples = 0;
  uint64_t steady_bytes = 0;  ///< of messages
};

/// 50,000 series, six scrapes, by the seed of script/bench. Made once and kept: steps are measured over the same bytes.
/// Not thread-safe.
const Load& load();

}  // namespace sluice::bench
