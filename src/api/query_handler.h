#pragma once

#include <chrono>
#include <string_view>

#include "base/clock.h"
#include "http/form.h"
#include "http/request.h"
#include "model/exemplar_queryable.h"
#include "model/metadata_queryable.h"
#include "model/queryable.h"
#include "promql/engine.h"

namespace sluice::api {

/// The reading half of a workspace's data plane, as Prometheus' HTTP API has it. It sees storage only through
/// the caller's ScopedQueryable (and ScopedExemplars, ScopedMetadata), authentication and permission being settled
/// before. Answers are Prometheus' JSON, failures too. Immutable, thread-safe; calls compute, so they run on the
/// compute pool.
class QueryHandler {
 public:
  QueryHandler(promql::EngineOptions options, std::chrono::milliseconds timeout_max, const Clock& clock)
      : engine_(std::move(options)), timeout_max_(timeout_max), clock_(clock) {}

  http::Response query(const http::Request& request, const http::Form& form,
                       const model::ScopedQueryable& storage) const;
  http::Response query_range(const http::Request& request, const http::Form& form,
                             const model::ScopedQueryable& storage) const;
  http::Response series(const http::Form& form, const model::ScopedQueryable& storage) const;
  http::Response labels(const http::Form& form, const model::ScopedQueryable& storage) const;
  http::Response label_values(std::string_view name, const http::Form& form,
                              const model::ScopedQueryable& storage) const;
  http::Response query_exemplars(const http::Request& request, const http::Form& form,
                                 const model::ScopedExemplars& storage) const;
  http::Response metadata(const http::Form& form, const model::ScopedMetadata& storage) const;
  http::Response build_info() const;

 private:
  Result<promql::QueryContext> context(const http::Request& request, const http::Form& form) const;

  promql::Engine engine_;
  std::chrono::milliseconds timeout_max_;
  const Clock& clock_;
};

/// The parameters of a query request: those of the URL and, for a POSTed form, of the body. kMalformed names
/// the bad escape; kUnsupported a body of another content type.
Result<http::Form> query_form(const http::Request& request);

/// An Error of the engine or the storage as Prometheus' error answer (engine.h has the table).
http::Response query_error(const Error& error);

}  // namespace sluice::api
