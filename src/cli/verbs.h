#pragma once

#include <string>

#include "base/result.h"
#include "cli/config_source.h"

/// One function a verb; each lives in the file of its name. The int is the process' exit code; an Error is
/// printed as one line on stderr and exits 1.
namespace sluice::cli {

/// Runs the collector until SIGTERM or SIGINT; SIGHUP reads its configuration again.
Result<int> serve(const ConfigSources& sources);

struct CheckOptions {
  ConfigSources sources;
  bool print = false;  ///< also prints the effective configuration
};
/// Checks a configuration as `serve` would take it, and the files it names: 0 and one line, or 1 and every problem
/// on a line of standard error.
Result<int> check_configuration(const CheckOptions& options);

struct DemoOptions {
  std::string listen_address = "127.0.0.1:9009";
  std::string admin_listen_address = "127.0.0.1:9010";
  std::string directory;     ///< where to keep its data; "" makes a temporary one and removes it at the end
  int interval_seconds = 5;  ///< between two scrapes of the pretend cluster
  std::string program = "sluice";  ///< how the user called it, for commands to paste
};
/// Runs a collector and a pretend cluster until SIGTERM or SIGINT.
Result<int> demo(const DemoOptions& options);

struct ExplainOptions {
  std::string request_id;  ///< "" lists the newest refusals
  std::string admin_address = "127.0.0.1:9010";
  bool as_json = false;
};
/// Prints why a request was refused, asked of a running collector's admin listener.
Result<int> explain(const ExplainOptions& options);

}  // namespace sluice::cli
