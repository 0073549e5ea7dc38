#include "bench/steps/server.h"

#include <unistd.h>

#include <future>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "ingest/validate.h"
#include "wire/remote_write.h"

namespace sluice::bench {

Server::Server(Disk disk)
    : directory_(fmt::format("{}sluice-steps-{}", disk == Disk::kReal ? "./" : "/dev/shm/", getpid())) {
  (void)fs_->remove_tree(directory_);
  tsdb::WorkspaceDbOptions options;
  options.name = "steps";
  options.clock = &clock_;
  options.syncer = &syncer_;
  options.logger = logger_.get();
  db_ = tsdb::WorkspaceDb::open(*fs_, directory_, std::move(options)).value();
}

Server::~Server() {
  db_.reset();
  (void)fs_->remove_tree(directory_);
}

model::AppendBatch Server::admit(const Request& request) {
  const auto recognizer = db_->recognizer();
  reused_.clear();
  reused_ = wire::decode_remote_write(request.body, {}, recognizer.get(), std::move(reused_)).value();
  return ingest::admit(reused_, {}, kNowMs).batch;
}

void Server::append(model::AppendBatch batch) {
  std::promise<void> done;
  auto acknowledged = done.get_future();
  db_->append(std::move(batch), [&done](Result<model::AppendOutcome> result) {
    SLUICE_CHECK(result.has_value(), "a workspace of the benchmark takes every sample");
    done.set_value();
  });
  acknowledged.wait();
}

void Server::write_all(const std::vector<Request>& requests) {
  for (const Request& request : requests) write(request);
}

}  // namespace sluice::bench
