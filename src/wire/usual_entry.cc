#include "wire/usual_entry.h"

#include <algorithm>
#include <bit>

#include "base/coding.h"

namespace sluice::wire {
namespace {

// Keys of prompb/types.proto: number << 3 | wire type.
constexpr char kLabelKey = 1 << 3 | 2;
constexpr char kSampleKey = 2 << 3 | 2;
constexpr char kLabelNameKey = 1 << 3 | 2;
constexpr char kLabelValueKey = 2 << 3 | 2;
constexpr char kSampleValueKey = 1 << 3 | 1;
constexpr char kTimestampKey = 2 << 3 | 0;

// Steps over `key` and a size to the bytes of that size; nullptr when something else stands there, or too little.
const char* read_size(char key, const char* at, const char* end, size_t& size) {
  if (end - at < 2 || *at != key) return nullptr;
  uint64_t found = static_cast<unsigned char>(at[1]);
  at += 2;
  if (found >= 0x80) {
    at = read_varint(at - 1, end, found);
    if (at == nullptr) return nullptr;
  }
  if (found > static_cast<uint64_t>(end - at)) return nullptr;
  size = static_cast<size_t>(found);
  return at;
}

const char* read_string(char key, const char* at, const char* end, std::string_view& text) {
  size_t size = 0;
  at = read_size(key, at, end, size);
  if (at == nullptr) return nullptr;
  text = {at, size};
  return at + size;
}

// Where the label fields at the front end.
const char* skip_labels(const char* at, const char* end) {
  size_t size = 0;
  for (const char* bytes; (bytes = read_size(kLabelKey, at, end, size)) != nullptr;) at = bytes + size;
  return at;
}

// Value and timestamp, each at most once, in this order; absent ones are 0 (proto3).
bool read_sample(const char* at, const char* end, model::Sample& sample) {
  if (end - at >= 9 && *at == kSampleValueKey) {
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

}  // namespace

bool UsualEntryReader::read_labels(const char* at, const char* end) {
  if (batch_.labels.capacity() == 0) {
    constexpr size_t kLabelBytesUsual = 32;
    constexpr size_t kReservedMax = 64 << 10;
    batch_.labels.reserve(std::min(batch_.buffer.size() / kLabelBytesUsual, kReservedMax));
  }
  while (at != end) {
    size_t size = 0;
    at = read_size(kLabelKey, at, end, size);
    const char* const label_end = at + size;
    model::LabelView label;
    at = read_string(kLabelNameKey, at, label_end, label.name);
    if (at != nullptr) at = read_string(kLabelValueKey, at, label_end, label.value);
    if (at != label_end || batch_.labels.size() >= labels_max_) return false;
    batch_.labels.push_back(label);
  }
  return true;
}

bool UsualEntryReader::read_samples(const char* at, const char* end) {
  while (at != end) {
    size_t size = 0;
    at = read_size(kSampleKey, at, end, size);
    if (at == nullptr || batch_.samples.size() >= samples_max_) return false;
    if (!read_sample(at, at + size, batch_.samples.emplace_back())) return false;
    at += size;
  }
  return true;
}

// Neither decodes nor even walks the labels, where samples follow those that were expected.
model::KnownSeries UsualEntryReader::recognize_next(std::string_view entry, std::string_view& encoded) {
  if (recognizer_ == nullptr) return {};
  size_t labels_size = 0;
  const model::KnownSeries known = recognizer_->recognize_next(entry, labels_size);
  if (!known || labels_size == entry.size() || entry[labels_size] != kSampleKey) return {};
  encoded = entry.substr(0, labels_size);
  return known;
}

bool UsualEntryReader::read(std::string_view entry) {
  const char* const begin = entry.data();
  const char* const end = begin + entry.size();
  const size_t first_label = batch_.labels.size();
  const size_t first_sample = batch_.samples.size();
  std::string_view encoded;
  model::KnownSeries known = recognize_next(entry, encoded);
  if (!known) {
    const char* const labels_end = skip_labels(begin, end);
    if (labels_end == end || *labels_end != kSampleKey) return false;  // nothing to add, or another shape
    encoded = {begin, static_cast<size_t>(labels_end - begin)};
    if (recognizer_ != nullptr) known = recognizer_->recognize(encoded);
  }
  const char* const labels_end = begin + encoded.size();
  if ((!known && !read_labels(begin, labels_end)) || !read_samples(labels_end, end)) {
    batch_.labels.resize(first_label);
    batch_.samples.resize(first_sample);
    return false;
  }
  batch_.series.push_back({.first_label = static_cast<uint32_t>(first_label),
                           .label_count = static_cast<uint32_t>(batch_.labels.size() - first_label),
                           .first_sample = static_cast<uint32_t>(first_sample),
                           .sample_count = static_cast<uint32_t>(batch_.samples.size() - first_sample),
                           .known = known,
                           .encoded = encoded});
  return true;
}

}  // namespace sluice::wire
