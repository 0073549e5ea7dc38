#include "api/refusal_recorder.h"

#include "base/encoding.h"

namespace sluice::api {

http::Response RefusalRecorder::refuse(const Call& call, const Refusal& refusal) {
  if (!refusal.finding) {
    logger_.error(
        "a request failed through the collector's own fault",
        {{"request_id", call.request.request_id}, {"operation", call.operation}, {"reason", refusal.own_fault}});
    return error_response(call, refusal.error);
  }
  diagnosis::DecisionRecord record;
  record.request_id = call.request.request_id;
  record.time_ms = clock_.now_ms();
  record.operation = call.operation;
  record.action = call.action;
  if (call.principal.kind != iam::PrincipalKind::kAnonymous) record.principal = call.principal.arn;
  record.access_key_id = call.access_key_id;
  record.issuer = call.issuer;
  record.subject = call.subject;
  record.resource = call.resource;
  record.source_ip = call.request.remote_address;
  record.status = refusal.error.status;
  record.code = refusal.error.code;
  // What follows the first line is the canonical request, with the values of every signed header.
  record.message = refusal.error.message.substr(0, refusal.error.message.find('\n'));
  record.first_failure = *refusal.finding;

  // The rule is one of a fixed table, so the label is bounded.
  metrics_
      .counter("sluice_refusals_total", "Requests refused for their token, signature or permission, by rule.",
               {{"rule", std::string(diagnosis::rule(refusal.finding->rule).name)}})
      .add();
  const auto added = log_.add(record);
  if (added.log_lines_dropped > 0) {
    logger_.warn("decision records not logged, the rate was too high", {{"count", added.log_lines_dropped}});
  }
  if (added.write_log_line) logger_.write_json(diagnosis::to_json(record));
  return error_response(call, refusal.error);
}

}  // namespace sluice::api
