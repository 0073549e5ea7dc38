#include "tsdb/extras.h"

#include <unordered_map>
#include <utility>

namespace sluice::tsdb {
namespace {

constexpr size_t kExemplarBytesFixed = 16;  // of one in a record, about, besides its labels

/// One record of exemplars, its series numbered from 1.
class ExemplarPage {
 public:
  // The series' labels must stay where they are until finish().
  void add(const model::Labels& series, const model::Exemplar& exemplar) {
    const auto [at, is_new] = refs_.try_emplace(&series, refs_.size() + 1);
    if (is_new) {
      definitions_.add_definition(at->second, series.packed());
      bytes_ += series.packed().size();
    }
    exemplars_.add(at->second, exemplar);
    bytes_ += exemplar.labels.packed().size() + kExemplarBytesFixed;
  }
  size_t bytes() const { return bytes_; }
  std::string finish() && { return std::move(definitions_).finish(std::move(exemplars_)); }

 private:
  std::unordered_map<const model::Labels*, uint64_t> refs_;
  AppendRecordWriter definitions_;
  WalExemplarWriter exemplars_;
  size_t bytes_ = 0;
};

}  // namespace

std::vector<std::string> encode_exemplars(const ExemplarStore& exemplars, size_t bytes_goal) {
  std::vector<std::string> records;
  ExemplarPage page;
  exemplars.for_each([&](const model::Labels& series, const model::Exemplar& exemplar) {
    page.add(series, exemplar);
    if (page.bytes() >= bytes_goal) records.push_back(std::move(std::exchange(page, ExemplarPage())).finish());
  });
  if (page.bytes() != 0) records.push_back(std::move(page).finish());
  return records;
}

std::vector<std::string> encode_metadata(const MetadataStore& metadata, size_t bytes_goal) {
  std::vector<std::string> records;
  std::vector<WalMetadata> entries;
  size_t bytes = 0;
  const auto finish = [&] {
    if (!entries.empty()) records.push_back(encode_metadata_record(std::exchange(entries, {})));
    bytes = 0;
  };
  for (auto& family : metadata.by_age()) {
    bytes += family.name.size() + family.metadata.help.size() + family.metadata.unit.size();
    entries.push_back({std::move(family.name), std::move(family.metadata)});
    if (bytes >= bytes_goal) finish();
  }
  finish();
  return records;
}

uint64_t restore_exemplars(const ExemplarRecord& record, ExemplarStore& exemplars) {
  std::unordered_map<uint64_t, model::Labels> series;
  for (const auto& [ref, packed] : record.definitions) {
    series.insert_or_assign(ref, model::Labels::from_packed(std::string(packed)));
  }
  uint64_t lost = 0;
  for (const auto& [ref, exemplar] : record.exemplars) {
    const auto found = series.find(ref);
    if (found == series.end()) ++lost;
    else exemplars.add(found->second, exemplar);
  }
  return lost;
}

void restore_metadata(const std::vector<WalMetadata>& entries, MetadataStore& metadata) {
  constexpr TimestampMs kBeforeTheRestart = 0;
  for (const auto& [family, said] : entries) metadata.set(family, said, kBeforeTheRestart);
}

}  // namespace sluice::tsdb
