#include "tsdb/wal_definitions.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/limits.h"
#include "model/labels.h"

namespace sluice::tsdb {
namespace {

// The bytes with which both begin, eight at a time.
size_t common_prefix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
    const uint64_t difference = load_le<uint64_t>(a.data() + at) ^ load_le<uint64_t>(b.data() + at);
    if (difference != 0) return at + static_cast<size_t>(std::countr_zero(difference)) / 8;
  }
  while (at < size && a[at] == b[at]) ++at;
  return at;
}

// The bytes with which both end.
size_t common_suffix(std::string_view a, std::string_view b) {
  const size_t size = std::min(a.size(), b.size());
  const char* const a_end = a.data() + a.size();
  const char* const b_end = b.data() + b.size();
  size_t at = 0;
  for (; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
    const uint64_t difference =
        load_le<uint64_t>(a_end - at - sizeof(uint64_t)) ^ load_le<uint64_t>(b_end - at - sizeof(uint64_t));
    if (difference != 0) return at + static_cast<size_t>(std::countl_zero(difference)) / 8;
  }
  while (at < size && *(a_end - at - 1) == *(b_end - at - 1)) ++at;
  return at;
}

std::unexpected<Error> malformed(const ByteReader& in, std::string_view what) {
  return fail(ErrorCode::kMalformed, fmt::format("definitions of series: {} at byte {}", what, in.offset()));
}

}  // namespace

void WalDefinitionWriter::add(uint64_t ref, std::string_view packed) {
  SLUICE_CHECK(ref != 0 && ref <= kSeriesRefMax, "a series reference out of range");
  const size_t prefix = common_prefix(previous_, packed);
  const size_t suffix = common_suffix(previous_.substr(prefix), packed.substr(prefix));
  append_signed_varint(bytes_, static_cast<int64_t>(ref - previous_ref_));
  append_varint(bytes_, prefix);
  append_varint(bytes_, suffix);
  append_prefixed_bytes(bytes_, packed.substr(prefix, packed.size() - prefix - suffix));
  previous_ref_ = ref;
  previous_ = packed;
  ++count_;
}

void WalDefinitionWriter::finish(std::string& record) const {
  append_varint(record, count_);
  record += bytes_;
}

Result<void> WalDefinitions::read(ByteReader& in) {
  all_.clear();
  packed_.clear();
  ends_.clear();
  const auto count = in.varint();
  if (!count || *count > in.remaining()) return malformed(in, "no count that fits the record");
  for (uint64_t i = 0; i < *count; ++i) SLUICE_TRY(read_one(in));
  size_t begin = 0;
  for (size_t i = 0; i < all_.size(); ++i) {
    all_[i].packed = {packed_.data() + begin, ends_[i] - begin};
    begin = ends_[i];
  }
  return {};
}

Result<void> WalDefinitions::read_one(ByteReader& in) {
  const auto step = in.signed_varint();
  if (!step) return malformed(in, "no series reference");
  const uint64_t ref = (all_.empty() ? 0 : all_.back().ref) + static_cast<uint64_t>(*step);
  if (ref == 0 || ref > kSeriesRefMax) return malformed(in, "a series reference out of range");
  const size_t end = packed_.size();
  const size_t begin = ends_.size() < 2 ? 0 : ends_[ends_.size() - 2];  // of the set before
  const auto prefix = in.varint();
  const auto suffix = in.varint();
  const auto middle = in.prefixed_bytes();
  if (!prefix || !suffix || !middle) return malformed(in, "no label set");
  if (*prefix > end - begin || *suffix > end - begin - *prefix) {
    return malformed(in, "more in common with the label set before than it has");
  }
  const size_t size = *prefix + middle->size() + *suffix;
  if (size > limits::kPackedBytesPerRequestMax - end) return malformed(in, "label sets larger than a request's");
  packed_.resize(end + size);
  char* const packed = packed_.data() + end;
  std::copy_n(packed_.data() + begin, *prefix, packed);
  std::ranges::copy(*middle, packed + *prefix);
  std::copy_n(packed_.data() + end - *suffix, *suffix, packed + *prefix + middle->size());
  if (size == 0 || !model::is_packed({packed, size})) return malformed(in, "no canonical label set");
  all_.push_back({ref, {}});
  ends_.push_back(end + size);
  return {};
}

}  // namespace sluice::tsdb
