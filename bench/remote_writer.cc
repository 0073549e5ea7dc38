#include "bench/remote_writer.h"

#include <algorithm>
#include <charconv>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "awsclient/signed_client.h"
#include "base/encoding.h"
#include "base/version.h"
#include "cli/wait.h"
#include "http/uri.h"
#include "net/http_client.h"
#include "wire/remote_write.h"

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kBackoffMin{30};
constexpr milliseconds kBackoffMax{5'000};
constexpr size_t kErrorBytesMax = 1'024;  ///< as much as Prometheus logs

bool is_retried(int status) { return status == 429 || status / 100 == 5; }

std::string first_line(std::string_view text) { return printable(text.substr(0, text.find('\n')), kErrorBytesMax); }

milliseconds retry_after(const http::ClientResponse& response) {
  const std::string_view text = response.headers.get("Retry-After");
  int64_t seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp(milliseconds(1000 * std::clamp<int64_t>(seconds, 0, 60)), milliseconds(0), kBackoffMax);
}

}  // namespace

RemoteWriter::RemoteWriter(std::unique_ptr<http::Client> client, const Clock& clock, WriterOptions options)
    : client_(std::move(client)), clock_(clock), options_(std::move(options)) {}

Result<std::unique_ptr<RemoteWriter>> RemoteWriter::open(net::Runtime& runtime, const Clock& clock,
                                                         WriterOptions options) {
  SLUICE_ASSIGN(const http::Uri uri, http::Uri::parse(options.url));
  net::ClientOptions client_options;
  client_options.use_system_cas = uri.scheme == "https";
  client_options.ca_file = options.ca_file;
  client_options.idle_connections_per_host_max = 1;
  SLUICE_ASSIGN(auto client, net::make_http_client(runtime, client_options));
  return std::unique_ptr<RemoteWriter>(new RemoteWriter(std::move(client), clock, std::move(options)));
}

Result<http::ClientResponse> RemoteWriter::send_once(const std::string& body) {
  http::ClientRequest request;
  request.method = "POST";
  request.url = options_.url;
  request.headers.add("User-Agent", fmt::format("sluice-bench/{}", kVersion));
  request.headers.add("Content-Encoding", std::string(wire::kRemoteWriteContentEncoding));
  request.headers.add("Content-Type", std::string(wire::kRemoteWriteContentType));
  request.headers.add("X-Prometheus-Remote-Write-Version", std::string(wire::kRemoteWriteVersion));
  request.body = body;
  request.timeout = options_.request_timeout;
  if (options_.signing) {
    SLUICE_TRY(
        awsclient::sign(request, options_.signing->credentials, {options_.signing->region, "aps"}, clock_.now_s()));
  }
  return cli::run_and_wait(client_->send(std::move(request)));
}

WriteOutcome RemoteWriter::write(const std::string& body, const std::function<bool()>& is_cancelled) {
  WriteOutcome outcome;
  const auto give_up_at = clock_.steady() + options_.give_up_after;
  for (milliseconds backoff = kBackoffMin;; backoff = std::min(2 * backoff, kBackoffMax)) {
    const auto answer = send_once(body);
    milliseconds wait = backoff;
    outcome.status = answer ? answer->status : 0;
    if (answer && answer->status / 100 == 2) {
      outcome.ok = true;
      outcome.error.clear();
      return outcome;
    }
    if (answer) {
      outcome.error = fmt::format("HTTP {}: {}", answer->status, first_line(answer->body));
      if (!is_retried(answer->status)) return outcome;
      wait = std::max(wait, retry_after(*answer));
    } else {
      outcome.error = answer.error().message;
      if (answer.error().code == ErrorCode::kInvalidArgument) return outcome;
    }
    if (outcome.retries == 0) outcome.first_retried = outcome.error;
    if (is_cancelled() || clock_.steady() + wait >= give_up_at) return outcome;
    std::this_thread::sleep_for(wait);
    ++outcome.retries;
  }
}

}  // namespace sluice::bench
