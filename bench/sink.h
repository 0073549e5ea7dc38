#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/signing_key_cache.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "bench/body_files.h"
#include "bench/remote_writer.h"
#include "bench/request_scanner.h"
#include "bench/series_table.h"
#include "http/request.h"

namespace sluice::bench {

/// The floor: what a receiver cannot do without. A POST to any path is authenticated, decompressed and scanned, its
/// labels are hashed and looked up, and its body is written and fdatasync'd before the 200; nothing is stored that
/// could be read again. `GET /-/ready` is answered 200, `GET /-/series` with the number of series seen.
///
/// Refuses with 403 (signature), 400 (snappy, protobuf) or 503 (disk). Thread-safe. Handlers block on the disk, so its
/// runtime wants as many compute threads as there are connections.
class Sink final : public http::Handler {
 public:
  /// `signing` none takes unsigned requests. `fs` and `clock` outlive it; `directory` exists.
  Sink(FileSystem& fs, const Clock& clock, std::string directory, std::optional<Signing> signing);

  Task<http::Response> handle(const http::Request& request) override;
  size_t body_bytes_max(std::string_view method, std::string_view target, const http::Headers& headers) const override;
  http::Response refuse(const http::Request& request, int status, std::string_view reason) override;

 private:
  http::Response write(const http::Request& request);
  Result<void> authenticate(const http::Request& request);
  void look_up(const std::vector<ScannedEntry>& entries);
  size_t series() const;

  const Clock& clock_;
  const std::optional<Signing> signing_;
  aws::SigningKeyCache signing_keys_;
  BodyFiles files_;
  mutable Mutex mutex_;
  SeriesTable table_ SLUICE_GUARDED_BY(mutex_);
};

}  // namespace sluice::bench
