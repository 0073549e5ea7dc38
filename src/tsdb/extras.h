#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tsdb/exemplar_store.h"
#include "tsdb/metadata_store.h"
#include "tsdb/wal_record.h"

namespace sluice::tsdb {

/// What a workspace keeps besides series and their samples. Like the head it is made from the log, and small enough to
/// be in memory and in every checkpoint whole. Thread-safe.
struct Extras {
  struct Limits {
    size_t exemplars_max = 0;
    int64_t exemplar_window_ms = 0;  ///< see ExemplarStore
    size_t families_max = 0;
  };
  explicit Extras(const Limits& limits)
      : exemplars(limits.exemplars_max, limits.exemplar_window_ms), metadata(limits.families_max) {}

  ExemplarStore exemplars;
  MetadataStore metadata;
};

/// All exemplars as records of the log that define every series they name, each of about `bytes_goal` bytes. Restored
/// in their order, they make the same store.
std::vector<std::string> encode_exemplars(const ExemplarStore& exemplars, size_t bytes_goal);
/// Likewise all metadata.
std::vector<std::string> encode_metadata(const MetadataStore& metadata, size_t bytes_goal);

/// Adds a record that defines all of its series. Returns the number of exemplars whose series it does not define.
uint64_t restore_exemplars(const ExemplarRecord& record, ExemplarStore& exemplars);
void restore_metadata(const std::vector<WalMetadata>& entries, MetadataStore& metadata);

}  // namespace sluice::tsdb
