#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/metadata.h"
#include "model/queryable.h"

namespace sluice::model {

struct MetricFamily {
  std::string name;
  Metadata metadata;
};

/// The face a storage of metadata shows to queries. Thread-safe.
class MetadataQueryable {
 public:
  virtual ~MetadataQueryable() = default;
  /// What is known of the family of that name, or of all, sorted by name, when `name` is empty.
  virtual Result<std::vector<MetricFamily>> metadata(std::string_view name) const = 0;
};

/// Metadata seen through a caller's residual: a family is there for whom one of its series is. An empty filter shows
/// all.
class ScopedMetadata final : public MetadataQueryable {
 public:
  /// `series` is the storage whose metrics the metadata is about.
  ScopedMetadata(std::shared_ptr<const MetadataQueryable> storage, std::shared_ptr<const Queryable> series,
                 SeriesFilter filter)
      : storage_(std::move(storage)), series_(std::move(series), filter), is_scoped_(static_cast<bool>(filter)) {}

  Result<std::vector<MetricFamily>> metadata(std::string_view name) const override;

 private:
  std::shared_ptr<const MetadataQueryable> storage_;
  ScopedQueryable series_;
  bool is_scoped_;
};

}  // namespace sluice::model
