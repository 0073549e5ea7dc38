#include "model/encoded_labels.h"

#include <cstring>

#include "base/check.h"
#include "base/coding.h"

namespace sluice::model {
namespace {

constexpr char kLabelKey = '\x0a';  // field 1 of TimeSeries, length-delimited
constexpr char kNameKey = '\x0a';   // field 1 of Label
constexpr char kValueKey = '\x12';  // field 2 of Label

uint64_t load(const char* from) {
  uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

// As memcmp() == 0. Names and values are mostly 4 to 40 bytes, where a call would cost more than the comparison.
bool are_equal(const char* a, const char* b, size_t size) {
  if (size < 8) {
    for (size_t i = 0; i < size; ++i) {
      if (a[i] != b[i]) return false;
    }
    return true;
  }
  for (size_t i = 0; i + 8 < size; i += 8) {
    if (load(a + i) != load(b + i)) return false;
  }
  return load(a + size - 8) == load(b + size - 8);
}

// The size of the length-prefixed string at `at` with its prefix; 0 when it goes past `end`.
size_t prefixed_size(const char* at, const char* end) {
  if (at == end) return 0;
  const auto first = static_cast<unsigned char>(*at);
  if (first < 0x80) [[likely]] return first < static_cast<size_t>(end - at) ? size_t{1} + first : 0;
  uint64_t size = 0;
  const char* bytes = read_varint(at, end, size);
  if (bytes == nullptr || size > static_cast<uint64_t>(end - bytes)) return 0;
  return static_cast<size_t>(bytes - at) + static_cast<size_t>(size);
}

// Steps over `key` and the size `size` in its shortest form; nullptr when something else stands there.
const char* step_over(char key, uint64_t size, const char* at, const char* end) {
  if (at == end || *at != key) return nullptr;
  ++at;
  if (size < 0x80) [[likely]] return at != end && static_cast<unsigned char>(*at) == size ? at + 1 : nullptr;
  uint64_t found = 0;
  at = read_varint(at, end, found);
  return found == size ? at : nullptr;
}

// Steps over `key` and then the `size` bytes at `expected`.
const char* step_over(char key, const char* expected, size_t size, const char* at, const char* end) {
  if (static_cast<size_t>(end - at) <= size || *at != key || !are_equal(at + 1, expected, size)) return nullptr;
  return at + 1 + size;
}

bool decode_label(std::string_view bytes, LabelView& label) {
  ByteReader fields(bytes);
  const auto name_key = fields.bytes(1);
  const auto name = fields.prefixed_bytes();
  const auto value_key = fields.bytes(1);
  const auto value = fields.prefixed_bytes();
  if (!name || !value || !fields.empty() || name_key->front() != kNameKey || value_key->front() != kValueKey) {
    return false;
  }
  label = {*name, *value};
  return true;
}

}  // namespace

bool is_encoding_of(std::string_view encoded, std::string_view packed) {
  const char* at = encoded.data();
  const char* const end = at + encoded.size();
  const char* label = packed.data();
  const char* const labels_end = label + packed.size();
  while (label != labels_end) {
    const size_t name = prefixed_size(label, labels_end);
    const size_t value = name == 0 ? 0 : prefixed_size(label + name, labels_end);
    if (value == 0) return false;
    at = step_over(kLabelKey, 2 + name + value, at, end);
    if (at == nullptr) return false;
    at = step_over(kNameKey, label, name, at, end);
    if (at == nullptr) return false;
    at = step_over(kValueKey, label + name, value, at, end);
    if (at == nullptr) return false;
    label += name + value;
  }
  return at == end;
}

bool decode_labels(std::string_view encoded, std::vector<LabelView>& labels) {
  labels.clear();
  ByteReader reader(encoded);
  while (!reader.empty()) {
    LabelView label;
    const auto key = reader.bytes(1);
    const auto bytes = reader.prefixed_bytes();
    if (key->front() != kLabelKey || !bytes || !decode_label(*bytes, label)) {
      labels.clear();
      return false;
    }
    labels.push_back(label);
  }
  return true;
}

void append_encoding(std::string_view packed, std::string& out) {
  ByteReader reader(packed);
  while (!reader.empty()) {
    const auto name = reader.prefixed_bytes();
    const auto value = reader.prefixed_bytes();
    SLUICE_CHECK(name && value, "labels are not in packed form");
    out += kLabelKey;
    append_varint(out, 2 + varint_size(name->size()) + name->size() + varint_size(value->size()) + value->size());
    out += kNameKey;
    append_prefixed_bytes(out, *name);
    out += kValueKey;
    append_prefixed_bytes(out, *value);
  }
}

}  // namespace sluice::model
