#pragma once

namespace sluice::cli {

/// The program: parses the command line, runs one verb, returns the process' exit code (0 success, 1 failure,
/// 2 wrong usage).
int run(int argc, char** argv);

}  // namespace sluice::cli
