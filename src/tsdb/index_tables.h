#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/result.h"

/// The two tables of a block's index that are read in place: of either, only the place of every 32nd entry is kept in
/// memory, as Prometheus does (tsdb/index/index.go). Both are walked once, when they are opened; after that nothing in
/// them is damaged. They borrow their bytes. Thread-safe once opened.
namespace sluice::tsdb {

inline constexpr size_t kTableSampling = 32;

/// The strings of an index: sorted, named by their number.
class SymbolTable {
 public:
  /// `content` of the section, whose checksum is right; `offset` of it in the file, for errors.
  static Result<SymbolTable> open(std::string_view content, uint64_t offset);

  size_t size() const { return size_; }
  /// nullopt when there are not so many.
  std::optional<std::string_view> find(uint64_t number) const;
  size_t memory_bytes() const { return sampled_.capacity() * sizeof(uint32_t); }

 private:
  std::string_view content_;
  size_t size_ = 0;
  std::vector<uint32_t> sampled_;
};

/// Where the postings of each label are: sorted by name, then value. The pair ("", "") stands for all series.
class PostingsTable {
 public:
  static Result<PostingsTable> open(std::string_view content, uint64_t offset);

  /// The values of one name with the offsets of their postings in the file, in order.
  class Cursor {
   public:
    bool next();  ///< to the next value, the first at first; false at the end
    std::string_view value() const { return value_; }
    uint64_t postings() const { return postings_; }

   private:
    friend class PostingsTable;
    Cursor(std::string_view content, std::string_view name) : reader_(content), name_(name) {}
    ByteReader reader_;
    std::string_view name_;
    std::string_view value_;
    uint64_t postings_ = 0;
  };
  /// The name's values from `first` on; none when there is no such name.
  Cursor values(std::string_view name, std::string_view first = {}) const;
  /// Offset of the postings of one label.
  std::optional<uint64_t> find(std::string_view name, std::string_view value) const;

  /// Sorted; without the empty name of all series.
  std::vector<std::string_view> names() const;
  size_t value_count(std::string_view name) const;
  size_t memory_bytes() const;

 private:
  struct Name {
    std::string_view name;
    size_t values = 0;
    std::vector<uint32_t> sampled;  // offsets of values 0, 32, 64, ... in the content
  };
  const Name* find_name(std::string_view name) const;

  std::string_view content_;
  std::vector<Name> names_;
};

}  // namespace sluice::tsdb
