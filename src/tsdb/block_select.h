#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "model/matcher.h"
#include "tsdb/block_index.h"

namespace sluice::tsdb {

/// Numbers of the series in the index that all matchers accept, increasing, with Prometheus' meaning of absent labels
/// (tsdb/querier.go, PostingsForMatchers): a matcher that accepts "" accepts series without the label. No matchers: all
/// series. kDataLoss for a damaged index.
Result<std::vector<uint32_t>> select_series(const BlockIndex& index, std::span<const model::Matcher> matchers);

}  // namespace sluice::tsdb
