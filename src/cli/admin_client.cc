#include "cli/admin_client.h"

#include <cstdio>

#include <fmt/core.h>

#include "base/encoding.h"
#include "cli/wait.h"
#include "net/http_client.h"
#include "net/runtime.h"

namespace sluice::cli {

Result<std::string> ask_admin(const std::string& address, std::string_view method, std::string_view target,
                              std::chrono::milliseconds timeout) {
  const auto logger = make_null_logger();
  net::Runtime runtime({.io_threads = 1, .compute_threads = 1, .lookup_threads = 1}, *logger);
  net::ClientOptions client_options;
  client_options.use_system_cas = false;
  SLUICE_ASSIGN(const auto client, net::make_http_client(runtime, client_options));

  http::ClientRequest request;
  request.method = method;
  request.timeout = timeout;
  request.url = fmt::format("http://{}{}", address, target);
  auto answer = run_and_wait(client->send(std::move(request)));
  runtime.shutdown();
  if (!answer) {
    return fail(
        answer.error().code,
        fmt::format(
            "no answer from the collector's admin listener: {}. Is it running, and is this its address (--admin)?",
            answer.error().message));
  }
  if (answer->status != 200 && answer->status != 202) {
    return fail(ErrorCode::kNotFound, std::string(trim(answer->body.substr(0, answer->body.find('\n')))));
  }
  return std::move(answer->body);
}

void print_answer(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
}

}  // namespace sluice::cli
