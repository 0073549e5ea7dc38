#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/verbs.h"

namespace sluice::cli {

Result<int> list_deleted_workspaces(const WorkspaceOptions& options) {
  SLUICE_ASSIGN(const std::string answer,
                ask_admin(options.admin_address, "GET",
                          options.as_json ? "/-/deleted-workspaces" : "/-/deleted-workspaces?format=text"));
  print_answer(answer);
  return 0;
}

Result<int> undelete_workspace(const WorkspaceOptions& options) {
  const std::string target = fmt::format("/-/undelete-workspace/{}", percent_encode(options.id));
  SLUICE_ASSIGN(const std::string answer, ask_admin(options.admin_address, "POST", target));
  print_answer(answer);
  return 0;
}

Result<int> delete_series(const WorkspaceOptions& options) {
  std::string target = fmt::format("/-/delete-series/{}?", percent_encode(options.id));
  for (const auto& selector : options.match) target += fmt::format("match[]={}&", percent_encode(selector));
  if (!options.start.empty()) target += fmt::format("start={}&", percent_encode(options.start));
  if (!options.end.empty()) target += fmt::format("end={}&", percent_encode(options.end));
  target += options.as_json ? "format=json" : "format=text";
  SLUICE_ASSIGN(const std::string answer, ask_admin(options.admin_address, "POST", target, kLongAnswer));
  print_answer(answer);
  return 0;
}

}  // namespace sluice::cli
