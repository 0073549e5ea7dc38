#pragma once

#include <span>

#include "base/result.h"
#include "model/labels.h"
#include "tsdb/chunk.h"

namespace sluice::tsdb {

/// Series with their chunks, one after the other: what a block is written from, and what compactions merge.
///
///     while (true) {
///       SLUICE_ASSIGN(const bool more, source.next());
///       if (!more) break;
///       use(source.labels(), source.chunks());
///     }
///
/// 1. Labels increase strictly from series to series.
/// 2. The chunks of a series are in time order, none is empty, none overlaps another.
/// Not thread-safe.
class SeriesSource {
 public:
  virtual ~SeriesSource() = default;
  /// To the next series, the first at first; false after the last. After an error nothing else may be called.
  virtual Result<bool> next() = 0;
  /// Of the series next() went to; valid until the next call of it. The views keep their bytes.
  virtual const model::Labels& labels() const = 0;
  virtual std::span<const ChunkView> chunks() const = 0;  ///< may be empty
};

}  // namespace sluice::tsdb
