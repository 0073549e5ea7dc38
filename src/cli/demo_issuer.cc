#include "cli/demo_issuer.h"

#include <memory>

#include "base/encoding.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/random.h"

namespace sluice::cli {

Result<std::unique_ptr<DemoIssuer>> DemoIssuer::make() {
  SLUICE_ASSIGN(auto key, crypto::PrivateKey::generate_rsa());
  // Kubernetes names a key by a hash of its public part.
  const std::string kid = base64url_encode(crypto::sha256(key.public_pem()));
  return std::unique_ptr<DemoIssuer>(new DemoIssuer(std::move(key), kid));
}

Result<std::string> DemoIssuer::token(const std::string& name_space, const std::string& service_account,
                                      const std::string& audience, UnixSeconds now, int64_t lifetime_s) const {
  std::string header;
  JsonWriter head(header);
  head.begin_object();
  head.member("alg", "RS256");
  head.member("kid", kid_);
  head.end_object();

  std::string claims;
  JsonWriter body(claims);
  body.begin_object();
  body.key("aud");
  body.begin_array();
  body.string(audience);
  body.end_array();
  body.member("exp", now + lifetime_s);
  body.member("iat", now);
  body.member("iss", url_);
  body.member("jti", crypto::random_uuid());
  body.key("kubernetes.io");
  body.begin_object();
  body.member("namespace", name_space);
  body.key("pod");
  body.begin_object();
  body.member("name", "prometheus-0");
  body.end_object();
  body.key("serviceaccount");
  body.begin_object();
  body.member("name", service_account);
  body.end_object();
  body.end_object();
  body.member("nbf", now);
  body.member("sub", "system:serviceaccount:" + name_space + ":" + service_account);
  body.end_object();

  const std::string signed_part = base64url_encode(header) + "." + base64url_encode(claims);
  SLUICE_ASSIGN(const auto signature, key_.sign(crypto::SignatureAlgorithm::kRs256, signed_part));
  return signed_part + "." + base64url_encode(signature);
}

std::string DemoIssuer::discovery() const {
  std::string out;
  JsonWriter json(out);
  const auto list = [&](std::string_view name, std::string_view value) {
    json.key(name);
    json.begin_array();
    json.string(value);
    json.end_array();
  };
  json.begin_object();
  json.member("issuer", url_);
  json.member("jwks_uri", url_ + "/openid/v1/jwks");
  list("response_types_supported", "id_token");
  list("subject_types_supported", "public");
  list("id_token_signing_alg_values_supported", "RS256");
  json.end_object();
  return out;
}

std::string DemoIssuer::key_set() const {
  const auto [n, e] = key_.rsa_parts();
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("keys");
  json.begin_array();
  json.begin_object();
  json.member("use", "sig");
  json.member("kty", "RSA");
  json.member("kid", kid_);
  json.member("alg", "RS256");
  json.member("n", base64url_encode(n));
  json.member("e", base64url_encode(e));
  json.end_object();
  json.end_array();
  json.end_object();
  return out;
}

http::Task<http::Response> DemoIssuer::handle(const http::Request& request) {
  if (request.path() == "/.well-known/openid-configuration") co_return http::Response::json(200, discovery());
  if (request.path() == "/openid/v1/jwks") co_return http::Response::json(200, key_set());
  co_return http::Response::text(404, "not found\n");
}

size_t DemoIssuer::body_bytes_max(std::string_view, std::string_view, const http::Headers&) const { return 0; }

http::Response DemoIssuer::refuse(const http::Request&, int status, std::string_view reason) {
  return http::Response::text(status, std::string(reason) + "\n");
}

}  // namespace sluice::cli
