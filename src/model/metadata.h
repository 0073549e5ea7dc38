#pragma once

#include <cstdint>
#include <string>

namespace sluice::model {

/// What is said about a metric family, the name that a HELP or TYPE line has.
struct Metadata {
  uint32_t type = 0;  ///< MetricMetadata.MetricType of prompb/types.proto: 0 unknown, 1 counter, 2 gauge, ...
  std::string help;
  std::string unit;
  friend bool operator==(const Metadata&, const Metadata&) = default;
};

}  // namespace sluice::model
