#include <algorithm>
#include <set>
#include <utility>

#include "tsdb/block.h"
#include "tsdb/block_select.h"

/// What a query asks of a block.
namespace sluice::tsdb {
namespace {

std::vector<std::string> to_strings(const std::set<std::string, std::less<>>& set, size_t limit) {
  std::vector<std::string> list(set.begin(), set.end());
  model::cut_to_limit(list, limit);
  return list;
}

}  // namespace

/// One series of a selection. Its chunks are looked up when it is read: a long block has thousands of each.
class BlockSeries final : public model::Series {
 public:
  BlockSeries(std::shared_ptr<const Block> block, uint32_t number, model::Labels labels, model::QueryBudget& budget)
      : block_(std::move(block)), number_(number), labels_(std::move(labels)), budget_(budget) {}

  const model::Labels& labels() const override { return labels_; }

  Result<void> read(model::TimeRange range, model::SampleColumn& out) override {
    out.clear();
    const BlockIndex& index = block_->files_->index;
    SLUICE_ASSIGN(const auto entry, index.series(number_));
    std::vector<ChunkMeta> chunks;
    SLUICE_TRY(index.chunks(entry, chunks));
    for (const auto& live : block_->live_ranges(number_, range)) {
      SLUICE_TRY(block_->read_chunks(chunks, live, out));
    }
    return budget_.charge(out.size());
  }

 private:
  std::shared_ptr<const Block> block_;
  uint32_t number_;
  model::Labels labels_;
  model::QueryBudget& budget_;
};

void Block::keep_live(uint32_t series, model::TimeRange range, std::vector<ChunkMeta>& chunks) const {
  const auto deleted = tombstones_.of(series);
  std::erase_if(chunks, [&](const ChunkMeta& chunk) {
    const model::TimeRange wanted = {std::max(chunk.min_ms, range.min_ms), std::min(chunk.max_ms, range.max_ms)};
    return wanted.min_ms > wanted.max_ms || is_covered(wanted, deleted);
  });
}

// Deletions may together leave nothing of a chunk that none of them covers.
Result<bool> Block::has_live_sample(uint32_t series, model::TimeRange range, std::span<const ChunkMeta> chunks) const {
  model::SampleColumn column;
  for (const auto& live : live_ranges(series, range)) {
    SLUICE_TRY(read_chunks(chunks, live, column));
    if (column.size() != 0) return true;
  }
  return false;
}

template <class Visit>
Result<void> Block::for_each_match(std::span<const std::vector<model::Matcher>> selectors, model::TimeRange range,
                                   Visit visit) const {
  if (!meta_.overlaps(range)) return {};
  std::vector<uint32_t> numbers;
  for (const auto& matchers : selectors) {
    SLUICE_ASSIGN(const auto more, select_series(files_->index, matchers));
    numbers.insert(numbers.end(), more.begin(), more.end());
  }
  if (selectors.empty()) {
    SLUICE_ASSIGN(numbers, select_series(files_->index, {}));
  }
  if (selectors.size() > 1) {
    std::ranges::sort(numbers);
    numbers.erase(std::ranges::unique(numbers).begin(), numbers.end());
  }
  std::vector<ChunkMeta> chunks;
  for (const uint32_t number : numbers) {
    SLUICE_ASSIGN(const auto entry, files_->index.series(number));
    SLUICE_TRY(files_->index.chunks(entry, chunks));
    keep_live(number, range, chunks);
    if (chunks.empty()) continue;
    if (!tombstones_.of(number).empty()) {
      SLUICE_ASSIGN(const bool has_any, has_live_sample(number, range, chunks));
      if (!has_any) continue;
    }
    SLUICE_ASSIGN(auto labels, files_->index.labels(entry));
    SLUICE_TRY(visit(number, std::move(labels)));
  }
  return {};
}

Result<std::vector<std::unique_ptr<model::Series>>> Block::select(std::span<const model::Matcher> matchers,
                                                                  model::TimeRange range,
                                                                  model::QueryBudget& budget) const {
  SLUICE_TRY(budget.charge(0));
  std::vector<std::unique_ptr<model::Series>> found;
  const std::vector<model::Matcher> selector(matchers.begin(), matchers.end());
  const auto self = shared_from_this();
  SLUICE_TRY(for_each_match({&selector, 1}, range, [&](uint32_t number, model::Labels labels) -> Result<void> {
    found.push_back(std::make_unique<BlockSeries>(self, number, std::move(labels), budget));
    return {};
  }));
  return found;
}

Result<std::vector<model::Labels>> Block::series(std::span<const std::vector<model::Matcher>> selectors,
                                                 model::TimeRange range, size_t limit) const {
  std::vector<model::Labels> found;
  if (selectors.empty()) return found;
  SLUICE_TRY(for_each_match(selectors, range, [&](uint32_t, model::Labels labels) -> Result<void> {
    found.push_back(std::move(labels));
    return {};
  }));
  model::cut_to_limit(found, limit);
  return found;
}

Result<std::vector<std::string>> Block::label_names(std::span<const std::vector<model::Matcher>> selectors,
                                                    model::TimeRange range, size_t limit) const {
  if (answers_from_index(selectors, range)) {
    const auto names = files_->index.postings_table().names();
    std::vector<std::string> list(names.begin(), names.end());
    model::cut_to_limit(list, limit);
    return list;
  }
  std::set<std::string, std::less<>> names;
  SLUICE_TRY(for_each_match(selectors, range, [&](uint32_t, const model::Labels& labels) -> Result<void> {
    for (const auto& label : labels) {
      if (!names.contains(label.name)) names.emplace(label.name);
    }
    return {};
  }));
  return to_strings(names, limit);
}

Result<std::vector<std::string>> Block::label_values(std::string_view name,
                                                     std::span<const std::vector<model::Matcher>> selectors,
                                                     model::TimeRange range, size_t limit) const {
  if (answers_from_index(selectors, range)) {
    std::vector<std::string> list;
    auto values = files_->index.postings_table().values(name);
    while (!name.empty() && (limit == 0 || list.size() < limit) && values.next()) list.emplace_back(values.value());
    return list;
  }
  std::set<std::string, std::less<>> values;
  SLUICE_TRY(for_each_match(selectors, range, [&](uint32_t, const model::Labels& labels) -> Result<void> {
    const auto value = labels.get(name);
    if (!value.empty() && !values.contains(value)) values.emplace(value);
    return {};
  }));
  return to_strings(values, limit);
}

}  // namespace sluice::tsdb
