#pragma once

#include <string_view>

namespace sluice::promql {

/// The order of sort_by_label: runs of digits compare as numbers, everything else by bytes, so that "node2" comes
/// before "node10".
bool natural_less(std::string_view a, std::string_view b);

}  // namespace sluice::promql
