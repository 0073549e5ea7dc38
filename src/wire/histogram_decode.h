#pragma once

#include <cstddef>
#include <vector>

#include <protozero/pbf_reader.hpp>

#include "model/histogram.h"
#include "model/write_batch.h"
#include "wire/decode_position.h"
#include "wire/remote_write.h"

namespace sluice::wire {

/// Reads Histogram messages, which remote write 1.0 and 2.0 have in common (prompb/types.proto,
/// prompb/io/prometheus/write/v2/types.proto), into the batch of one request. Whether buckets and spans make sense is
/// not looked at (model/histogram_validate.h). Borrows what it is made of. Not thread-safe.
class HistogramDecoder {
 public:
  HistogramDecoder(DecodePosition& at, model::WriteBatch& batch, const RemoteWriteLimits& limits)
      : at_(at), batch_(batch), limits_(limits), numbers_left_(limits.histogram_numbers_max) {}

  /// Adds a histogram to the series that is being read, the one after the batch's last. False once something was
  /// refused.
  bool read(protozero::pbf_reader reader);

 private:
  struct Fields;
  static model::HistogramSample sample_of(Fields& fields);
  bool read_field(protozero::pbf_reader& reader, Fields& fields);
  bool read_count(protozero::pbf_reader& reader, Fields& fields, bool& is_known);
  bool read_buckets(protozero::pbf_reader& reader, Fields& fields, bool& is_known);
  bool read_span(protozero::pbf_reader reader, std::vector<model::BucketSpan>& spans);
  template <class T>
  bool add(std::vector<T>& numbers, T number);
  template <class T>
  bool add_all(std::vector<T>& numbers, auto range);

  DecodePosition& at_;
  model::WriteBatch& batch_;
  const RemoteWriteLimits& limits_;
  size_t numbers_left_;  // buckets, spans and custom bounds
};

}  // namespace sluice::wire
