#pragma once

#include "api/call.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "diagnosis/decision_log.h"

namespace sluice::api {

/// Keeps why a request was refused, for `sluice explain`, and answers its caller as AWS would. Thread-safe.
class RefusalRecorder {
 public:
  RefusalRecorder(diagnosis::DecisionLog& log, const Clock& clock, Logger& logger, MetricRegistry& metrics)
      : log_(log), clock_(clock), logger_(logger), metrics_(metrics) {}

  /// Records the refusal under the request's id (our own faults are logged instead) and returns the caller's answer.
  http::Response refuse(const Call& call, const Refusal& refusal);

 private:
  diagnosis::DecisionLog& log_;
  const Clock& clock_;
  Logger& logger_;
  MetricRegistry& metrics_;
};

}  // namespace sluice::api
