#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/value_recipe.h"

namespace sluice::bench {

using LabelPairs = std::vector<std::pair<std::string, std::string>>;

/// The series that one pod or node shows on one target, born at one scrape: their labels as a TimeSeries message of
/// remote.proto has them (field 1, sorted by name), encoded once and copied into every request, and their recipes.
/// Immutable once built; thread-safe then.
class SeriesBlock {
 public:
  /// `first_ref` numbers the first series; `born` is the scrape at which its values begin.
  SeriesBlock(uint64_t first_ref, uint32_t born) : first_ref_(first_ref), born_(born) {}

  size_t size() const { return ends_.size(); }
  uint64_t first_ref() const { return first_ref_; }
  std::string_view labels(size_t i) const {
    const uint32_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }
  double value(size_t i, uint32_t scrape) const { return value_at(recipes_[i], scrape - born_); }

 private:
  friend class BlockBuilder;
  uint64_t first_ref_;
  uint32_t born_;
  std::string bytes_;
  std::vector<uint32_t> ends_;
  std::vector<ValueRecipe> recipes_;
};

/// What the observations of a histogram are like.
struct HistogramShape {
  double count = 0;   ///< at birth
  double rate = 0;    ///< observations a scrape
  double mean = 0.1;  ///< of one observation; they fall off exponentially
};

/// Fills a SeriesBlock, up to `series_max` series; what is added beyond is dropped, so that a load has exactly as many
/// series as asked for. Not thread-safe.
class BlockBuilder {
 public:
  /// `common` are the labels of every series of the block but its name; an added series' own labels replace them.
  BlockBuilder(SeriesBlock& block, LabelPairs common, uint64_t seed, size_t series_max);

  /// Replaces a common label for the series added from now on; "" takes it away.
  void set_common(std::string_view name, std::string_view value);

  /// The seed in `recipe` is set here, one for each series.
  void add(std::string_view metric, const LabelPairs& own, ValueRecipe recipe);
  /// `metric`_bucket for each of `bounds` and +Inf, _sum and _count.
  void add_histogram(std::string_view metric, const LabelPairs& own, const HistogramShape& shape,
                     std::span<const std::string_view> bounds);

  bool is_full() const { return block_.size() >= series_max_; }

 private:
  void add_with_seed(std::string_view metric, const LabelPairs& own, const ValueRecipe& recipe);

  SeriesBlock& block_;
  LabelPairs common_;
  const uint64_t seed_;
  const size_t series_max_;
};

}  // namespace sluice::bench
