#include <cstdio>

#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/verbs.h"
#include "cli/wait.h"
#include "net/http_client.h"
#include "net/runtime.h"

namespace sluice::cli {

Result<int> explain(const ExplainOptions& options) {
  const auto logger = make_null_logger();
  net::Runtime runtime({.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger);
  net::ClientOptions client_options;
  client_options.use_system_cas = false;
  SLUICE_ASSIGN(const auto client, net::make_http_client(runtime, client_options));

  http::ClientRequest request;
  request.url = fmt::format("http://{}/-/explain{}{}{}", options.admin_address, options.request_id.empty() ? "" : "/",
                            percent_encode(options.request_id), options.as_json ? "" : "?format=text");
  auto answer = run_and_wait(client->send(std::move(request)));
  runtime.shutdown();
  if (!answer) {
    return fail(
        answer.error().code,
        fmt::format(
            "no answer from the collector's admin listener: {}. Is it running, and is this its address (--admin)?",
            answer.error().message));
  }
  if (answer->status != 200) {
    return fail(ErrorCode::kNotFound, std::string(trim(answer->body.substr(0, answer->body.find('\n')))));
  }
  std::fwrite(answer->body.data(), 1, answer->body.size(), stdout);
  if (!answer->body.ends_with('\n')) std::fputc('\n', stdout);
  return 0;
}

}  // namespace sluice::cli
