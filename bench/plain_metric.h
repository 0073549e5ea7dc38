#pragma once

#include <span>
#include <string_view>

#include "bench/random.h"
#include "bench/series_block.h"

namespace sluice::bench {

/// A row of a catalogue's table: a metric whose series differ in their level alone.
struct PlainMetric {
  std::string_view name;
  ValueKind kind = ValueKind::kConstant;
  double start = 0;
  double step = 0;
};

/// Adds a series of each metric. No two processes are alike: what moves does so at a level of its own, constants are
/// the same everywhere.
void add_plain(BlockBuilder& block, std::span<const PlainMetric> metrics, const LabelPairs& own, Random& random);

}  // namespace sluice::bench
