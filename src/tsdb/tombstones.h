#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "model/sample.h"

namespace sluice::tsdb {

/// Increasing, neither overlapping nor adjacent.
using Intervals = std::vector<model::TimeRange>;

/// Puts `added` in, melting it with what it overlaps or touches.
void add_interval(Intervals& intervals, model::TimeRange added);
/// What of `range` is outside of `intervals`, in order.
Intervals subtract_intervals(model::TimeRange range, std::span<const model::TimeRange> intervals);
/// True when one of them covers `range` whole.
bool is_covered(model::TimeRange range, std::span<const model::TimeRange> intervals);

/// The deleted intervals of a block's series, by the series' numbers in its index. The file `tombstones`.
class Tombstones {
 public:
  void add(uint64_t series, model::TimeRange interval) { add_interval(by_series_[series], interval); }
  /// Of one series; empty when nothing of it is deleted. Valid until the next add().
  std::span<const model::TimeRange> of(uint64_t series) const;
  bool empty() const { return by_series_.empty(); }
  uint64_t intervals() const;  ///< of all series together
  const std::map<uint64_t, Intervals>& by_series() const { return by_series_; }

  /// The file's bytes: magic, version, series by series, a checksum (Prometheus, tsdb/tombstones/tombstones.go).
  std::string encode() const;
  /// kDataLoss with the offset for damaged bytes, kUnsupported for another version.
  static Result<Tombstones> decode(std::string_view file);

 private:
  std::map<uint64_t, Intervals> by_series_;
};

/// The tombstones of the block in that directory; no file means none. Writing replaces the file at once and durably.
/// Errors name the path.
Result<Tombstones> read_tombstones(FileSystem& fs, const std::string& block_directory);
Result<void> write_tombstones(FileSystem& fs, const std::string& block_directory, const Tombstones& tombstones);

}  // namespace sluice::tsdb
