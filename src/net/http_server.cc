#include "net/http_server.h"

#include <fmt/format.h>

#include "net/server_host.h"

namespace sluice::net {
namespace {

Result<void> check_validity(const TlsContext& pair, const std::string& file, UnixSeconds now) {
  const auto refuse = [&](std::string_view what, UnixSeconds at) {
    return fail(ErrorCode::kInvalidArgument,
                fmt::format("certificate file '{}' cannot be used: {} {}", file, what, format_iso8601(at)));
  };
  if (now > pair.not_after()) return refuse("it expired at", pair.not_after());
  if (now < pair.not_before()) return refuse("it is not valid before", pair.not_before());
  return {};
}

Result<std::shared_ptr<const TlsContext>> load_valid_pair(const TlsFiles& files, UnixSeconds now) {
  SLUICE_ASSIGN(auto pair, TlsContext::make_server(files.cert_file, files.key_file));
  SLUICE_TRY(check_validity(*pair, files.cert_file, now));
  return pair;
}

}  // namespace

Result<UnixSeconds> check_certificate(const TlsFiles& files, UnixSeconds now) {
  SLUICE_ASSIGN(const auto pair, load_valid_pair(files, now));
  return pair->not_after();
}

Result<void> HttpServer::Impl::prepare() {
  AddressRules rules;
  SLUICE_ASSIGN(rules.proxies, TrustedProxies::parse(settings.trusted_proxies));
  SLUICE_ASSIGN(rules.shared, TrustedProxies::parse(settings.shared_sources));
  address_rules_.store(std::make_shared<const AddressRules>(std::move(rules)));
  if (!settings.tls) return {};
  SLUICE_ASSIGN(auto pair, TlsContext::make_server(settings.tls->cert_file, settings.tls->key_file));
  // Not refused: the listener's clients will say so, and whoever renews it can reload.
  if (const auto valid = check_validity(*pair, settings.tls->cert_file, clock_.now_s()); !valid) {
    logger.warn("certificate", {{"address", settings.listen_address}, {"error", valid.error().message}});
  }
  use_certificate(std::move(pair));
  return {};
}

void HttpServer::Impl::use_certificate(std::shared_ptr<const TlsContext> pair) {
  metrics_.certificate_not_after(pair->not_after());
  tls.store(std::move(pair));
}

Result<void> HttpServer::Impl::reload_certificate(const TlsFiles& files) {
  if (!settings.tls) return fail(ErrorCode::kConflict, fmt::format("{} was opened without TLS", address));
  SLUICE_ASSIGN(auto pair, load_valid_pair(files, clock_.now_s()));
  use_certificate(std::move(pair));
  return {};
}

Result<void> HttpServer::Impl::set_trusted_proxies(const std::vector<std::string>& networks) {
  AddressRules rules = *address_rules_.load();
  SLUICE_ASSIGN(rules.proxies, TrustedProxies::parse(networks));
  address_rules_.store(std::make_shared<const AddressRules>(std::move(rules)));
  return {};
}

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(Runtime& runtime, ServerOptions options, http::Handler& handler,
                                                      Logger& logger, MetricRegistry& metrics) {
  auto impl = std::make_shared<Impl>(runtime, std::move(options), handler, logger, metrics);
  SLUICE_TRY(impl->prepare());
  SLUICE_TRY(impl->listen());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

Result<void> HttpServer::reload_certificate() {
  if (!impl_->settings.tls) return {};
  return impl_->reload_certificate(*impl_->settings.tls);
}
Result<void> HttpServer::reload_certificate(const TlsFiles& files) { return impl_->reload_certificate(files); }
Result<void> HttpServer::set_trusted_proxies(const std::vector<std::string>& networks) {
  return impl_->set_trusted_proxies(networks);
}
void HttpServer::set_request_deadline(std::chrono::milliseconds deadline) { impl_->request_deadline_ = deadline; }
uint16_t HttpServer::port() const { return impl_->listener->port(); }
std::string HttpServer::address() const { return impl_->address; }
void HttpServer::stop(std::chrono::milliseconds grace) { impl_->stop(grace); }

}  // namespace sluice::net
