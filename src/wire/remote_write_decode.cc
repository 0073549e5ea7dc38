#include <string_view>

#include <fmt/format.h>
#include <protozero/exception.hpp>
#include <protozero/pbf_reader.hpp>

#include "wire/remote_write.h"
#include "wire/snappy_block.h"
#include "wire/usual_entry.h"

namespace sluice::wire {
namespace {

using protozero::pbf_reader;
using protozero::pbf_wire_type;

constexpr uint32_t key(protozero::pbf_tag_type tag, pbf_wire_type type) { return protozero::tag_and_type(tag, type); }
constexpr auto kBytes = pbf_wire_type::length_delimited;
constexpr auto kVarint = pbf_wire_type::varint;
constexpr auto kFixed64 = pbf_wire_type::fixed64;

// prometheus.WriteRequest and what it holds (prompb/remote.proto, prompb/types.proto): field numbers.
namespace field {
constexpr uint32_t kTimeseries = 1, kMetadata = 3;
constexpr uint32_t kLabels = 1, kSamples = 2, kExemplars = 3, kHistograms = 4;
constexpr uint32_t kName = 1, kValue = 2;
constexpr uint32_t kSampleValue = 1, kSampleTimestamp = 2;
constexpr uint32_t kType = 1, kFamily = 2, kHelp = 4, kUnit = 5;
}  // namespace field

std::string_view view(protozero::data_view bytes) { return {bytes.data(), bytes.size()}; }

/// Fills a batch from its buffer in one pass. protozero throws on damage; `message_`, `field_` and `at_` then
/// say what was being read and from where. Every method returns false once error_ is set.
class Decoder {
 public:
  Decoder(model::WriteBatch& batch, const RemoteWriteLimits& limits, model::SeriesRecognizer* recognizer)
      : batch_(batch), limits_(limits), usual_(batch, recognizer, limits.labels_max, limits.samples_max) {}

  Result<void> run() {
    try {
      if (read_request(pbf_reader(batch_.buffer))) return {};
    } catch (const protozero::end_of_buffer_exception&) {
      refuse("cut off: a value or a length goes past the end");
    } catch (const protozero::exception& damage) {
      refuse(damage.what());
    }
    return std::unexpected(std::move(error_));
  }

 private:
  bool refuse(std::string_view what) {
    const auto offset = at_ - batch_.buffer.data();
    const std::string where = field_ == 0 ? std::string("a field key") : fmt::format("field {}", field_);
    error_ = {ErrorCode::kMalformed,
              fmt::format("malformed prometheus.WriteRequest: {}, in {} of {} at byte {} of {} (entry {})", what, where,
                          message_, offset, batch_.buffer.size(), entry_)};
    return false;
  }
  bool refuse_count(std::string_view what, size_t count_max) {
    error_ = {ErrorCode::kTooLarge,
              fmt::format("prometheus.WriteRequest: more than {} {} in one request; split it", count_max, what)};
    return false;
  }

  // Like reader.next(), remembering where the field begins.
  bool next(pbf_reader& reader, const char* message) {
    message_ = message;
    at_ = reader.data().data();
    field_ = 0;
    const bool has_field = reader.next();
    if (has_field) field_ = reader.tag();
    return has_field;
  }
  // A field with a number we know and another wire type is damage; a number we do not know is the future.
  bool pass_over(pbf_reader& reader, uint32_t known_fields_mask) {
    if (reader.tag() < 32 && ((known_fields_mask >> reader.tag()) & 1) != 0) {
      return refuse(fmt::format("wrong wire type {} for field {}", static_cast<int>(reader.wire_type()), reader.tag()));
    }
    reader.skip();
    return true;
  }

  bool read_request(pbf_reader reader) {
    while (next(reader, "WriteRequest")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case key(field::kTimeseries, kBytes):
          entry_ = batch_.series.size();
          is_good = read_entry(reader.get_view());
          break;
        case key(field::kMetadata, kBytes):
          entry_ = batch_.metadata.size();
          is_good = read_metadata(reader.get_message());
          break;
        default: is_good = pass_over(reader, 1U << field::kTimeseries | 1U << field::kMetadata);
      }
      if (!is_good) return false;
    }
    return true;
  }

  bool read_entry(protozero::data_view entry) {
    const bool has_room = batch_.series.size() < limits_.series_max;
    return (has_room && usual_.read(view(entry))) || read_series(pbf_reader(entry));
  }

  bool read_series(pbf_reader reader) {
    if (batch_.series.size() >= limits_.series_max) return refuse_count("series", limits_.series_max);
    model::WriteBatch::SeriesEntry entry{.first_label = static_cast<uint32_t>(batch_.labels.size()),
                                         .first_sample = static_cast<uint32_t>(batch_.samples.size())};
    while (next(reader, "timeseries")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case key(field::kLabels, kBytes): is_good = read_label(reader.get_message()); break;
        case key(field::kSamples, kBytes): is_good = read_sample(reader.get_message()); break;
        case key(field::kExemplars, kBytes):
          reader.skip();
          ++batch_.exemplars;
          break;
        case key(field::kHistograms, kBytes):
          reader.skip();
          ++batch_.histogram_samples;
          break;
        default:
          is_good = pass_over(reader, 1U << field::kLabels | 1U << field::kSamples | 1U << field::kExemplars |
                                          1U << field::kHistograms);
      }
      if (!is_good) return false;
    }
    entry.label_count = static_cast<uint32_t>(batch_.labels.size()) - entry.first_label;
    entry.sample_count = static_cast<uint32_t>(batch_.samples.size()) - entry.first_sample;
    batch_.series.push_back(entry);
    return true;
  }

  bool read_label(pbf_reader reader) {
    if (batch_.labels.size() >= limits_.labels_max) return refuse_count("labels", limits_.labels_max);
    model::LabelView label;
    while (next(reader, "timeseries.labels")) {
      switch (reader.tag_and_type()) {
        case key(field::kName, kBytes): label.name = view(reader.get_view()); break;
        case key(field::kValue, kBytes): label.value = view(reader.get_view()); break;
        default:
          if (!pass_over(reader, 1U << field::kName | 1U << field::kValue)) return false;
      }
    }
    batch_.labels.push_back(label);
    return true;
  }

  bool read_sample(pbf_reader reader) {
    if (batch_.samples.size() >= limits_.samples_max) return refuse_count("samples", limits_.samples_max);
    model::Sample sample;
    while (next(reader, "timeseries.samples")) {
      switch (reader.tag_and_type()) {
        case key(field::kSampleValue, kFixed64): sample.value = reader.get_double(); break;
        case key(field::kSampleTimestamp, kVarint): sample.t_ms = reader.get_int64(); break;
        default:
          if (!pass_over(reader, 1U << field::kSampleValue | 1U << field::kSampleTimestamp)) return false;
      }
    }
    batch_.samples.push_back(sample);
    return true;
  }

  bool read_metadata(pbf_reader reader) {
    if (batch_.metadata.size() >= limits_.metadata_max) return refuse_count("metadata entries", limits_.metadata_max);
    model::WriteBatch::MetadataEntry entry;
    while (next(reader, "metadata")) {
      switch (reader.tag_and_type()) {
        case key(field::kType, kVarint): entry.type = reader.get_uint32(); break;
        case key(field::kFamily, kBytes): entry.metric_family = view(reader.get_view()); break;
        case key(field::kHelp, kBytes): entry.help = view(reader.get_view()); break;
        case key(field::kUnit, kBytes): entry.unit = view(reader.get_view()); break;
        default:
          if (!pass_over(reader, 1U << field::kType | 1U << field::kFamily | 1U << field::kHelp | 1U << field::kUnit)) {
            return false;
          }
      }
    }
    batch_.metadata.push_back(entry);
    return true;
  }

  model::WriteBatch& batch_;
  const RemoteWriteLimits& limits_;
  UsualEntryReader usual_;
  Error error_;
  const char* message_ = "WriteRequest";
  const char* at_ = nullptr;
  uint32_t field_ = 0;  // 0 while its key is being read
  size_t entry_ = 0;    // index of the series or metadata entry being read
};

// For a request of many series with a sample each. Others grow as they go.
void reserve(model::WriteBatch& batch) {
  constexpr size_t kEntryBytesUsual = 300;
  batch.series.reserve(batch.buffer.size() / kEntryBytesUsual);
  batch.samples.reserve(batch.buffer.size() / kEntryBytesUsual);
}

}  // namespace

Result<model::WriteBatch> decode_remote_write(std::string_view compressed_body, const RemoteWriteLimits& limits,
                                              model::SeriesRecognizer* recognizer) {
  SLUICE_ASSIGN(auto message, snappy_decode(compressed_body, limits.decoded_bytes_max));
  return decode_write_request(std::move(message), limits, recognizer);
}

Result<model::WriteBatch> decode_write_request(std::string message, const RemoteWriteLimits& limits,
                                               model::SeriesRecognizer* recognizer) {
  if (message.size() > limits.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, fmt::format("prometheus.WriteRequest of {} bytes; at most {} are taken",
                                                  message.size(), limits.decoded_bytes_max));
  }
  model::WriteBatch batch;
  batch.buffer = std::move(message);
  batch.buffer.reserve(64);  // on the heap, so that the views survive moves of the batch
  reserve(batch);
  SLUICE_TRY(Decoder(batch, limits, recognizer).run());
  return batch;
}

}  // namespace sluice::wire
