#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "bench/steps/load.h"
#include "journal/syncer_pool.h"
#include "model/write_batch.h"
#include "tsdb/workspace_db.h"

namespace sluice::bench {

/// A workspace in a directory of its own, and the way of a write up to it, without HTTP and authentication. The
/// directory goes with it. For one thread.
class Server {
 public:
  static constexpr TimestampMs kNowMs = 1'700'000'000'000 + 3'600'000;

  enum class Disk {
    kReal,    ///< below the working directory
    kMemory,  ///< in /dev/shm, where a sync costs nothing
  };
  explicit Server(Disk disk = Disk::kMemory);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::unique_ptr<model::SeriesRecognizer> recognizer() const { return db_->recognizer(); }
  /// Decodes and judges: what storage is asked to add.
  model::AppendBatch admit(const Request& request);
  void append(model::AppendBatch batch);  ///< and waits until it is acknowledged
  void write(const Request& request) { append(admit(request)); }
  void write_all(const std::vector<Request>& requests);

 private:
  std::string directory_;
  std::unique_ptr<FileSystem> fs_ = make_posix_file_system();
  FakeClock clock_{kNowMs};
  std::unique_ptr<Logger> logger_ = make_null_logger();
  journal::SyncerPool syncer_{1};
  std::shared_ptr<tsdb::WorkspaceDb> db_;
  model::WriteBatch reused_;
};

}  // namespace sluice::bench
