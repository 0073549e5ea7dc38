#include "bench/plain_metric.h"

namespace sluice::bench {

void add_plain(BlockBuilder& block, std::span<const PlainMetric> metrics, const LabelPairs& own, Random& random) {
  for (const PlainMetric& metric : metrics) {
    const double level = metric.kind == ValueKind::kConstant ? 1 : 0.3 + 1.4 * random.unit();
    block.add(metric.name, own,
              {.start = metric.start * level, .step = static_cast<float>(metric.step * level), .kind = metric.kind});
  }
}

}  // namespace sluice::bench
