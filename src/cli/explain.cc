#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/admin_client.h"
#include "cli/verbs.h"

namespace sluice::cli {

Result<int> explain(const ExplainOptions& options) {
  const std::string target = fmt::format("/-/explain{}{}{}", options.request_id.empty() ? "" : "/",
                                         percent_encode(options.request_id), options.as_json ? "" : "?format=text");
  SLUICE_ASSIGN(const std::string answer, ask_admin(options.admin_address, "GET", target));
  print_answer(answer);
  return 0;
}

}  // namespace sluice::cli
