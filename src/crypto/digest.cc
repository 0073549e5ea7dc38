#include "crypto/digest.h"

#include "base/check.h"
#include "crypto/openssl.h"

namespace sluice::crypto {
namespace {

// EVP_sha256() and its kin are looked up in the provider at every use; fetching once saves half the time of
// a digest of a short string, of which SigV4 needs several a request.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const md = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  SLUICE_CHECK(md != nullptr, "OpenSSL has no SHA-256");
  return md;
}

std::string digest(const EVP_MD* md, std::string_view bytes) {
  std::string out(static_cast<size_t>(EVP_MD_get_size(md)), '\0');
  unsigned int size = 0;
  SLUICE_CHECK(
      EVP_Digest(bytes.data(), bytes.size(), internal::as_bytes(out), &size, md, nullptr) == 1 && size == out.size(),
      "OpenSSL cannot compute a digest");
  return out;
}

}  // namespace

std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), bytes); }
std::string sha256(std::string_view bytes) { return digest(fetched_sha256(), bytes); }
std::string sha384(std::string_view bytes) { return digest(EVP_sha384(), bytes); }
std::string sha512(std::string_view bytes) { return digest(EVP_sha512(), bytes); }

struct Sha256::State {
  internal::DigestContext context{EVP_MD_CTX_new()};

  void start() {
    SLUICE_CHECK(context && EVP_DigestInit_ex(context.get(), fetched_sha256(), nullptr) == 1,
                 "OpenSSL cannot compute a digest");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) { state_->start(); }
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) {
  SLUICE_CHECK(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1,
               "OpenSSL cannot compute a digest");
}

std::string Sha256::finish() {
  std::string out(32, '\0');
  SLUICE_CHECK(EVP_DigestFinal_ex(state_->context.get(), internal::as_bytes(out), nullptr) == 1,
               "OpenSSL cannot compute a digest");
  state_->start();
  return out;
}

}  // namespace sluice::crypto
