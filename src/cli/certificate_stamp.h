#pragma once

#include <cstdint>
#include <string>

namespace sluice::cli {

/// Tells whether a certificate's two files were replaced: device, inode, size and time of change of each, symbolic
/// links followed, since a mounted secret is renewed by turning a link. A file that is not there has zeros.
struct CertificateStamp {
  struct File {
    uint64_t device = 0;
    uint64_t inode = 0;
    int64_t bytes = 0;
    int64_t changed_ns = 0;
    friend bool operator==(const File&, const File&) = default;
  };
  File cert;
  File key;
  friend bool operator==(const CertificateStamp&, const CertificateStamp&) = default;

  static CertificateStamp of(const std::string& cert_file, const std::string& key_file);
};

}  // namespace sluice::cli
