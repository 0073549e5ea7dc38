#pragma once

#include <chrono>
#include <memory>

#include "api/authorizer.h"
#include "api/call.h"
#include "api/query_handler.h"
#include "base/clock.h"
#include "base/executor.h"
#include "base/limits.h"
#include "base/metrics.h"
#include "base/recycler.h"
#include "base/task.h"
#include "base/thread_safety.h"
#include "catalog/catalog.h"
#include "http/router.h"
#include "ingest/validate.h"
#include "tsdb/disk_reserve.h"
#include "tsdb/store.h"
#include "wire/remote_write.h"

namespace sluice::api {

/// The operations under /workspaces/{id}/api/v1/, with the permission each needs.
enum class DataOperation : uint8_t {
  kRemoteWrite,
  kQuery,
  kQueryRange,
  kSeries,
  kLabels,
  kLabelValues,
  kQueryExemplars,
  kMetadata,
  kBuildInfo,
};
/// "RemoteWrite", "QueryMetrics", ...: the action is "aps:" + this.
std::string_view permission_of(DataOperation operation);

/// A workspace's data plane behind authentication and authorisation: writes go through validation into the log,
/// reads through the caller's ScopedQueryable into PromQL. Thread-safe; handlers run on the compute pool.
class DataPlane {
 public:
  struct Executors {
    Executor& handlers;  ///< where handlers run, and resume
    Executor& queries;   ///< queries only: however long they compute, writes and logins go on
  };
  /// All outlive it.
  struct Storage {
    tsdb::Store& store;
    tsdb::DiskReserve& reserve;  ///< asked before each write
  };
  DataPlane(Storage storage, QueryHandler queries, Executors executors, const Clock& clock, MetricRegistry& metrics);

  /// Finds the operation of a path; Match::route is a DataOperation.
  http::RouteTable::Match match(std::string_view method, std::string_view raw_path) const {
    return routes_.match(method, raw_path);
  }

  /// Carries out an authorised call. `decision` is its permission, whose residual limits what is written and read.
  http::Task<http::Response> handle(DataOperation operation, const Call& call, const http::PathParameters& parameters,
                                    const iam::Decision& decision);

  /// Puts other limits on queries that begin from now on.
  void set_queries(QueryHandler queries) {
    auto replacement = std::make_shared<const QueryHandler>(std::move(queries));
    MutexLock lock(mutex_);
    queries_.swap(replacement);
  }

 private:
  using WorkspaceResult = Result<std::shared_ptr<tsdb::WorkspaceDb>>;
  http::Task<http::Response> remote_write(const Call& call, std::string workspace_id, model::SeriesFilter filter);
  http::Task<http::Response> read(DataOperation operation, const Call& call, const http::PathParameters& parameters,
                                  model::SeriesFilter filter);
  http::Response answer(DataOperation operation, const Call& call, const http::PathParameters& parameters,
                        const std::shared_ptr<tsdb::WorkspaceDb>& db, const model::SeriesFilter& filter) const;
  Result<ingest::Admission> admit(wire::RemoteWriteMessage message, std::string_view body,
                                  const tsdb::WorkspaceDb& storage, model::SeriesFilter filter) const;
  http::Task<WorkspaceResult> open_workspace(std::string id);
  std::shared_ptr<const QueryHandler> queries() const {
    MutexLock lock(mutex_);
    return queries_;
  }
  void count_refusals(const ingest::RefusalSummary& refusals);

  Storage storage_;
  mutable Mutex mutex_;
  std::shared_ptr<const QueryHandler> queries_ SLUICE_GUARDED_BY(mutex_);
  Executors executors_;
  InlineExecutor after_append_;
  mutable Recycler<model::WriteBatch> batches_{limits::kRecycledBatches};
  const Clock& clock_;
  MetricRegistry& metrics_;
  HistogramMetric& write_seconds_;
  http::RouteTable routes_;
};

}  // namespace sluice::api
