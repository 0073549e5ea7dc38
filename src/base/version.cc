#include "base/version.h"

namespace sluice {

// src/CMakeLists.txt defines it for this file alone, so that a commit recompiles nothing else.
#ifndef SLUICE_REVISION
#define SLUICE_REVISION "unknown"
#endif

std::string_view revision() { return SLUICE_REVISION; }

}  // namespace sluice
