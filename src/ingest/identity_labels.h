#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/labels.h"

namespace sluice::ingest {

/// What happens to a series that already carries the label.
enum class IdentityMode : uint8_t {
  kOverride,  ///< whatever was sent is replaced
  kEnforce,   ///< another value refuses the series; an absent label is added
};

struct IdentityLabel {
  std::string name;
  std::string value;
  IdentityMode mode = IdentityMode::kOverride;
  friend bool operator==(const IdentityLabel&, const IdentityLabel&) = default;
};

/// The labels bound to an authenticated identity, applied to each of its series before packing, so that
/// nobody can write as somebody else. Immutable, sorted by name. Thread-safe.
class IdentityLabels {
 public:
  IdentityLabels() = default;
  /// In any order. kInvalidArgument for an empty or invalid name or value, a name given twice, or
  /// `__name__` (a metric's name is no identity).
  static Result<IdentityLabels> make(std::vector<IdentityLabel> labels);

  bool empty() const { return labels_.empty(); }
  size_t size() const { return labels_.size(); }

  /// Merges into `labels` (sorted by name, unique) and keeps them so. Added views borrow from this object.
  /// Returns the first enforced label that another value contradicts, or nullptr.
  const IdentityLabel* apply(std::vector<model::LabelView>& labels) const;

 private:
  std::vector<IdentityLabel> labels_;
};

}  // namespace sluice::ingest
