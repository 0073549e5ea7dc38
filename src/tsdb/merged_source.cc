#include "tsdb/merged_source.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tsdb/chunk_rewrite.h"

namespace sluice::tsdb {

Result<void> MergedSource::advance(Input& input) {
  input.is_current = false;
  SLUICE_ASSIGN(const bool more, input.source->next());
  input.is_at_end = !more;
  if (input.is_at_end || labels_ < input.source->labels()) return {};
  return fail(ErrorCode::kDataLoss, fmt::format("the series {} comes after {}: the series of a block are not sorted",
                                                input.source->labels().to_string(), labels_.to_string()));
}

Result<bool> MergedSource::next() {
  const Input* first = nullptr;
  for (auto& input : inputs_) {
    if (input.is_current) SLUICE_TRY(advance(input));
    if (input.is_at_end) continue;
    if (first == nullptr || input.source->labels() < first->source->labels()) first = &input;
  }
  if (first == nullptr) return false;
  labels_ = first->source->labels();
  std::vector<std::span<const ChunkView>> storages;
  for (auto& input : inputs_) {
    input.is_current = !input.is_at_end && input.source->labels() == labels_;
    if (input.is_current) storages.push_back(input.source->chunks());
  }
  auto merged = merge_chunks(storages);
  if (!merged) return fail_in(labels_.to_string(), merged.error());
  chunks_ = *std::move(merged);
  auto joined = join_small_chunks(chunks_);
  if (!joined) return fail_in(labels_.to_string(), joined.error());
  return true;
}

}  // namespace sluice::tsdb
