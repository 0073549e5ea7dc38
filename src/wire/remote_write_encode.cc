#include <bit>

#include <protozero/pbf_writer.hpp>

#include "wire/remote_write.h"
#include "wire/snappy_block.h"

namespace sluice::wire {
namespace {

void write_series(protozero::pbf_writer& request, const OutgoingSeries& series) {
  protozero::pbf_writer entry(request, 1);
  for (const model::LabelView& label : series.labels) {
    protozero::pbf_writer pair(entry, 1);
    pair.add_string(1, label.name.data(), label.name.size());
    pair.add_string(2, label.value.data(), label.value.size());
  }
  for (const model::Sample& sample : series.samples) {
    protozero::pbf_writer point(entry, 2);
    // Proto3 leaves out zeros; minus zero is told from zero by its bits.
    if (std::bit_cast<uint64_t>(sample.value) != 0) point.add_double(1, sample.value);
    if (sample.t_ms != 0) point.add_int64(2, sample.t_ms);
  }
}

void write_metadata(protozero::pbf_writer& request, const OutgoingMetadata& metadata) {
  protozero::pbf_writer entry(request, 3);
  if (metadata.type != 0) entry.add_enum(1, static_cast<int32_t>(metadata.type));
  entry.add_string(2, metadata.metric_family);
  if (!metadata.help.empty()) entry.add_string(4, metadata.help);
  if (!metadata.unit.empty()) entry.add_string(5, metadata.unit);
}

}  // namespace

std::string encode_remote_write(std::span<const OutgoingSeries> series, std::span<const OutgoingMetadata> metadata) {
  std::string message;
  protozero::pbf_writer request(message);
  for (const OutgoingSeries& one : series) write_series(request, one);
  for (const OutgoingMetadata& one : metadata) write_metadata(request, one);
  return snappy_encode(message);
}

}  // namespace sluice::wire
