#pragma once

#include <string>
#include <vector>

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

struct WorkspaceOptions {
  std::string id;
  std::vector<std::string> match;  ///< series selectors, of delete_series()
  std::string start;               ///< of delete_series(): as in Prometheus' API; "": from the beginning
  std::string end;
  std::string admin_address = "127.0.0.1:9010";
  bool as_json = false;
};
/// All ask a running collector's admin listener.
Result<int> list_deleted_workspaces(const WorkspaceOptions& options);
Result<int> undelete_workspace(const WorkspaceOptions& options);
Result<int> delete_series(const WorkspaceOptions& options);

struct BackupOptions {
  std::string admin_address = "127.0.0.1:9010";
  std::string storage_path;  ///< of a data directory that no collector uses; "": a running collector's
  std::string to;            ///< with storage_path: the directory that holds backups
  std::string key_file;      ///< with storage_path
};
/// Makes a backup and prints its path.
Result<int> back_up(const BackupOptions& options);

struct RestoreOptions {
  std::string from;  ///< one backup
  std::string to;    ///< the data directory to make
  std::string key_file;
  bool only_check = false;  ///< reads the backup against its manifest, and restores nothing
};
Result<int> restore(const RestoreOptions& options);

}  // namespace sluice::cli
