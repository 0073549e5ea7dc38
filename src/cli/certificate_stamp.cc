#include "cli/certificate_stamp.h"

#include <sys/stat.h>

namespace sluice::cli {

namespace {

constexpr int64_t kNsPerSecond = 1'000'000'000;

CertificateStamp::File stamp_of(const std::string& path) {
  struct stat status{};
  if (path.empty() || ::stat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino, status.st_size, status.st_mtim.tv_sec * kNsPerSecond + status.st_mtim.tv_nsec};
}

}  // namespace

CertificateStamp CertificateStamp::of(const std::string& cert_file, const std::string& key_file) {
  return {stamp_of(cert_file), stamp_of(key_file)};
}

}  // namespace sluice::cli
