#include "wire/prometheus_json.h"

#include <utility>

#include "model/histogram_buckets.h"

namespace sluice::wire {
namespace {

struct ErrorTypeRow {
  std::string_view word;
  int status;
};

ErrorTypeRow row_of(ApiErrorType type) {
  switch (type) {
    case ApiErrorType::kBadData: return {"bad_data", 400};
    case ApiErrorType::kExecution: return {"execution", 422};
    case ApiErrorType::kCanceled: return {"canceled", 499};
    case ApiErrorType::kTimeout: return {"timeout", 503};
    case ApiErrorType::kInternal: return {"internal", 500};
    case ApiErrorType::kUnavailable: return {"unavailable", 503};
    case ApiErrorType::kNotFound: return {"not_found", 404};
  }
  return {"internal", 500};
}

void write_list(JsonWriter& json, std::string_view name, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  json.key(name);
  json.begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_notes(JsonWriter& json, const ApiNotes& notes) {
  write_list(json, "warnings", notes.warnings);
  write_list(json, "infos", notes.infos);
}

void write_value(JsonWriter& json, std::string& scratch, double value) {
  scratch.assign(1, '"');
  append_sample_value(scratch, value);
  scratch += '"';
  json.raw(scratch);
}

void write_timestamp(JsonWriter& json, std::string& scratch, TimestampMs t_ms) {
  scratch.clear();
  append_timestamp(scratch, t_ms);
  json.raw(scratch);
}

int bounds_rule(const model::HistogramBucket& bucket) {
  if (bucket.lower_inclusive) return bucket.upper_inclusive ? 3 : 1;
  return bucket.upper_inclusive ? 0 : 2;
}

void write_buckets(JsonWriter& json, const model::FloatHistogram& histogram) {
  std::string scratch;
  bool is_open = false;
  for (const model::HistogramBucket& bucket : model::buckets_of(histogram)) {
    if (bucket.count == 0) continue;
    if (!std::exchange(is_open, true)) {
      json.key("buckets");
      json.begin_array();
    }
    json.begin_array();
    json.integer(bounds_rule(bucket));
    write_value(json, scratch, bucket.lower);
    write_value(json, scratch, bucket.upper);
    write_value(json, scratch, bucket.count);
    json.end_array();
  }
  if (is_open) json.end_array();
}

std::string_view to_string(ResultType type) {
  switch (type) {
    case ResultType::kVector: return "vector";
    case ResultType::kMatrix: return "matrix";
    case ResultType::kScalar: return "scalar";
    case ResultType::kString: return "string";
  }
  return "";
}

bool is_list(ResultType type) { return type == ResultType::kVector || type == ResultType::kMatrix; }

}  // namespace

std::string_view to_string(ApiErrorType type) { return row_of(type).word; }
int http_status(ApiErrorType type) { return row_of(type).status; }

std::string api_error(ApiErrorType type, std::string_view message) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("status", "error");
  json.member("errorType", to_string(type));
  json.member("error", message);
  json.end_object();
  return out;
}

std::string api_success(const std::function<void(JsonWriter&)>& write_data, const ApiNotes& notes) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("status", "success");
  json.key("data");
  write_data(json);
  write_notes(json, notes);
  json.end_object();
  return out;
}

std::string api_success(std::span<const std::string> values, const ApiNotes& notes) {
  return api_success(
      [&](JsonWriter& json) {
        json.begin_array();
        for (const std::string& value : values) json.string(value);
        json.end_array();
      },
      notes);
}

std::string api_success(std::span<const model::Labels> series, const ApiNotes& notes) {
  return api_success(
      [&](JsonWriter& json) {
        json.begin_array();
        for (const model::Labels& labels : series) write_labels(json, labels);
        json.end_array();
      },
      notes);
}

void write_labels(JsonWriter& json, const model::Labels& labels) {
  json.begin_object();
  for (const model::LabelView& label : labels) json.member(label.name, label.value);
  json.end_object();
}

void write_histogram(JsonWriter& json, const model::FloatHistogram& histogram) {
  std::string scratch;
  json.begin_object();
  json.key("count");
  write_value(json, scratch, histogram.count);
  json.key("sum");
  write_value(json, scratch, histogram.sum);
  write_buckets(json, histogram);
  json.end_object();
}

QueryResultWriter::QueryResultWriter(ResultType type) : json_(out_), type_(type) {
  json_.begin_object();
  json_.member("status", "success");
  json_.key("data");
  json_.begin_object();
  json_.member("resultType", to_string(type));
  json_.key("result");
  if (is_list(type)) json_.begin_array();
}

void QueryResultWriter::point(TimestampMs t_ms, double value) {
  json_.begin_array();
  write_timestamp(json_, scratch_, t_ms);
  write_value(json_, scratch_, value);
  json_.end_array();
}

void QueryResultWriter::point(TimestampMs t_ms, const model::FloatHistogram& histogram) {
  json_.begin_array();
  write_timestamp(json_, scratch_, t_ms);
  write_histogram(json_, histogram);
  json_.end_array();
}

void QueryResultWriter::begin_series(const model::Labels& labels) {
  json_.begin_object();
  json_.key("metric");
  write_labels(json_, labels);
}

void QueryResultWriter::vector_sample(const model::Labels& labels, TimestampMs t_ms, double value) {
  begin_series(labels);
  json_.key("value");
  point(t_ms, value);
  json_.end_object();
}

void QueryResultWriter::vector_sample(const model::Labels& labels, TimestampMs t_ms,
                                      const model::FloatHistogram& histogram) {
  begin_series(labels);
  json_.key("histogram");
  point(t_ms, histogram);
  json_.end_object();
}

void QueryResultWriter::matrix_series(const model::Labels& labels, const model::SampleColumn& column) {
  begin_series(labels);
  if (column.size() > column.histograms.size()) {
    json_.key("values");
    json_.begin_array();
    auto histogram = column.histograms.begin();
    for (size_t row = 0; row < column.size(); ++row) {
      if (histogram != column.histograms.end() && histogram->row == row) {
        ++histogram;
      } else {
        point(column.t_ms[row], column.values[row]);
      }
    }
    json_.end_array();
  }
  if (!column.histograms.empty()) {
    json_.key("histograms");
    json_.begin_array();
    for (const auto& [row, histogram] : column.histograms) point(column.t_ms[row], *histogram);
    json_.end_array();
  }
  json_.end_object();
}

void QueryResultWriter::scalar(TimestampMs t_ms, double value) { point(t_ms, value); }

void QueryResultWriter::string(TimestampMs t_ms, std::string_view value) {
  json_.begin_array();
  write_timestamp(json_, scratch_, t_ms);
  json_.string(value);
  json_.end_array();
}

std::string QueryResultWriter::finish(const ApiNotes& notes) {
  if (is_list(type_)) json_.end_array();
  json_.end_object();
  write_notes(json_, notes);
  json_.end_object();
  return std::move(out_);
}

}  // namespace sluice::wire
