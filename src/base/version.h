#pragma once

#include <string_view>

namespace sluice {

/// This release, as `sluice version`, buildinfo and the User-Agent of our own client say it.
inline constexpr std::string_view kVersion = "0.1.0";
/// The commit this binary was built from; "unknown" outside a checkout.
#ifdef SLUICE_REVISION
inline constexpr std::string_view kRevision = SLUICE_REVISION;
#else
inline constexpr std::string_view kRevision = "unknown";
#endif

}  // namespace sluice
