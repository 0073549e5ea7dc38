#pragma once

#include "cli/config_problems.h"
#include "cli/config_source.h"

namespace sluice::cli {

/// The rules between settings: pairs that belong together, plaintext beyond loopback, limits that contradict each
/// other. Pure: no file is looked at.
void check_rules(const LoadedConfig& config, ConfigProblems& problems);

}  // namespace sluice::cli
