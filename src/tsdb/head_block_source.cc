#include "tsdb/head_block_source.h"

#include <algorithm>
#include <utility>

#include "tsdb/late_merge.h"

namespace sluice::tsdb {
namespace {

constexpr size_t kSliceSeries = 256;

}  // namespace

Result<bool> HeadBlockSource::next() {
  if (++at_ >= slice_.size()) {
    if (left_.empty()) return false;
    const size_t count = std::min(kSliceSeries, left_.size());
    SLUICE_ASSIGN(slice_, head_.read_series(left_.first(count), range_));
    left_ = left_.subspan(count);
    at_ = 0;
  }
  SLUICE_ASSIGN(chunks_, merged_chunks(std::move(slice_[at_].chunks), range_));
  return true;
}

}  // namespace sluice::tsdb
