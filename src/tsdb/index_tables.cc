#include "tsdb/index_tables.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "tsdb/block_format.h"

namespace sluice::tsdb {
namespace {

constexpr uint64_t kKeysPerEntry = 2;  // a name and a value

struct PostingsEntry {
  std::string_view name;
  std::string_view value;
  uint64_t postings = 0;
};

std::optional<PostingsEntry> read_entry(ByteReader& reader) {
  if (reader.varint() != kKeysPerEntry) return std::nullopt;
  const auto name = reader.prefixed_bytes();
  const auto value = name ? reader.prefixed_bytes() : std::nullopt;
  const auto postings = value ? reader.varint() : std::nullopt;
  if (!postings) return std::nullopt;
  return PostingsEntry{*name, *value, *postings};
}

// The value of the entry at `offset` of a table that was walked before.
std::string_view value_at(std::string_view content, uint32_t offset) {
  ByteReader reader(content.substr(offset));
  const auto entry = read_entry(reader);
  return entry ? entry->value : std::string_view();
}

}  // namespace

Result<SymbolTable> SymbolTable::open(std::string_view content, uint64_t offset) {
  ByteReader reader(content);
  const auto count = reader.be<uint32_t>();
  if (!count) return damaged_at(offset, "a count of symbols should be here");
  SymbolTable table;
  table.content_ = content;
  std::string_view previous;
  for (; table.size_ < *count; ++table.size_) {
    const size_t at = reader.offset();
    if (table.size_ % kTableSampling == 0) table.sampled_.push_back(static_cast<uint32_t>(at));
    const auto symbol = reader.prefixed_bytes();
    if (!symbol) return damaged_at(offset + at, fmt::format("symbol {} of {} is cut off", table.size_, *count));
    if (table.size_ != 0 && *symbol <= previous) {
      return damaged_at(offset + at, fmt::format("symbol {} is not after the one before it", table.size_));
    }
    previous = *symbol;
  }
  table.sampled_.shrink_to_fit();
  return table;
}

std::optional<std::string_view> SymbolTable::find(uint64_t number) const {
  if (number >= size_) return std::nullopt;
  ByteReader reader(content_.substr(sampled_[number / kTableSampling]));
  for (uint64_t skip = number % kTableSampling; skip > 0; --skip) (void)reader.prefixed_bytes();
  return reader.prefixed_bytes();
}

Result<PostingsTable> PostingsTable::open(std::string_view content, uint64_t offset) {
  ByteReader reader(content);
  const auto count = reader.be<uint32_t>();
  if (!count) return damaged_at(offset, "a count of postings should be here");
  PostingsTable table;
  table.content_ = content;
  PostingsEntry previous;
  for (uint32_t i = 0; i < *count; ++i) {
    const size_t at = reader.offset();
    const auto entry = read_entry(reader);
    if (!entry) return damaged_at(offset + at, fmt::format("entry {} of {} of the postings is cut off", i, *count));
    if (i != 0 && std::tie(entry->name, entry->value) <= std::tie(previous.name, previous.value)) {
      return damaged_at(offset + at, fmt::format("entry {} of the postings is not after the one before it", i));
    }
    if (table.names_.empty() || table.names_.back().name != entry->name) {
      table.names_.push_back({.name = entry->name, .values = 0, .sampled = {}});
    }
    Name& name = table.names_.back();
    if (name.values++ % kTableSampling == 0) name.sampled.push_back(static_cast<uint32_t>(at));
    previous = *entry;
  }
  table.names_.shrink_to_fit();
  for (auto& name : table.names_) name.sampled.shrink_to_fit();
  return table;
}

bool PostingsTable::Cursor::next() {
  const auto entry = read_entry(reader_);
  if (!entry || entry->name != name_) {
    reader_ = ByteReader({});
    return false;
  }
  value_ = entry->value;
  postings_ = entry->postings;
  return true;
}

PostingsTable::Cursor PostingsTable::values(std::string_view name, std::string_view first) const {
  const Name* found = find_name(name);
  if (found == nullptr) return {{}, name};
  // The last sampled value that is not after `first`; what lies between is skipped one by one.
  auto sample = std::ranges::partition_point(found->sampled,
                                             [&](uint32_t offset) { return value_at(content_, offset) <= first; });
  if (sample != found->sampled.begin()) --sample;
  Cursor cursor(content_.substr(*sample), found->name);
  while (true) {
    const Cursor before = cursor;
    if (!cursor.next() || cursor.value() >= first) return before;
  }
}

std::optional<uint64_t> PostingsTable::find(std::string_view name, std::string_view value) const {
  Cursor cursor = values(name, value);
  if (!cursor.next() || cursor.value() != value) return std::nullopt;
  return cursor.postings();
}

std::vector<std::string_view> PostingsTable::names() const {
  std::vector<std::string_view> names;
  for (const auto& name : names_) {
    if (!name.name.empty()) names.push_back(name.name);
  }
  return names;
}

size_t PostingsTable::value_count(std::string_view name) const {
  const Name* found = find_name(name);
  return found == nullptr ? 0 : found->values;
}

size_t PostingsTable::memory_bytes() const {
  size_t total = names_.capacity() * sizeof(Name);
  for (const auto& name : names_) total += name.sampled.capacity() * sizeof(uint32_t);
  return total;
}

const PostingsTable::Name* PostingsTable::find_name(std::string_view name) const {
  const auto found = std::ranges::lower_bound(names_, name, {}, &Name::name);
  return found == names_.end() || found->name != name ? nullptr : &*found;
}

}  // namespace sluice::tsdb
