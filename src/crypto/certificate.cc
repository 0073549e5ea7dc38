#include "crypto/certificate.h"

#include <string_view>

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/encoding.h"
#include "crypto/openssl.h"
#include "crypto/random.h"

namespace sluice::crypto {
namespace {

using internal::as_bytes;
using internal::EvpKey;

using Extension = std::unique_ptr<X509_EXTENSION, internal::Deleter<X509_EXTENSION_free>>;
using OctetString = std::unique_ptr<ASN1_OCTET_STRING, internal::Deleter<ASN1_OCTET_STRING_free>>;

constexpr long kVersion3 = 2;  // X.509 counts from zero
constexpr size_t kCommonNameBytesMax = 64;

std::unexpected<Error> fail_openssl(std::string_view action) {
  return fail(ErrorCode::kInvalidArgument,
              fmt::format("certificate: cannot {}: {}", action, internal::take_openssl_error()));
}

/// OpenSSL's own form of the key, by way of its PEM: the only place besides PrivateKey that needs it.
Result<EvpKey> to_evp(const PrivateKey& key) {
  const Secret pem = key.pem();
  const internal::Bio memory(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
  EvpKey evp(PEM_read_bio_PrivateKey(memory.get(), nullptr, nullptr, nullptr));
  if (!evp) return fail_openssl("read the key");
  return evp;
}

bool is_ip_address(const std::string& name) {
  const OctetString address(a2i_IPADDRESS(name.c_str()));
  internal::clear_openssl_errors();
  return address != nullptr;
}

// OpenSSL parses the list "DNS:a,IP:b", so what could end a name is refused beforehand.
bool is_dns_name(std::string_view name) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._*";
  return !name.empty() && name.size() <= 253 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

Result<std::string> alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) {
    const bool is_address = is_ip_address(name);
    if (!is_address && !is_dns_name(name)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("\"{}\" is neither a host name nor an IP address", printable(name, 100)));
    }
    list += fmt::format("{}{}:{}", list.empty() ? "" : ",", is_address ? "IP" : "DNS", name);
  }
  return list;
}

Result<void> check(const CertificateRequest& request, bool is_ca) {
  if (request.common_name.empty() || request.common_name.size() > kCommonNameBytesMax) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("a certificate's common name has 1 to {} bytes, not {}",
                                                         kCommonNameBytesMax, request.common_name.size()));
  }
  if (!is_ca && request.names.empty())
    return fail(ErrorCode::kInvalidArgument, "a server's certificate without a name");
  if (request.not_before >= request.not_after) {
    return fail(ErrorCode::kInvalidArgument, "a certificate that ends before it begins");
  }
  return {};
}

Result<void> add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return fail_openssl(fmt::format("add {}", OBJ_nid2sn(nid)));
  }
  return {};
}

Result<void> add_extensions(X509* certificate, X509* issuer, const CertificateRequest& request, bool is_ca) {
  SLUICE_TRY(
      add_extension(certificate, issuer, NID_basic_constraints, is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE"));
  SLUICE_TRY(add_extension(certificate, issuer, NID_key_usage,
                           is_ca ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature,keyEncipherment"));
  SLUICE_TRY(add_extension(certificate, issuer, NID_subject_key_identifier, "hash"));
  // Strict verifiers (Python since 3.13) want it; of itself a certificate finds it in the line above.
  SLUICE_TRY(add_extension(certificate, issuer, NID_authority_key_identifier, "keyid"));
  if (!is_ca) SLUICE_TRY(add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth"));
  if (request.names.empty()) return {};
  SLUICE_ASSIGN(const std::string names, alternative_names(request.names));
  return add_extension(certificate, issuer, NID_subject_alt_name, names);
}

Result<void> fill(X509* certificate, const CertificateRequest& request, EVP_PKEY* subject_key) {
  std::string serial = random_bytes(16);
  serial[0] = static_cast<char>((serial[0] & 0x7f) | 0x40);  // positive, and never shorter (RFC 5280 4.1.2.2)
  const internal::BigNumber number(BN_bin2bn(as_bytes(serial), static_cast<int>(serial.size()), nullptr));
  X509_NAME* subject = X509_get_subject_name(certificate);
  const bool filled = number && X509_set_version(certificate, kVersion3) == 1 &&
                      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr &&
                      ASN1_TIME_set(X509_getm_notBefore(certificate), request.not_before) != nullptr &&
                      ASN1_TIME_set(X509_getm_notAfter(certificate), request.not_after) != nullptr &&
                      X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, as_bytes(request.common_name),
                                                 static_cast<int>(request.common_name.size()), -1, 0) == 1 &&
                      X509_set_pubkey(certificate, subject_key) == 1;
  if (!filled) return fail_openssl("fill it in");
  return {};
}

Result<std::string> to_pem(X509* certificate) {
  const internal::Bio memory(BIO_new(BIO_s_mem()));
  if (!memory || PEM_write_bio_X509(memory.get(), certificate) != 1) return fail_openssl("write it");
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return std::string(data, static_cast<size_t>(size));
}

/// `issuer` null: signed by itself.
Result<std::string> make(const PrivateKey& key, const CertificateRequest& request, bool is_ca, X509* issuer,
                         const PrivateKey& signer) {
  SLUICE_TRY(check(request, is_ca));
  SLUICE_ASSIGN(const EvpKey subject_key, to_evp(key));
  SLUICE_ASSIGN(const EvpKey signing_key, to_evp(signer));
  const internal::Certificate certificate(X509_new());
  if (!certificate) return fail_openssl("make it");
  SLUICE_TRY(fill(certificate.get(), request, subject_key.get()));
  X509* const authority = issuer != nullptr ? issuer : certificate.get();
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority)) != 1)
    return fail_openssl("name its issuer");
  SLUICE_TRY(add_extensions(certificate.get(), authority, request, is_ca));
  if (X509_sign(certificate.get(), signing_key.get(), EVP_sha256()) == 0) return fail_openssl("sign it");
  return to_pem(certificate.get());
}

}  // namespace

Result<std::string> make_ca_certificate(const PrivateKey& key, const CertificateRequest& request) {
  return make(key, request, true, nullptr, key);
}

Result<std::string> make_self_signed_certificate(const PrivateKey& key, const CertificateRequest& request) {
  return make(key, request, false, nullptr, key);
}

Result<std::string> make_signed_certificate(const PrivateKey& key, const CertificateRequest& request,
                                            const std::string& ca_pem, const PrivateKey& ca_key) {
  const internal::Bio memory(BIO_new_mem_buf(ca_pem.data(), static_cast<int>(ca_pem.size())));
  const internal::Certificate ca(memory ? PEM_read_bio_X509(memory.get(), nullptr, nullptr, nullptr) : nullptr);
  if (!ca) return fail_openssl("read the authority's certificate");
  return make(key, request, false, ca.get(), ca_key);
}

}  // namespace sluice::crypto
