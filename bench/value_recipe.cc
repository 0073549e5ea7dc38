#include "bench/value_recipe.h"

#include <algorithm>
#include <cmath>

#include "bench/random.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kKnotScrapes = 8;
constexpr double kPageBytes = 4096;

double progress(const ValueRecipe& recipe, uint32_t age) {
  return recipe.start + static_cast<double>(recipe.step) * (age + to_unit(mix64(recipe.seed, age)));
}

/// [-1, 1]: straight lines between random knots, and a little noise on them.
double wander(uint32_t seed, uint32_t age) {
  const uint32_t knot = age / kKnotScrapes;
  const double along = static_cast<double>(age % kKnotScrapes) / kKnotScrapes;
  const double from = to_unit(mix64(seed, knot, 1));
  const double to = to_unit(mix64(seed, knot + 1, 1));
  const double noise = to_unit(mix64(seed, age, 2));
  return 2 * (0.9 * (from + (to - from) * along) + 0.1 * noise) - 1;
}

}  // namespace

double value_at(const ValueRecipe& recipe, uint32_t age) {
  const double step = recipe.step;
  switch (recipe.kind) {
    case ValueKind::kConstant: return recipe.start;
    case ValueKind::kCount: return std::floor(progress(recipe, age));
    case ValueKind::kSeconds: return std::round(progress(recipe, age) * 1e9) / 1e9;
    case ValueKind::kGaugeWhole: return std::max(0.0, std::round(recipe.start + step * wander(recipe.seed, age)));
    case ValueKind::kGaugePages:
      return std::max(0.0, std::round((recipe.start + step * wander(recipe.seed, age)) / kPageBytes)) * kPageBytes;
    case ValueKind::kGaugeReal: return recipe.start + step * wander(recipe.seed, age);
    case ValueKind::kBucket: return std::floor(static_cast<double>(recipe.share) * std::floor(progress(recipe, age)));
  }
  return 0;
}

}  // namespace sluice::bench
