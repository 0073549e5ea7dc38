// io.prometheus.write.v2.Request: remote write 2.0 (prompb/io/prometheus/write/v2/types.proto).
#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <fmt/format.h>
#include <protozero/pbf_reader.hpp>

#include "wire/decode_position.h"
#include "wire/histogram_decode.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::wire {
namespace {

using protozero::pbf_reader;

// Field numbers.
namespace field {
constexpr uint32_t kSymbols = 4, kTimeseries = 5;
constexpr uint32_t kLabelRefs = 1, kSamples = 2, kHistograms = 3, kExemplars = 4, kMetadata = 5;
constexpr uint32_t kValue = 1, kTimestamp = 2, kStartTimestamp = 3;
constexpr uint32_t kExemplarLabelRefs = 1, kExemplarValue = 2, kExemplarTimestamp = 3;
constexpr uint32_t kType = 1, kHelpRef = 3, kUnitRef = 4;
}  // namespace field

constexpr uint32_t mask(auto... fields) { return (0U | ... | (1U << fields)); }

/// The family that series of this name are of: histograms and summaries have several names.
std::string_view family_of(std::string_view name, uint32_t type) {
  constexpr uint32_t kHistogram = 3, kGaugeHistogram = 4, kSummary = 5;
  if (type != kHistogram && type != kGaugeHistogram && type != kSummary) return name;
  for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
    if (name.size() > suffix.size() && name.ends_with(suffix)) return name.substr(0, name.size() - suffix.size());
  }
  return name;
}

/// Fills a batch from its buffer: first the symbols, wherever they stand, then the series. Every method returns false
/// once something was refused.
class Decoder {
 public:
  Decoder(model::WriteBatch& batch, const RemoteWriteLimits& limits)
      : batch_(batch), limits_(limits), at_("io.prometheus.write.v2.Request", batch.buffer),
        histograms_(at_, batch, limits) {}

  Result<void> run() {
    return at_.run(
        [this] { return read_symbols(pbf_reader(batch_.buffer)) && read_request(pbf_reader(batch_.buffer)); });
  }

 private:
  bool read_symbols(pbf_reader reader) {
    while (at_.next(reader, "Request")) {
      if (reader.tag_and_type() != field_key(field::kSymbols, kBytesField)) {
        reader.skip();
        continue;
      }
      if (symbols_.size() >= limits_.symbols_max) return at_.refuse_count("symbols", limits_.symbols_max);
      symbols_.push_back(to_string_view(reader.get_view()));
    }
    return true;
  }

  bool read_request(pbf_reader reader) {
    while (at_.next(reader, "Request")) {
      if (reader.tag_and_type() == field_key(field::kTimeseries, kBytesField)) {
        at_.enter(batch_.series.size());
        if (!read_series(reader.get_message())) return false;
      } else if (reader.tag_and_type() == field_key(field::kSymbols, kBytesField)) {
        reader.skip();
      } else if (!at_.pass_over(reader, mask(field::kSymbols, field::kTimeseries))) {
        return false;
      }
    }
    return true;
  }

  bool read_series(pbf_reader reader) {
    if (batch_.series.size() >= limits_.series_max) return at_.refuse_count("series", limits_.series_max);
    model::WriteBatch::SeriesEntry entry{.first_label = static_cast<uint32_t>(batch_.labels.size()),
                                         .first_sample = static_cast<uint32_t>(batch_.samples.size())};
    Metadata metadata;
    while (at_.next(reader, "timeseries")) {
      if (!read_series_field(reader, metadata)) return false;
    }
    entry.label_count = static_cast<uint32_t>(batch_.labels.size()) - entry.first_label;
    entry.sample_count = static_cast<uint32_t>(batch_.samples.size()) - entry.first_sample;
    if (entry.label_count % 2 != 0) return at_.refuse("an odd number of label references");
    pair_up(batch_.labels, entry.first_label);
    entry.label_count /= 2;
    batch_.series.push_back(entry);
    return add_metadata(batch_.labels_of(entry), metadata);
  }

  struct Metadata {
    uint32_t type = 0;
    uint64_t help_ref = 0;
    uint64_t unit_ref = 0;
    bool is_empty() const { return type == 0 && help_ref == 0 && unit_ref == 0; }
  };

  bool read_series_field(pbf_reader& reader, Metadata& metadata) {
    switch (reader.tag_and_type()) {
      case field_key(field::kLabelRefs, kBytesField):
      case field_key(field::kLabelRefs, kVarintField): return read_label_refs(reader, batch_.labels);
      case field_key(field::kSamples, kBytesField): return read_sample(reader.get_message());
      case field_key(field::kHistograms, kBytesField): return histograms_.read(reader.get_message());
      case field_key(field::kExemplars, kBytesField): return read_exemplar(reader.get_message());
      case field_key(field::kMetadata, kBytesField): return read_metadata(reader.get_message(), metadata);
      default:
        return at_.pass_over(
            reader, mask(field::kLabelRefs, field::kSamples, field::kHistograms, field::kExemplars, field::kMetadata));
    }
  }

  // Each string of the list becomes the name of a label at first; pair_up() then makes one of two.
  bool read_label_refs(pbf_reader& reader, std::vector<model::LabelView>& labels) {
    if (reader.wire_type() == kVarintField) return add_label_ref(reader.get_uint32(), labels);
    for (const uint32_t ref : reader.get_packed_uint32()) {
      if (!add_label_ref(ref, labels)) return false;
    }
    return true;
  }
  bool add_label_ref(uint32_t ref, std::vector<model::LabelView>& labels) {
    if (batch_.labels.size() + batch_.exemplar_labels.size() >= 2 * limits_.labels_max) {
      return at_.refuse_count("labels", limits_.labels_max);
    }
    model::LabelView label;
    if (!symbol(ref, label.name)) return false;
    labels.push_back(label);
    return true;
  }
  static void pair_up(std::vector<model::LabelView>& labels, size_t first) {
    const size_t pairs = (labels.size() - first) / 2;
    for (size_t i = 0; i < pairs; ++i) {
      labels[first + i] = {labels[first + 2 * i].name, labels[first + 2 * i + 1].name};
    }
    labels.resize(first + pairs);
  }

  bool symbol(uint64_t ref, std::string_view& text) {
    if (ref >= symbols_.size()) {
      return at_.refuse(fmt::format("a reference to symbol {} of {}", ref, symbols_.size()));
    }
    text = symbols_[static_cast<size_t>(ref)];
    return true;
  }

  bool read_sample(pbf_reader reader) {
    if (batch_.samples.size() >= limits_.samples_max) return at_.refuse_count("samples", limits_.samples_max);
    model::Sample sample;
    TimestampMs start_ms = 0;
    while (at_.next(reader, "timeseries.samples")) {
      switch (reader.tag_and_type()) {
        case field_key(field::kValue, kFixed64Field): sample.value = reader.get_double(); break;
        case field_key(field::kTimestamp, kVarintField): sample.t_ms = reader.get_int64(); break;
        case field_key(field::kStartTimestamp, kVarintField): start_ms = reader.get_int64(); break;
        default:
          if (!at_.pass_over(reader, mask(field::kValue, field::kTimestamp, field::kStartTimestamp))) return false;
      }
    }
    batch_.samples.push_back(sample);
    if (start_ms != 0 || !batch_.start_ms.empty()) {
      batch_.start_ms.resize(batch_.samples.size());
      batch_.start_ms.back() = start_ms;
    }
    return true;
  }

  bool read_exemplar(pbf_reader reader) {
    if (batch_.exemplars.size() >= limits_.exemplars_max) return at_.refuse_count("exemplars", limits_.exemplars_max);
    const size_t first = batch_.exemplar_labels.size();
    model::WriteBatch::ExemplarEntry exemplar{.series = static_cast<uint32_t>(batch_.series.size()),
                                              .first_label = static_cast<uint32_t>(first)};
    while (at_.next(reader, "timeseries.exemplars")) {
      bool is_good = true;
      switch (reader.tag_and_type()) {
        case field_key(field::kExemplarLabelRefs, kBytesField):
        case field_key(field::kExemplarLabelRefs, kVarintField):
          is_good = read_label_refs(reader, batch_.exemplar_labels);
          break;
        case field_key(field::kExemplarValue, kFixed64Field): exemplar.value = reader.get_double(); break;
        case field_key(field::kExemplarTimestamp, kVarintField): exemplar.t_ms = reader.get_int64(); break;
        default:
          is_good =
              at_.pass_over(reader, mask(field::kExemplarLabelRefs, field::kExemplarValue, field::kExemplarTimestamp));
      }
      if (!is_good) return false;
    }
    if ((batch_.exemplar_labels.size() - first) % 2 != 0) return at_.refuse("an odd number of label references");
    pair_up(batch_.exemplar_labels, first);
    exemplar.label_count = static_cast<uint32_t>(batch_.exemplar_labels.size() - first);
    batch_.exemplars.push_back(exemplar);
    return true;
  }

  bool read_metadata(pbf_reader reader, Metadata& metadata) {
    while (at_.next(reader, "timeseries.metadata")) {
      switch (reader.tag_and_type()) {
        case field_key(field::kType, kVarintField): metadata.type = reader.get_uint32(); break;
        case field_key(field::kHelpRef, kVarintField): metadata.help_ref = reader.get_uint32(); break;
        case field_key(field::kUnitRef, kVarintField): metadata.unit_ref = reader.get_uint32(); break;
        default:
          if (!at_.pass_over(reader, mask(field::kType, field::kHelpRef, field::kUnitRef))) return false;
      }
    }
    return true;
  }

  // Every series repeats what is known of its family, so the first of each suffices.
  bool add_metadata(std::span<const model::LabelView> labels, const Metadata& metadata) {
    model::WriteBatch::MetadataEntry entry{.type = metadata.type, .metric_family = {}, .help = {}, .unit = {}};
    if (!symbol_if_any(metadata.help_ref, entry.help) || !symbol_if_any(metadata.unit_ref, entry.unit)) return false;
    const auto name = std::ranges::find(labels, model::kMetricName, &model::LabelView::name);
    if (metadata.is_empty() || name == labels.end() || batch_.metadata.size() >= limits_.metadata_max) return true;
    entry.metric_family = family_of(name->value, metadata.type);
    if (families_.insert(entry.metric_family).second) batch_.metadata.push_back(entry);
    return true;
  }
  bool symbol_if_any(uint64_t ref, std::string_view& text) { return ref == 0 || symbol(ref, text); }

  model::WriteBatch& batch_;
  const RemoteWriteLimits& limits_;
  DecodePosition at_;
  HistogramDecoder histograms_;
  std::vector<std::string_view> symbols_;
  std::unordered_set<std::string_view> families_;  // whose metadata is in the batch
};

}  // namespace

Result<model::WriteBatch> decode_remote_write_v2(std::string_view compressed_body, const RemoteWriteLimits& limits,
                                                 model::WriteBatch reused) {
  SLUICE_ASSIGN(reused.buffer, snappy_decode(compressed_body, limits.decoded_bytes_max, std::move(reused.buffer)));
  SLUICE_TRY(Decoder(reused, limits).run());
  return reused;
}

Result<model::WriteBatch> decode_write_request_v2(std::string message, const RemoteWriteLimits& limits) {
  if (message.size() > limits.decoded_bytes_max) {
    return fail(ErrorCode::kTooLarge, fmt::format("io.prometheus.write.v2.Request of {} bytes; at most {} are taken",
                                                  message.size(), limits.decoded_bytes_max));
  }
  model::WriteBatch batch;
  batch.buffer = std::move(message);
  batch.buffer.reserve(64);  // on the heap, so that the views survive moves of the batch
  SLUICE_TRY(Decoder(batch, limits).run());
  return batch;
}

}  // namespace sluice::wire
