#include "model/bucket_spans.h"

#include <utility>

namespace sluice::model {

std::vector<BucketSpan> merge_spans(std::span<const BucketSpan> a, std::span<const BucketSpan> b) {
  SpanBuilder out;
  BucketIndexes left(a);
  BucketIndexes right(b);
  while (left.valid() || right.valid()) {
    const bool takes_left = left.valid() && (!right.valid() || left.index() <= right.index());
    const bool takes_right = right.valid() && (!left.valid() || right.index() <= left.index());
    out.add(takes_left ? left.index() : right.index());
    if (takes_left) left.next();
    if (takes_right) right.next();
  }
  return std::move(out).take();
}

}  // namespace sluice::model
