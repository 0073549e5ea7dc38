#include "crypto/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "crypto/openssl.h"

namespace sluice::crypto {
namespace {

using internal::Certificate;
using Store = std::unique_ptr<X509_STORE, internal::Deleter<X509_STORE_free>>;
using StoreContext = std::unique_ptr<X509_STORE_CTX, internal::Deleter<X509_STORE_CTX_free>>;

constexpr UnixSeconds kNow = 1'789'127'221;

CertificateRequest request(std::vector<std::string> names) {
  return {.common_name = "sluice", .names = std::move(names), .not_before = kNow - 60, .not_after = kNow + 3600};
}

Certificate parse(const std::string& pem) {
  const internal::Bio memory(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Certificate(PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr));
}

/// As a TLS client would, with the strictest of OpenSSL's rules.
int verify(const Certificate& certificate, const Certificate& root, UnixSeconds at) {
  const Store store(X509_STORE_new());
  X509_STORE_add_cert(store.get(), root.get());
  const StoreContext context(X509_STORE_CTX_new());
  X509_STORE_CTX_init(context.get(), store.get(), certificate.get(), nullptr);
  X509_VERIFY_PARAM* parameters = X509_STORE_CTX_get0_param(context.get());
  X509_VERIFY_PARAM_set_time(parameters, at);
  X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
  X509_STORE_CTX_set_purpose(context.get(), X509_PURPOSE_SSL_SERVER);
  X509_verify_cert(context.get());
  return X509_STORE_CTX_get_error(context.get());
}

TEST(Certificate, OfAnAuthorityIsTrustedForItsNamesAndTimes) {
  const auto ca_key = PrivateKey::generate_ec(Curve::kP256).value();
  const auto key = PrivateKey::generate_rsa().value();
  const std::string ca_pem = make_ca_certificate(ca_key, request({})).value();
  const auto pem =
      make_signed_certificate(key, request({"localhost", "*.example.org", "127.0.0.1", "::1"}), ca_pem, ca_key);
  ASSERT_TRUE(pem.has_value()) << pem.error().message;
  const auto certificate = parse(*pem);
  const auto ca = parse(ca_pem);
  ASSERT_TRUE(certificate && ca);
  EXPECT_EQ(verify(certificate, ca, kNow), X509_V_OK);
  EXPECT_EQ(verify(certificate, ca, kNow + 4000), X509_V_ERR_CERT_HAS_EXPIRED);
  EXPECT_EQ(verify(certificate, ca, kNow - 61), X509_V_ERR_CERT_NOT_YET_VALID);
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "a.example.org", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_check_host(certificate.get(), "sluice", 0, 0, nullptr), 0);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "::1", 0), 1);
  EXPECT_EQ(X509_check_ip_asc(certificate.get(), "127.0.0.2", 0), 0);
}

TEST(Certificate, OfAnotherAuthorityIsNot) {
  const auto ca_key = PrivateKey::generate_ec().value();
  const auto other_key = PrivateKey::generate_ec().value();
  const std::string ca_pem = make_ca_certificate(ca_key, request({})).value();
  const std::string other_pem = make_ca_certificate(other_key, request({})).value();
  const auto certificate =
      parse(make_signed_certificate(other_key, request({"localhost"}), other_pem, other_key).value());
  EXPECT_NE(verify(certificate, parse(ca_pem), kNow), X509_V_OK);
}

TEST(Certificate, MaySignItself) {
  const auto key = PrivateKey::generate_ec().value();
  const auto certificate = parse(make_self_signed_certificate(key, request({"localhost"})).value());
  EXPECT_EQ(X509_check_host(certificate.get(), "localhost", 0, 0, nullptr), 1);
  EXPECT_EQ(X509_verify(certificate.get(), X509_get0_pubkey(certificate.get())), 1);
}

TEST(Certificate, RefusesRequestsThatMakeNoSense) {
  const auto key = PrivateKey::generate_ec().value();
  const auto code = [&](const CertificateRequest& wrong) {
    return make_self_signed_certificate(key, wrong).error().code;
  };
  EXPECT_EQ(code(request({})), ErrorCode::kInvalidArgument);
  for (const auto* name : {"", "a b", "a,DNS:evil.org", "host\n", "127.0.0.1/8"}) {
    EXPECT_EQ(code(request({name})), ErrorCode::kInvalidArgument) << name;
  }
  auto backwards = request({"localhost"});
  std::swap(backwards.not_before, backwards.not_after);
  EXPECT_EQ(code(backwards), ErrorCode::kInvalidArgument);
  auto nameless = request({"localhost"});
  nameless.common_name.clear();
  EXPECT_EQ(code(nameless), ErrorCode::kInvalidArgument);
  EXPECT_EQ(make_signed_certificate(key, request({"localhost"}), "garbage", key).error().code,
            ErrorCode::kInvalidArgument);
}

}  // namespace
}  // namespace sluice::crypto
