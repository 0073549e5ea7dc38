#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "model/histogram.h"
#include "model/labels.h"
#include "model/sample.h"

/// Prometheus' HTTP API answers, to the letter (prometheus: web/api/v1, util/jsonutil), written as a stream:
/// no tree is built. Nothing here keeps what it is given. Functions are thread-safe; a JsonWriter is not.
namespace sluice::wire {

/// The `errorType` words of the API and the status each is answered with (web/api/v1/api.go).
enum class ApiErrorType : uint8_t {
  kBadData,      ///< 400
  kExecution,    ///< 422
  kCanceled,     ///< 499, as Prometheus answers a query whose client went away
  kTimeout,      ///< 503
  kInternal,     ///< 500
  kUnavailable,  ///< 503
  kNotFound,     ///< 404
};
std::string_view to_string(ApiErrorType type);  ///< "bad_data", "execution", ...
int http_status(ApiErrorType type);

/// What accompanies an answer; each is left out of the JSON when it has no element.
struct ApiNotes {
  std::vector<std::string> warnings;
  std::vector<std::string> infos;
};

/// `{"status":"error","errorType":"bad_data","error":"..."}`
std::string api_error(ApiErrorType type, std::string_view message);

/// `{"status":"success","data":<data>}` with `write_data` writing exactly one JSON value.
std::string api_success(const std::function<void(JsonWriter&)>& write_data, const ApiNotes& notes = {});

/// Data of `labels` and `label/<name>/values`.
std::string api_success(std::span<const std::string> values, const ApiNotes& notes = {});
/// Data of `series`.
std::string api_success(std::span<const model::Labels> series, const ApiNotes& notes = {});

/// A sample value as the API shows it, without quotes: shortest digits that read back to the same double,
/// with an exponent below 1e-6 and from 1e21 on, "NaN", "+Inf", "-Inf", "-0".
void append_sample_value(std::string& out, double value);
std::string format_sample_value(double value);
/// Seconds, with three decimals unless they are zero: `1435781451.781`, `-0.001`.
void append_timestamp(std::string& out, TimestampMs t_ms);

/// `{"__name__":"up","job":"x"}`, sorted by name.
void write_labels(JsonWriter& json, const model::Labels& labels);
/// `{"count":"..","sum":"..","buckets":[[rule,"lower","upper","count"],...]}`; empty buckets are left out, and
/// the member with them when all are. Rule: 0 (l,u], 1 [l,u), 2 (l,u), 3 [l,u].
void write_histogram(JsonWriter& json, const model::FloatHistogram& histogram);

enum class ResultType : uint8_t { kVector, kMatrix, kScalar, kString };

/// Writes one whole answer of `query` or `query_range`: the calls that fit its type, then finish(), after
/// which it is spent. For kScalar and kString exactly one scalar() or string().
class QueryResultWriter {
 public:
  explicit QueryResultWriter(ResultType type);
  QueryResultWriter(const QueryResultWriter&) = delete;
  QueryResultWriter& operator=(const QueryResultWriter&) = delete;

  void vector_sample(const model::Labels& labels, TimestampMs t_ms, double value);
  void vector_sample(const model::Labels& labels, TimestampMs t_ms, const model::FloatHistogram& histogram);
  /// Rows of native histograms go to "histograms", the others to "values".
  void matrix_series(const model::Labels& labels, const model::SampleColumn& column);
  void scalar(TimestampMs t_ms, double value);
  void string(TimestampMs t_ms, std::string_view value);
  std::string finish(const ApiNotes& notes = {});
  /// Bytes written so far, for callers that bound the size of an answer.
  size_t bytes() const { return out_.size(); }

 private:
  void begin_series(const model::Labels& labels);
  void point(TimestampMs t_ms, double value);
  void point(TimestampMs t_ms, const model::FloatHistogram& histogram);

  std::string out_;
  JsonWriter json_;  // writes into out_
  std::string scratch_;
  ResultType type_;
};

}  // namespace sluice::wire
