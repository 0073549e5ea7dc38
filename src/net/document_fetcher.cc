#include "net/document_fetcher.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "net/client_exchange.h"

namespace sluice::net {
namespace {

constexpr uint16_t kHttpsPort = 443;
constexpr size_t kHeaderBytesMax = 32 << 10;

class GuardedFetcher final : public http::DocumentFetcher {
 public:
  GuardedFetcher(Runtime& runtime, FetcherOptions options, std::shared_ptr<const TlsContext> tls,
                 std::vector<IpNetwork> networks)
      : runtime_(runtime), options_(std::move(options)), tls_(std::move(tls)), networks_(std::move(networks)) {}

  Task<Result<Document>> fetch(std::string url, size_t bytes_max, std::chrono::milliseconds timeout) override {
    const Until until = std::chrono::steady_clock::now() + timeout;
    auto uri = http::Uri::parse(url);
    if (!uri) co_return std::unexpected(uri.error());
    auto document = co_await fetch_from(*uri, std::move(url), bytes_max, until);
    co_await switch_to(runtime_.compute());
    if (!document) co_return fail_in(uri->host_header(), document.error());
    co_return document;
  }

 private:
  Task<Result<Document>> fetch_from(http::Uri uri, std::string url, size_t bytes_max, Until until) {
    SLUICE_CO_TRY(check_uri(uri));
    SLUICE_CO_ASSIGN(auto addresses, co_await look_up(runtime_, options_.resolve, uri.host, until));
    for (const IpAddress& address : addresses) SLUICE_CO_TRY(check_address(address, networks_));
    SLUICE_CO_ASSIGN(auto transport,
                     co_await connect_to(runtime_, std::move(addresses), uri.port, tls_, uri.host, until));
    http::ClientRequest request;
    request.url = std::move(url);
    request.headers.add("Accept", "application/json");
    request.headers.add("Accept-Encoding", "identity");
    request.response_bytes_max = bytes_max;
    SLUICE_CO_ASSIGN(auto head, request_head(request, uri, /*keep_alive=*/false));
    auto reply = co_await exchange(transport, std::move(head), request, kHeaderBytesMax, until);
    if (!reply) co_return std::unexpected(reply.error().error);
    transport->finish([] {});
    co_return to_document(std::move(reply->response));
  }

  Result<void> check_uri(const http::Uri& uri) const {
    if (uri.scheme != "https") {
      return fail(ErrorCode::kPermissionDenied, "documents are fetched by https only, the URL says http");
    }
    const auto& ports = options_.allowance.ports;
    if (uri.port != kHttpsPort && std::ranges::find(ports, uri.port) == ports.end()) {
      return fail(ErrorCode::kPermissionDenied,
                  fmt::format("port {} is not 443; only oidc.allow.ports can allow it", uri.port));
    }
    return {};
  }

  static Result<Document> to_document(http::ClientResponse response) {
    if (response.status >= 300 && response.status < 400) {
      return fail(ErrorCode::kUnavailable, fmt::format("answered {}; redirects are not followed", response.status));
    }
    if (response.status != 200) {
      return fail(ErrorCode::kUnavailable, fmt::format("answered {} instead of 200", response.status));
    }
    const auto coding = response.headers.get("Content-Encoding");
    if (!coding.empty() && !ascii_iequals(coding, "identity")) {
      return fail(ErrorCode::kUnavailable,
                  fmt::format("answered in content coding '{}', identity was asked for", printable(coding, 64)));
    }
    Document document;
    document.cache_control = response.headers.get("Cache-Control");
    document.body = std::move(response.body);
    return document;
  }

  Runtime& runtime_;
  const FetcherOptions options_;
  const std::shared_ptr<const TlsContext> tls_;
  const std::vector<IpNetwork> networks_;
};

}  // namespace

Result<std::unique_ptr<http::DocumentFetcher>> make_document_fetcher(Runtime& runtime, FetcherOptions options) {
  std::vector<IpNetwork> networks;
  for (const auto& text : options.allowance.networks) {
    auto network = IpNetwork::parse(text);
    if (!network) return fail_in("oidc.allow.networks", network.error());
    networks.push_back(*network);
  }
  SLUICE_ASSIGN(auto tls, TlsContext::make_client(options.use_system_cas, options.allowance.ca_file));
  return std::unique_ptr<http::DocumentFetcher>(
      std::make_unique<GuardedFetcher>(runtime, std::move(options), std::move(tls), std::move(networks)));
}

}  // namespace sluice::net
