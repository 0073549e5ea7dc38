#include "model/labels.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <ranges>

#include "base/check.h"
#include "base/coding.h"
#include "base/hash.h"

namespace sluice::model {
namespace {

constexpr char kLabelKey = '\x0a';  // field 1 of TimeSeries, length-delimited
constexpr char kNameKey = '\x0a';   // field 1 of Label
constexpr char kValueKey = '\x12';  // field 2 of Label

// A packed form is canonical by construction, so nothing is checked here but what memory safety needs:
// a length can never lead past `end`. Steps over a key and a size, and returns where the bytes of that size begin.
const char* read_size(const char* at, const char* end, uint64_t& size) {
  SLUICE_CHECK(end - at >= 2, "labels are not in packed form");
  ++at;
  size = static_cast<unsigned char>(*at++);
  if (size >= 0x80) at = read_varint(at - 1, end, size);
  SLUICE_CHECK(at != nullptr && size <= static_cast<uint64_t>(end - at), "labels are not in packed form");
  return at;
}

const char* read_string(const char* at, const char* end, std::string_view& out) {
  uint64_t size = 0;
  at = read_size(at, end, size);
  out = std::string_view(at, static_cast<size_t>(size));
  return at + size;
}

const char* read_label(const char* at, const char* end, LabelView& label) {
  uint64_t size = 0;
  at = read_size(at, end, size);
  end = at + size;
  at = read_string(at, end, label.name);
  read_string(at, end, label.value);
  return end;
}

constexpr size_t string_size(std::string_view text) { return 1 + varint_size(text.size()) + text.size(); }

char* write_size(char* to, char key, size_t size) {
  *to++ = key;
  for (; size >= 0x80; size >>= 7) *to++ = static_cast<char>(size | 0x80);
  *to++ = static_cast<char>(size);
  return to;
}

char* write_string(char* to, char key, std::string_view text) {
  to = write_size(to, key, text.size());
  std::memcpy(to, text.data(), text.size());
  return to + text.size();
}

char* write_label(char* to, const LabelView& label) {
  to = write_size(to, kLabelKey, string_size(label.name) + string_size(label.value));
  to = write_string(to, kNameKey, label.name);
  return write_string(to, kValueKey, label.value);
}

void append_label(std::string& out, std::string_view name, std::string_view value) {
  const LabelView label{name, value};
  pack_labels({&label, 1}, out);
}

// Reads what follows a key that must be `key`: a size in its shortest form, and as many bytes.
std::optional<std::string_view> strict_bytes(ByteReader& reader, char key) {
  const auto found = reader.bytes(1);
  if (!found || found->front() != key) return std::nullopt;
  return reader.prefixed_bytes();
}

bool contains(std::span<const std::string> names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

template <class Keep>
std::string filter_packed(const Labels& labels, Keep keep) {
  std::string packed;
  packed.reserve(labels.packed().size());
  for (const LabelView& label : labels) {
    if (keep(label.name)) append_label(packed, label.name, label.value);
  }
  return packed;
}

}  // namespace

Labels::Iterator::Iterator(const char* at, const char* end) : at_(at), next_(at), end_(end) { read(); }

Labels::Iterator& Labels::Iterator::operator++() {
  at_ = next_;
  read();
  return *this;
}

void Labels::Iterator::read() {
  if (at_ == end_) return;
  next_ = read_label(at_, end_, current_);
}

Labels Labels::from(std::vector<std::pair<std::string, std::string>> labels) {
  // Sorted by name, equal names in the order given, so that the last one is the last of its run.
  std::vector<size_t> order(labels.size());
  std::ranges::iota_view indices(size_t{0}, labels.size());
  std::ranges::copy(indices, order.begin());
  std::ranges::sort(order, {}, [&](size_t i) { return std::pair<std::string_view, size_t>(labels[i].first, i); });

  Labels result;
  for (size_t i = 0; i < order.size(); ++i) {
    const auto& [name, value] = labels[order[i]];
    const bool is_overridden = i + 1 < order.size() && labels[order[i + 1]].first == name;
    if (!is_overridden && !value.empty()) append_label(result.packed_, name, value);
  }
  return result;
}

Labels Labels::from_views(std::span<const LabelView> sorted_unique) {
  Labels result;
  pack_labels(sorted_unique, result.packed_);
  return result;
}

Labels Labels::from_packed(std::string packed) {
  Labels result;
  result.packed_ = std::move(packed);
  return result;
}

std::string_view Labels::get(std::string_view name) const {
  const char* at = packed_.data();
  const char* const end = at + packed_.size();
  while (at != end) {
    LabelView label;
    at = read_label(at, end, label);
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

bool Labels::has(std::string_view name) const { return !get(name).empty(); }

size_t Labels::size() const { return static_cast<size_t>(std::distance(begin(), end())); }

SeriesHash Labels::hash() const { return hash_packed(packed_); }

Labels Labels::without(std::span<const std::string> names, bool drop_metric_name) const {
  return from_packed(filter_packed(*this, [&](std::string_view name) {
    return !(drop_metric_name && name == kMetricName) && !contains(names, name);
  }));
}

Labels Labels::keep_only(std::span<const std::string> names) const {
  return from_packed(filter_packed(*this, [&](std::string_view name) { return contains(names, name); }));
}

Labels Labels::with(std::string_view name, std::string_view value) const {
  std::string packed;
  const LabelView added{name, value};
  packed.reserve(packed_.size() + packed_size({&added, 1}));
  bool is_placed = value.empty();
  for (const LabelView& label : *this) {
    if (!is_placed && label.name >= name) {
      append_label(packed, name, value);
      is_placed = true;
    }
    if (label.name != name) append_label(packed, label.name, label.value);
  }
  if (!is_placed) append_label(packed, name, value);
  return from_packed(std::move(packed));
}

Labels Labels::without_metric_name() const { return without({}, true); }

std::strong_ordering operator<=>(const Labels& a, const Labels& b) {
  auto left = a.begin();
  auto right = b.begin();
  for (; left != a.end() && right != b.end(); ++left, ++right) {
    if (const auto order = *left <=> *right; order != 0) return order;
  }
  return (left != a.end()) <=> (right != b.end());
}

size_t packed_size(std::span<const LabelView> sorted) {
  size_t total = 0;
  for (const LabelView& label : sorted) {
    const size_t size = string_size(label.name) + string_size(label.value);
    total += 1 + varint_size(size) + size;
  }
  return total;
}

void pack_labels(std::span<const LabelView> sorted, std::string& out) {
  const size_t before = out.size();
  const size_t after = before + packed_size(sorted);
  // libstdc++ 12 tells the callback the new capacity where it grew, not the size asked for.
  out.resize_and_overwrite(after, [&](char* bytes, size_t) {
    char* to = bytes + before;
    for (const LabelView& label : sorted) to = write_label(to, label);
    return after;
  });
}

std::string_view take_packed_label(std::string_view& packed) {
  uint64_t size = 0;
  const char* const begin = packed.data();
  const char* const end = read_size(begin, begin + packed.size(), size) + size;
  const auto field_size = static_cast<size_t>(end - begin);
  packed.remove_prefix(field_size);
  return {begin, field_size};
}

LabelView label_of_packed(std::string_view field) {
  LabelView label;
  read_label(field.data(), field.data() + field.size(), label);
  return label;
}

SeriesHash hash_packed(std::string_view packed) {
  const Hash128 hash = hash128(packed);
  return {.low = hash.low, .high = hash.high};
}

bool is_packed(std::string_view bytes) {
  ByteReader reader(bytes);
  std::string_view previous;
  while (!reader.empty()) {
    const auto label = strict_bytes(reader, kLabelKey);
    if (!label) return false;
    ByteReader fields(*label);
    const auto name = strict_bytes(fields, kNameKey);
    if (!name || name->empty() || *name <= previous) return false;
    const auto value = strict_bytes(fields, kValueKey);
    if (!value || value->empty() || !fields.empty()) return false;
    previous = *name;
  }
  return true;
}

}  // namespace sluice::model
