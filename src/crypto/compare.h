#pragma once

#include <string_view>

namespace sluice::crypto {

/// True when both are the same bytes. Takes as long for a difference in the first byte as in the last; only
/// the lengths may show. For MACs, signatures and secrets. Thread-safe.
bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace sluice::crypto
