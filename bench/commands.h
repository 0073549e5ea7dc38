#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "bench/driver.h"

/// The verbs of sluice-bench, once the command line is read. Each returns the exit code, or an error to print.
namespace sluice::bench {

/// Where a key comes from; secrets are read from files only, since a command line is everybody's to read.
struct KeySource {
  std::string region;            ///< "" sends unsigned
  std::string credentials_file;  ///< AWS's shared-credentials format, profile default
  std::string key_id;            ///< with secret_file, instead of credentials_file
  std::string secret_file;       ///< holds the secret alone
  std::string session_token_file;
};

/// The key that `source` names. kInvalidArgument for a source that names none or two; files' errors name the file.
Result<aws::Credentials> read_key(const KeySource& source);

struct LoadCommand {
  DriveOptions drive;
  KeySource key;
  std::string json_file;  ///< "": JSON is not written; "-": to standard output, after the text
};
/// Drives a load. 1 when a request was refused.
Result<int> run_load(LoadCommand command);

struct WorkspaceCommand {
  std::string endpoint;  ///< "http://127.0.0.1:9009"
  std::string alias = "bench";
  std::string ca_file;   ///< PEM, besides the system's authorities; "" for none
  KeySource key;
};
/// Creates a workspace through the AMP control plane and prints its id.
Result<int> run_workspace(const WorkspaceCommand& command);

struct CountCommand {
  std::string url;          ///< of the query API: "http://127.0.0.1:9090/api/v1/query"
  TimestampMs at_ms = 0;    ///< 0: now
  std::string ca_file;      ///< as WorkspaceCommand's
  KeySource key;            ///< without region: unsigned
};
/// Asks a server how many series it has, by PromQL, and prints the number.
Result<int> run_count(const CountCommand& command);

struct SinkCommand {
  std::string listen;  ///< "127.0.0.1:9100"; port 0 lets the system choose
  std::string data;    ///< directory for the bodies
  bool is_unsigned = false;
  KeySource key;
};
/// Runs the sink until SIGINT or SIGTERM; prints "listening on HOST:PORT" when it accepts.
Result<int> run_sink(const SinkCommand& command);

}  // namespace sluice::bench
