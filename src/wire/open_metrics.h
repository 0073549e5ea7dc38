#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "model/labels.h"

namespace sluice::wire {

struct OpenMetricsSample {
  model::Labels labels;  ///< with __name__
  double value = 0;
  std::optional<TimestampMs> timestamp_ms;
};

struct OpenMetricsLimits {
  size_t line_bytes_max = limits::kExpositionLineBytesMax;
  size_t labels_per_sample_max = limits::kLabelsPerSeriesMax;
};

/// Reads OpenMetrics 1.0 text of any length, sample by sample, as back-filling needs it: one line is held at a time.
///
/// Strict where a mistake would lose or change samples: the text must end with `# EOF` and nothing behind it, types
/// must be known, a unit must be its metric's suffix, labels unique, UTF-8 valid; an empty line is refused. Which
/// samples a type may have, and how families are grouped, is not checked; neither does promtool. Exemplars are checked
/// and left out, metadata is not kept. Of OpenMetrics' numbers everything that Go's ParseFloat takes is taken.
///
/// Errors: kMalformed and kTooLarge, the message beginning with `line N:` (from 1); those of `read`. After an error the
/// reader is done for. Not thread-safe.
class OpenMetricsReader {
 public:
  /// Appends the next bytes of the text to the buffer; false once there are no more.
  using Read = std::function<Result<bool>(std::string& buffer)>;

  explicit OpenMetricsReader(Read read, OpenMetricsLimits limits = {}) : read_(std::move(read)), limits_(limits) {}

  /// nullopt behind the last sample.
  Result<std::optional<OpenMetricsSample>> next();
  size_t line() const { return number_; }  ///< of the sample last returned, from 1

 private:
  Result<std::optional<std::string_view>> next_line();
  Result<void> check_comment(std::string_view line) const;
  Result<void> check_end();
  std::unexpected<Error> at_line(const Error& error) const;

  Read read_;
  OpenMetricsLimits limits_;
  std::string buffer_;
  size_t at_ = 0;  // of the next line in buffer_
  size_t number_ = 0;
  bool is_drained_ = false;
  bool is_ended_ = false;
};

}  // namespace sluice::wire
