#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "model/labels.h"

namespace sluice::wire {

/// The values are MetricMetadata.MetricType's of remote.proto, so that they can be sent as they are.
enum class MetricType : uint32_t { kUnknown = 0, kCounter = 1, kGauge = 2, kHistogram = 3, kSummary = 5 };
std::string_view to_string(MetricType type);  ///< "untyped" for kUnknown, as the format writes it

struct ExposedSample {
  model::Labels labels;  ///< with __name__
  double value = 0;
  std::optional<TimestampMs> timestamp_ms;
};

/// The samples of one metric, with what its HELP and TYPE lines say. Samples of a histogram or summary
/// (`x_bucket`, `x_sum`, `x_count`) belong to the family `x`.
struct MetricFamily {
  std::string name;
  std::string help;
  MetricType type = MetricType::kUnknown;
  std::vector<ExposedSample> samples;
};

struct ExpositionLimits {
  size_t bytes_max = limits::kExpositionBytesMax;
  size_t samples_max = limits::kExpositionSamplesMax;  ///< HELP and TYPE lines count too
  size_t line_bytes_max = limits::kExpositionLineBytesMax;
  size_t labels_per_sample_max = limits::kLabelsPerSeriesMax;
};

/// Parses Prometheus' text exposition format 0.0.4 (and the quoted UTF-8 names of 1.0.0), strictly: a HELP
/// or TYPE given twice, a TYPE after its samples, a duplicate label name, invalid UTF-8, an unknown escape,
/// a missing value and a last line without its line feed are all errors, as the format's page has them.
/// Families come in the order of their first line. `value` accepts what Go's ParseFloat does, except
/// underscores.
///
/// kMalformed or kTooLarge; the message begins with `line N:` (counted from 1) and says what was found and
/// what was wanted.
Result<std::vector<MetricFamily>> parse_text_exposition(std::string_view text, const ExpositionLimits& limits = {});

}  // namespace sluice::wire
