#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/coding.h"
#include "base/result.h"

/// How a record of the log spells which labels its series have, as docs/formats/wal.md lays it out: each set by what it
/// has in common with the one before, since the series of a target share most of their labels.
namespace sluice::tsdb {

/// The name of a series in the log; from 1. Small, so that a sample's first byte can carry flags beside it.
inline constexpr uint64_t kSeriesRefMax = (uint64_t{1} << 56) - 1;

struct WalDefinition {
  uint64_t ref = 0;
  std::string_view packed;  ///< as model::Labels packs them, not empty
};

/// Builds the definitions of one record. Not thread-safe.
class WalDefinitionWriter {
 public:
  /// `packed` as model::Labels packs them, not empty; it must stay where it is until the next call.
  void add(uint64_t ref, std::string_view packed);
  size_t bytes() const { return bytes_.size() + kVarintBytesMax; }  ///< at most, of what finish() appends
  void finish(std::string& record) const;

 private:
  std::string bytes_;
  uint64_t count_ = 0;
  uint64_t previous_ref_ = 0;
  std::string_view previous_;
};

/// Definitions read back, and the labels they name.
class WalDefinitions {
 public:
  WalDefinitions() = default;
  WalDefinitions(WalDefinitions&&) = default;  // what they name stays where it is
  WalDefinitions& operator=(WalDefinitions&&) = default;

  /// Reads what a writer wrote, in place of what was there. kMalformed, with the offset in the record, for anything
  /// else, and for label sets of more than limits::kPackedBytesPerRequestMax together.
  Result<void> read(ByteReader& in);

  size_t size() const { return all_.size(); }
  const WalDefinition& operator[](size_t i) const { return all_[i]; }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  Result<void> read_one(ByteReader& in);

  std::vector<WalDefinition> all_;
  std::vector<char> packed_;  // of all, one after the other
  std::vector<size_t> ends_;
};

}  // namespace sluice::tsdb
