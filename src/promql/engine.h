#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/limits.h"
#include "base/result.h"
#include "model/queryable.h"
#include "promql/parser.h"

namespace sluice::promql {

struct EngineOptions {
  int64_t lookback_ms = 5 * 60 * 1000;  ///< left-open: a sample exactly this old is not seen
  uint64_t samples_max = limits::kQuerySamplesMax;
  int64_t steps_max = limits::kQueryStepsMax;
  int64_t subquery_step_ms = 60 * 1000;  ///< step of `[5m:]`; Prometheus takes its evaluation interval
  ParserOptions parser;
  /// promql-delayed-name-removal: metric names are dropped from the result only, not at each function.
  bool delayed_name_removal = false;
  /// use-start-timestamps: counters are reset, and begin, where their start timestamps say so.
  bool start_timestamps = false;
};

/// What belongs to one query only.
struct QueryContext {
  std::stop_token stop;  ///< requested when the client goes away: the query ends with kCancelled
  /// With a clock, the query ends with kDeadlineExceeded once it passes.
  std::optional<std::chrono::steady_clock::time_point> deadline;
  const Clock* clock = nullptr;  ///< must outlive the call
  std::optional<int64_t> lookback_ms;   ///< instead of the engine's
  std::optional<uint64_t> samples_max;  ///< instead of the engine's
};

struct ScalarResult {
  TimestampMs t_ms = 0;
  double value = 0;
};
struct StringResult {
  TimestampMs t_ms = 0;
  std::string value;
};
struct VectorSample {
  model::Labels labels;
  TimestampMs t_ms = 0;
  double value = 0;  ///< when there is no histogram
  std::shared_ptr<const model::FloatHistogram> histogram;
};
/// In Prometheus' order: sorted by a sort function, else in order of evaluation.
using VectorResult = std::vector<VectorSample>;
struct MatrixSeries {
  model::Labels labels;
  model::SampleColumn samples;  ///< never empty
};
/// Sorted by labels.
using MatrixResult = std::vector<MatrixSeries>;

struct QueryResult {
  std::variant<ScalarResult, StringResult, VectorResult, MatrixResult> value;
  std::vector<std::string> warnings;  ///< "PromQL warning: ... (1:5)", sorted
  std::vector<std::string> infos;     ///< "PromQL info: ... (1:5)", sorted
  uint64_t samples = 0;               ///< read from storage
  ValueType type() const;
};

/// Evaluates queries. Errors, and what the query API makes of them (errorType, status):
///   kInvalidArgument, kTooLarge  the text, or a parameter, is wrong          bad_data   400
///   kUnsupported                 parses, but is not evaluated                execution  422
///   kConflict                    evaluation failed ("multiple matches ...")  execution  422
///   kQuotaExceeded               too many samples                            execution  422
///   kDeadlineExceeded            "query timed out in ..."                    timeout    503
///   kCancelled                   "query was canceled in ..."                 canceled   499
///   anything else                the storage failed                          internal   500
/// Immutable; one engine serves all threads at once.
class Engine {
 public:
  explicit Engine(EngineOptions options) : options_(std::move(options)) {}

  const EngineOptions& options() const { return options_; }

  /// Evaluates at one moment. The result has the expression's type.
  Result<QueryResult> instant(const model::Queryable& storage, std::string_view query, TimestampMs at,
                              const QueryContext& context = {}) const;
  /// Evaluates at start, start+step, ... up to and including `end`. The result is a MatrixResult.
  /// step_ms must be positive and end not before start.
  Result<QueryResult> range(const model::Queryable& storage, std::string_view query, TimestampMs start, TimestampMs end,
                            int64_t step_ms, const QueryContext& context = {}) const;

 private:
  EngineOptions options_;
};

}  // namespace sluice::promql
