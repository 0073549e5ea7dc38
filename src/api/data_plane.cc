#include "api/data_plane.h"

#include <string>
#include <utility>

#include "http/status.h"
#include "ingest/write_result.h"

namespace sluice::api {

namespace {

constexpr std::string_view kBase = "/workspaces/{workspace}/api/v1/";
// What a sender is asked to wait before it repeats a write the collector itself could not take.
constexpr const char* kRetryAfterSeconds = "2";

/// A body that cannot be taken: the caller's doing.
http::Response write_refusal(const Error& error) {
  return http::Response::text(error.code == ErrorCode::kUnsupported ? 415 : http::status_of(error.code),
                              error.message + "\n");
}

/// A workspace that cannot take it: the collector's doing, whatever the error's code, so that senders repeat the
/// write instead of dropping it. Only a request too large for one log record will never fit.
http::Response storage_failure(const Error& error) {
  if (error.code == ErrorCode::kTooLarge) return write_refusal(error);
  http::Response response = http::Response::text(503, error.message + "\n");
  response.headers.set("Retry-After", kRetryAfterSeconds);
  return response;
}

/// What became of the request's parts, as senders of remote write 2.0 ask to be told.
void add_written(http::Headers& headers, const model::AppendOutcome& outcome) {
  const uint64_t samples = outcome.samples_added + outcome.duplicates - outcome.histograms_added;
  headers.set("X-Prometheus-Remote-Write-Samples-Written", std::to_string(samples));
  headers.set("X-Prometheus-Remote-Write-Histograms-Written", std::to_string(outcome.histograms_added));
  headers.set("X-Prometheus-Remote-Write-Exemplars-Written", std::to_string(outcome.exemplars_added));
}

}  // namespace

std::string_view permission_of(DataOperation operation) {
  switch (operation) {
    case DataOperation::kRemoteWrite: return "RemoteWrite";
    case DataOperation::kQuery:
    case DataOperation::kQueryRange:
    case DataOperation::kQueryExemplars:  // AMP answers no such query, and names no action for it
    case DataOperation::kBuildInfo: return "QueryMetrics";
    case DataOperation::kSeries: return "GetSeries";
    case DataOperation::kLabels:
    case DataOperation::kLabelValues: return "GetLabels";
    case DataOperation::kMetadata: return "GetMetricMetadata";
  }
  return "QueryMetrics";
}

DataPlane::DataPlane(Storage storage, QueryHandler queries, Executors executors, const Clock& clock,
                     MetricRegistry& metrics)
    : storage_(storage), queries_(std::make_shared<const QueryHandler>(std::move(queries))), executors_(executors),
      clock_(clock), metrics_(metrics),
      write_seconds_(metrics.histogram("sluice_remote_write_seconds",
                                       "From the complete request to the durable answer of a remote write.",
                                       {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5})) {
  const auto add = [&](std::initializer_list<const char*> methods, std::string_view path, DataOperation operation) {
    for (const char* method : methods)
      routes_.add(method, std::string(kBase) + std::string(path), static_cast<int>(operation));
  };
  add({"POST"}, "remote_write", DataOperation::kRemoteWrite);
  add({"GET", "POST"}, "query", DataOperation::kQuery);
  add({"GET", "POST"}, "query_range", DataOperation::kQueryRange);
  add({"GET", "POST"}, "series", DataOperation::kSeries);
  add({"GET", "POST"}, "labels", DataOperation::kLabels);
  add({"GET"}, "label/{name}/values", DataOperation::kLabelValues);
  add({"GET", "POST"}, "query_exemplars", DataOperation::kQueryExemplars);
  add({"GET"}, "metadata", DataOperation::kMetadata);
  add({"GET"}, "status/buildinfo", DataOperation::kBuildInfo);
}

http::Task<http::Response> DataPlane::handle(DataOperation operation, const Call& call,
                                             const http::PathParameters& parameters, const iam::Decision& decision) {
  if (operation == DataOperation::kRemoteWrite) {
    co_return co_await remote_write(call, std::string(parameters.get("workspace")), series_filter(decision));
  }
  co_return co_await read(operation, call, parameters, series_filter(decision));
}

http::Task<http::Response> DataPlane::remote_write(const Call& call, std::string workspace_id,
                                                   model::SeriesFilter filter) {
  const auto began = clock_.steady();
  const http::Request& request = call.request;
  const auto message =
      wire::check_remote_write_headers({request.headers.get("Content-Type"), request.headers.get("Content-Encoding"),
                                        request.headers.get("X-Prometheus-Remote-Write-Version")});
  if (!message) co_return write_refusal(message.error());
  if (const auto room = storage_.reserve.admit(); !room) co_return storage_failure(room.error());
  const auto db = co_await open_workspace(workspace_id);
  if (!db) co_return storage_failure(db.error());
  tsdb::WorkspaceDb& storage = **db;
  auto admission = admit(*message, request.body, storage, std::move(filter));
  if (!admission) co_return write_refusal(admission.error());
  // What is left to do behind the disk is little, so it goes on where the append ended: a change of threads less.
  auto outcome = co_await callback_result<Result<model::AppendOutcome>>(
      after_append_, [&storage, &admission](std::move_only_function<void(Result<model::AppendOutcome>)> done) {
        storage.append(std::move(admission->batch), std::move(done));
      });
  if (!outcome) co_return storage_failure(outcome.error());

  count_refusals(admission->refusals);
  write_seconds_.observe(std::chrono::duration<double>(clock_.steady() - began).count());
  const ingest::WriteAnswer answer = ingest::answer_write(admission->refusals, *outcome);
  http::Response response;
  if (answer.status != 200) response = http::Response::text(answer.status, answer.message + "\n");
  if (*message == wire::RemoteWriteMessage::kV2) add_written(response.headers, *outcome);
  co_return response;
}

// The decoded request ends with this call: nothing of its size is held while the disk is waited for.
Result<ingest::Admission> DataPlane::admit(wire::RemoteWriteMessage message, std::string_view body,
                                           const tsdb::WorkspaceDb& storage, model::SeriesFilter filter) const {
  // A filter asks about every series of the request, so that none may be passed over as known.
  const auto recognizer = filter ? nullptr : storage.recognizer();
  const bool is_v2 = message == wire::RemoteWriteMessage::kV2;
  SLUICE_ASSIGN(auto batch, is_v2 ? wire::decode_remote_write_v2(body, {}, batches_.take())
                                  : wire::decode_remote_write(body, {}, recognizer.get(), batches_.take()));
  ingest::AdmissionRules rules;
  rules.filter = std::move(filter);
  rules.stores_histograms = true;
  rules.stores_exemplars = storage.keeps_exemplars();
  rules.stores_metadata = true;
  rules.stores_start_times = true;
  auto admission = ingest::admit(batch, rules, clock_.now_ms());
  if (batch.memory_bytes() <= limits::kRecycledBatchBytesMax) {
    batch.clear();
    batches_.give(std::move(batch));
  }
  return admission;
}

// Opening may replay a log: the store's keeper does that, and this handler's thread serves others meanwhile.
http::Task<DataPlane::WorkspaceResult> DataPlane::open_workspace(std::string id) {
  if (auto open = storage_.store.find_open(id)) co_return open;
  co_return co_await callback_result<WorkspaceResult>(executors_.handlers,
                                                      [this, &id](std::move_only_function<void(WorkspaceResult)> done) {
                                                        storage_.store.when_open(id, std::move(done));
                                                      });
}

void DataPlane::count_refusals(const ingest::RefusalSummary& refusals) {
  for (size_t kind = 0; kind < ingest::kRefusalKinds; ++kind) {
    if (refusals.counts[kind] == 0) continue;
    metrics_
        .counter("sluice_samples_refused_total", "Samples refused before they reached storage, by reason.",
                 {{"reason", std::string(to_string(static_cast<ingest::Refusal>(kind)))}})
        .add(refusals.counts[kind]);
  }
  for (size_t kind = 0; kind < ingest::kExemplarRefusalKinds; ++kind) {
    if (refusals.exemplars[kind] == 0) continue;
    metrics_
        .counter("sluice_exemplars_refused_total",
                 "Exemplars that did not come to be kept, by reason. No error for senders.",
                 {{"reason", std::string(to_string(static_cast<ingest::ExemplarRefusal>(kind)))}})
        .add(refusals.exemplars[kind]);
  }
}

http::Task<http::Response> DataPlane::read(DataOperation operation, const Call& call,
                                           const http::PathParameters& parameters, model::SeriesFilter filter) {
  if (operation == DataOperation::kBuildInfo) co_return queries()->build_info();
  auto db = co_await open_workspace(std::string(parameters.get("workspace")));
  if (!db) co_return query_error({ErrorCode::kUnavailable, db.error().message});
  co_await switch_to(executors_.queries);
  http::Response response = answer(operation, call, parameters, *db, filter);
  co_await switch_to(executors_.handlers);
  co_return response;
}

http::Response DataPlane::answer(DataOperation operation, const Call& call, const http::PathParameters& parameters,
                                 const std::shared_ptr<tsdb::WorkspaceDb>& db,
                                 const model::SeriesFilter& filter) const {
  const model::ScopedQueryable storage(db, filter);
  const auto handler = queries();
  const auto form = query_form(call.request);
  if (!form) return query_error(form.error());
  switch (operation) {
    case DataOperation::kQuery: return handler->query(call.request, *form, storage);
    case DataOperation::kQueryRange: return handler->query_range(call.request, *form, storage);
    case DataOperation::kSeries: return handler->series(*form, storage);
    case DataOperation::kLabels: return handler->labels(*form, storage);
    case DataOperation::kQueryExemplars:
      return handler->query_exemplars(call.request, *form, model::ScopedExemplars(db, filter));
    case DataOperation::kMetadata: return handler->metadata(*form, model::ScopedMetadata(db, db, filter));
    default: return handler->label_values(parameters.get("name"), *form, storage);
  }
}

}  // namespace sluice::api
