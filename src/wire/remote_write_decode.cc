#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

#include "wire/decode_position.h"
#include "wire/histogram_decode.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"
#include "wire/usual_entry.h"

namespace sluice::wire {
namespace {

using protozero::pbf_reader;

// prometheus.WriteRequest and what it holds (prompb/remote.proto, prompb/types.proto): field numbers.
namespace field {
constexpr uint32_t kTimeseries = 1, kMetadata = 3;
constexpr uint32_t kLabels = 1, kSamples = 2, kExemplars = 3, kHistograms = 4;
constexpr uint32_t kName = 1, kValue = 2;
constexpr uint32_t kSampleValue = 1, kSampleTimestamp = 2;
constexpr uint32_t kExemplarLabels = 1, kExemplarValue = 2, kExemplarTimestamp = 3;
constexpr uint32_t kType = 1, kFamily = 2, kHelp = 4, kUnit = 5;
}  // namespace field

/// Fills a batch from its buffer in one pass. Every method returns false once something was refused.
class Decoder {
 public:
  Decoder(model::WriteBatch& batch, const RemoteWriteLimits& limits, model::SeriesRecognizer* recognizer)
      : batch_(batch), limits_(limits), at_("prometheus.WriteRequest", batch.buffer),
        usual_(batch, recognizer, limits.labels_max, limits.samples_max), histograms_(at_, batch, limits) {}

  Result<void> run() {
    return at_.run([this] { return read_request(pbf_reader(batch_.buffer)); });
  }

 private:
  bool read_request(pbf_reader reader) {
    while (at_.next(reader, "WriteRequest")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case field_key(field::kTimeseries, kBytesField):
          at_.enter(batch_.series.size());
          is_good = read_entry(reader.get_view());
          break;
        case field_key(field::kMetadata, kBytesField):
          at_.enter(batch_.metadata.size());
          is_good = read_metadata(reader.get_message());
          break;
        default: is_good = at_.pass_over(reader, 1U << field::kTimeseries | 1U << field::kMetadata);
      }
      if (!is_good) return false;
    }
    return true;
  }

  bool read_entry(protozero::data_view entry) {
    const bool has_room = batch_.series.size() < limits_.series_max;
    return (has_room && usual_.read(to_string_view(entry))) || read_series(pbf_reader(entry));
  }

  bool read_series(pbf_reader reader) {
    if (batch_.series.size() >= limits_.series_max) return at_.refuse_count("series", limits_.series_max);
    model::WriteBatch::SeriesEntry entry{.first_label = static_cast<uint32_t>(batch_.labels.size()),
                                         .first_sample = static_cast<uint32_t>(batch_.samples.size())};
    while (at_.next(reader, "timeseries")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case field_key(field::kLabels, kBytesField): is_good = read_label(reader.get_message(), batch_.labels); break;
        case field_key(field::kSamples, kBytesField): is_good = read_sample(reader.get_message()); break;
        case field_key(field::kExemplars, kBytesField): is_good = read_exemplar(reader.get_message()); break;
        case field_key(field::kHistograms, kBytesField): is_good = histograms_.read(reader.get_message()); break;
        default:
          is_good = at_.pass_over(reader, 1U << field::kLabels | 1U << field::kSamples | 1U << field::kExemplars |
                                              1U << field::kHistograms);
      }
      if (!is_good) return false;
    }
    entry.label_count = static_cast<uint32_t>(batch_.labels.size()) - entry.first_label;
    entry.sample_count = static_cast<uint32_t>(batch_.samples.size()) - entry.first_sample;
    batch_.series.push_back(entry);
    return true;
  }

  bool read_label(pbf_reader reader, std::vector<model::LabelView>& labels) {
    if (batch_.labels.size() + batch_.exemplar_labels.size() >= limits_.labels_max) {
      return at_.refuse_count("labels", limits_.labels_max);
    }
    model::LabelView label;
    while (at_.next(reader, "timeseries.labels")) {
      switch (reader.tag_and_type()) {
        case field_key(field::kName, kBytesField): label.name = to_string_view(reader.get_view()); break;
        case field_key(field::kValue, kBytesField): label.value = to_string_view(reader.get_view()); break;
        default:
          if (!at_.pass_over(reader, 1U << field::kName | 1U << field::kValue)) return false;
      }
    }
    labels.push_back(label);
    return true;
  }

  bool read_sample(pbf_reader reader) {
    if (batch_.samples.size() >= limits_.samples_max) return at_.refuse_count("samples", limits_.samples_max);
    model::Sample sample;
    while (at_.next(reader, "timeseries.samples")) {
      switch (reader.tag_and_type()) {
        case field_key(field::kSampleValue, kFixed64Field): sample.value = reader.get_double(); break;
        case field_key(field::kSampleTimestamp, kVarintField): sample.t_ms = reader.get_int64(); break;
        default:
          if (!at_.pass_over(reader, 1U << field::kSampleValue | 1U << field::kSampleTimestamp)) return false;
      }
    }
    batch_.samples.push_back(sample);
    return true;
  }

  bool read_exemplar(pbf_reader reader) {
    if (batch_.exemplars.size() >= limits_.exemplars_max) return at_.refuse_count("exemplars", limits_.exemplars_max);
    model::WriteBatch::ExemplarEntry exemplar{.series = static_cast<uint32_t>(batch_.series.size()),
                                              .first_label = static_cast<uint32_t>(batch_.exemplar_labels.size())};
    while (at_.next(reader, "timeseries.exemplars")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case field_key(field::kExemplarLabels, kBytesField):
          is_good = read_label(reader.get_message(), batch_.exemplar_labels);
          break;
        case field_key(field::kExemplarValue, kFixed64Field): exemplar.value = reader.get_double(); break;
        case field_key(field::kExemplarTimestamp, kVarintField): exemplar.t_ms = reader.get_int64(); break;
        default:
          is_good = at_.pass_over(
              reader, 1U << field::kExemplarLabels | 1U << field::kExemplarValue | 1U << field::kExemplarTimestamp);
      }
      if (!is_good) return false;
    }
    exemplar.label_count = static_cast<uint32_t>(batch_.exemplar_labels.size()) - exemplar.first_label;
    batch_.exemplars.push_back(exemplar);
    return true;
  }

  bool read_metadata(pbf_reader reader) {
    if (batch_.metadata.size() >= limits_.metadata_max)
      return at_.refuse_count("metadata entries", limits_.metadata_max);
    model::WriteBatch::MetadataEntry entry;
    while (at_.next(reader, "metadata")) {
      switch (reader.tag_and_type()) {
        case field_key(field::kType, kVarintField): entry.type = reader.get_uint32(); break;
        case field_key(field::kFamily, kBytesField): entry.metric_family = to_string_view(reader.get_view()); break;
        case field_key(field::kHelp, kBytesField): entry.help = to_string_view(reader.get_view()); break;
        case field_key(field::kUnit, kBytesField): entry.unit = to_string_view(reader.get_view()); break;
        default:
          if (!at_.pass_over(reader,
                             1U << field::kType | 1U << field::kFamily | 1U << field::kHelp | 1U << field::kUnit)) {
            return false;
          }
      }
    }
    batch_.metadata.push_back(entry);
    return true;
  }

  model::WriteBatch& batch_;
  const RemoteWriteLimits& limits_;
  DecodePosition at_;
  UsualEntryReader usual_;
  HistogramDecoder histograms_;
};

// For a request of many series with a sample each. Others grow as they go.
void reserve(model::WriteBatch& batch) {
  constexpr size_t kEntryBytesUsual = 300;
  batch.series.reserve(batch.buffer.size() / kEntryBytesUsual);
  batch.samples.reserve(batch.buffer.size() / kEntryBytesUsual);
}

// What is in the batch's buffer.
Result<model::WriteBatch> decode(model::WriteBatch batch, const RemoteWriteLimits& limits,
                                 model::SeriesRecognizer* recognizer) {
  batch.buffer.reserve(64);  // on the heap, so that the views survive moves of the batch
  if (recognizer != nullptr) batch.known_lease = recognizer->lease();
  reserve(batch);
  SLUICE_TRY(Decoder(batch, limits, recognizer).run());
  return batch;
}

}  // namespace

Result<model::WriteBatch> decode_remote_write(std::string_view compressed_body, const RemoteWriteLimits& limits,
                                              model::SeriesRecognizer* recognizer, model::WriteBatch reused) {
  SLUICE_ASSIGN(reused.buffer, snappy_decode(compressed_body, limits.decoded_bytes_max, std::move(reused.buffer)));
  return decode(std::move(reused), limits, recognizer);
}

Result<model::WriteBatch> decode_write_request(std::string message, const RemoteWriteLimits& limits,
                                               model::SeriesRecognizer* recognizer) {
  if (message.size() > limits.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, fmt::format("prometheus.WriteRequest of {} bytes; at most {} are taken",
                                                  message.size(), limits.decoded_bytes_max));
  }
  model::WriteBatch batch;
  batch.buffer = std::move(message);
  return decode(std::move(batch), limits, recognizer);
}

}  // namespace sluice::wire
