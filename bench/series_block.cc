#include "bench/series_block.h"

#include <algorithm>
#include <cmath>

#include "base/coding.h"
#include "bench/random.h"

namespace sluice::bench {
namespace {

constexpr char kBytesField1 = 0x0a;
constexpr char kBytesField2 = 0x12;

void append_label(std::string& out, std::string_view name, std::string_view value) {
  const size_t size = 2 + varint_size(name.size()) + name.size() + varint_size(value.size()) + value.size();
  out += kBytesField1;
  append_varint(out, size);
  out += kBytesField1;
  append_prefixed_bytes(out, name);
  out += kBytesField2;
  append_prefixed_bytes(out, value);
}

}  // namespace

BlockBuilder::BlockBuilder(SeriesBlock& block, LabelPairs common, uint64_t seed, size_t series_max)
    : block_(block), common_(std::move(common)), seed_(seed), series_max_(series_max) {}

void BlockBuilder::set_common(std::string_view name, std::string_view value) {
  const auto at = std::ranges::find(common_, name, [](const auto& label) { return std::string_view(label.first); });
  if (at == common_.end()) {
    common_.emplace_back(name, value);
  } else {
    at->second = value;
  }
}

void BlockBuilder::add(std::string_view metric, const LabelPairs& own, ValueRecipe recipe) {
  recipe.seed = static_cast<uint32_t>(mix64(seed_, block_.size()));
  add_with_seed(metric, own, recipe);
}

void BlockBuilder::add_histogram(std::string_view metric, const LabelPairs& own, const HistogramShape& shape,
                                 std::span<const std::string_view> bounds) {
  ValueRecipe recipe{.start = shape.count,
                     .step = static_cast<float>(shape.rate),
                     .seed = static_cast<uint32_t>(mix64(seed_, block_.size())),
                     .kind = ValueKind::kBucket};
  LabelPairs labels = own;
  labels.emplace_back("le", "");
  const std::string name(metric);
  for (const std::string_view bound : bounds) {
    labels.back().second = bound;
    recipe.share = static_cast<float>(1 - std::exp(-std::stod(std::string(bound)) / shape.mean));
    add_with_seed(name + "_bucket", labels, recipe);
  }
  labels.back().second = "+Inf";
  recipe.share = 1;
  add_with_seed(name + "_bucket", labels, recipe);
  recipe.kind = ValueKind::kCount;
  add_with_seed(name + "_count", own, recipe);
  recipe.kind = ValueKind::kSeconds;
  recipe.start = shape.count * shape.mean;
  recipe.step = static_cast<float>(shape.rate * shape.mean);
  add_with_seed(name + "_sum", own, recipe);
}

void BlockBuilder::add_with_seed(std::string_view metric, const LabelPairs& own, const ValueRecipe& recipe) {
  if (is_full()) return;
  std::vector<std::pair<std::string_view, std::string_view>> all;
  all.reserve(common_.size() + own.size() + 1);
  all.emplace_back("__name__", metric);
  for (const auto& [name, value] : own) all.emplace_back(name, value);
  for (const auto& [name, value] : common_) {
    const auto has_name = [&](const auto& label) { return label.first == name; };
    if (!value.empty() && std::ranges::none_of(all, has_name)) all.emplace_back(name, value);
  }
  std::ranges::sort(all);
  for (const auto& [name, value] : all) append_label(block_.bytes_, name, value);
  block_.ends_.push_back(static_cast<uint32_t>(block_.bytes_.size()));
  block_.recipes_.push_back(recipe);
}

}  // namespace sluice::bench
