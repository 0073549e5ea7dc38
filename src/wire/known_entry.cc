#include "wire/known_entry.h"

#include <bit>

#include "base/coding.h"

namespace sluice::wire {
namespace {

// Keys of prompb/types.proto: number << 3 | wire type.
constexpr char kLabelKey = 1 << 3 | 2;
constexpr char kSampleKey = 2 << 3 | 2;
constexpr char kValueKey = 1 << 3 | 1;
constexpr char kTimestampKey = 2 << 3 | 0;

// Where the label fields at the front end. What they hold is the recognizer's business.
const char* skip_labels(const char* at, const char* end) {
  while (end - at >= 2 && *at == kLabelKey) {
    uint64_t size = static_cast<unsigned char>(at[1]);
    const char* bytes = at + 2;
    if (size >= 0x80) {
      bytes = read_varint(at + 1, end, size);
      if (bytes == nullptr) return at;
    }
    if (size > static_cast<uint64_t>(end - bytes)) return at;
    at = bytes + size;
  }
  return at;
}

// Value and timestamp, each at most once, in this order; absent ones are 0 (proto3).
bool read_sample(const char* at, const char* end, model::Sample& sample) {
  if (end - at >= 9 && *at == kValueKey) {
    sample.value = std::bit_cast<double>(load_le<uint64_t>(at + 1));
    at += 9;
  }
  if (at != end && *at == kTimestampKey) {
    uint64_t t_ms = 0;
    at = read_varint(at + 1, end, t_ms);
    sample.t_ms = static_cast<TimestampMs>(t_ms);
  }
  return at == end;
}

bool read_samples(const char* at, const char* end, size_t samples_max, std::vector<model::Sample>& samples) {
  while (at != end) {
    if (end - at < 2 || *at != kSampleKey || samples.size() >= samples_max) return false;
    const auto size = static_cast<unsigned char>(at[1]);
    at += 2;
    if (size >= 0x80 || size > end - at) return false;
    if (!read_sample(at, at + size, samples.emplace_back())) return false;
    at += size;
  }
  return true;
}

}  // namespace

bool read_known_entry(std::string_view entry, model::SeriesRecognizer& recognizer, size_t samples_max,
                      model::WriteBatch& batch) {
  const char* const begin = entry.data();
  const char* const end = begin + entry.size();
  const char* const labels_end = skip_labels(begin, end);
  if (labels_end == end || *labels_end != kSampleKey) return false;  // nothing to add, or not the usual shape
  const std::string_view encoded(begin, static_cast<size_t>(labels_end - begin));
  const model::KnownSeries known = recognizer.recognize(encoded);
  if (!known) return false;
  const size_t first_sample = batch.samples.size();
  if (!read_samples(labels_end, end, samples_max, batch.samples)) {
    batch.samples.resize(first_sample);
    return false;
  }
  batch.series.push_back({.first_label = static_cast<uint32_t>(batch.labels.size()),
                          .first_sample = static_cast<uint32_t>(first_sample),
                          .sample_count = static_cast<uint32_t>(batch.samples.size() - first_sample),
                          .known = known,
                          .encoded = encoded});
  return true;
}

}  // namespace sluice::wire
