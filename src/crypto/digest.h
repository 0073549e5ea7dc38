#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace sluice::crypto {

/// FIPS 180-4 digests as raw bytes (hex_encode them for SigV4). Thread-safe. SHA-1 is for certificate
/// thumbprints alone, where AWS prescribes it.
std::string sha1(std::string_view bytes);    ///< 20 bytes
std::string sha256(std::string_view bytes);  ///< 32 bytes
std::string sha384(std::string_view bytes);  ///< 48 bytes
std::string sha512(std::string_view bytes);  ///< 64 bytes

/// SHA-256 over bytes that come in pieces. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(std::string_view bytes);
  /// The 32 bytes of everything given so far; the object starts over.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace sluice::crypto
