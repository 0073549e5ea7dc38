#include "tsdb/label_pairs.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "base/check.h"

namespace sluice::tsdb {

uint32_t LabelPairs::symbol(std::string_view text) {
  const auto found = symbols_.find(text);
  if (found != symbols_.end()) return found->second;
  SLUICE_CHECK(symbols_.size() < UINT32_MAX, "more symbols than numbers");
  return symbols_.emplace(text, static_cast<uint32_t>(symbols_.size())).first->second;
}

uint32_t LabelPairs::pair(const model::LabelView& label) {
  const Pair pair = {symbol(label.name), symbol(label.value), 0};
  const auto [at, is_new] =
      numbers_.emplace(uint64_t{pair.name} << 32 | pair.value, static_cast<uint32_t>(pairs_.size()));
  if (is_new) pairs_.push_back(pair);
  return at->second;
}

void LabelPairs::add(const model::Labels& labels, std::vector<uint32_t>& numbers) {
  numbers.clear();
  size_t place = 0;
  for (const auto& label : labels) {
    if (place == recent_.size()) recent_.emplace_back();
    Recent& recent = recent_[place++];
    if (recent.name != label.name || recent.value != label.value) {
      recent = {std::string(label.name), std::string(label.value), pair(label)};
    }
    ++pairs_[recent.number].uses;
    numbers.push_back(recent.number);
  }
}

void LabelPairs::rank() {
  std::vector<std::pair<std::string_view, uint32_t>> sorted(symbols_.begin(), symbols_.end());
  std::ranges::sort(sorted);
  std::vector<uint32_t> rank_of(sorted.size());
  sorted_symbols_.reserve(sorted.size());
  for (const auto& [text, number] : sorted) {
    rank_of[number] = static_cast<uint32_t>(sorted_symbols_.size());
    sorted_symbols_.push_back(text);
  }
  for (auto& pair : pairs_) {
    pair.name = rank_of[pair.name];
    pair.value = rank_of[pair.value];
  }
  numbers_.clear();
  by_rank_.resize(pairs_.size());
  std::iota(by_rank_.begin(), by_rank_.end(), 0u);
  std::ranges::sort(by_rank_, {}, [&](uint32_t n) { return std::tie(pairs_[n].name, pairs_[n].value); });
}

}  // namespace sluice::tsdb
