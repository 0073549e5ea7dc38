#pragma once

#include <string>

#include "bench/driver.h"

namespace sluice::bench {

/// A run as one JSON object, every number in it: what script/bench reads and build/bench keeps. Numbers that were not
/// measured (no server_pid, no server_data) are absent, not zero.
std::string to_json(const DriveOptions& options, const DriveResult& result);

/// The same for people: a few lines, the phases side by side.
std::string to_text(const DriveOptions& options, const DriveResult& result);

}  // namespace sluice::bench
