#pragma once

#include <string_view>

namespace sluice {

/// This release, as `sluice version`, buildinfo and the User-Agent of our own client say it.
inline constexpr std::string_view kVersion = "0.1.0";

/// The commit this binary was built from, 12 hex digits; "unknown" when it was not built from a checkout.
std::string_view revision();

}  // namespace sluice
