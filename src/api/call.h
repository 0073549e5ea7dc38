#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aws/request_view.h"
#include "aws/sigv4_refusal.h"
#include "diagnosis/finding.h"
#include "http/request.h"
#include "iam/principal.h"
#include "iam/request_context.h"

namespace sluice::api {

/// One request on its way through api: what it is, who it is from, and how its caller is to be answered.
/// Lives in the handler's coroutine frame; the request outlives it.
struct Call {
  const http::Request& request;
  aws::ErrorDialect dialect = aws::ErrorDialect::kQuery;
  std::string_view xml_namespace;  ///< of a Query-protocol answer
  std::string service;             ///< the SigV4 service name wanted: "sts", "iam", "aps"
  std::string operation;           ///< "CreateRole", "RemoteWrite": for records and metrics
  std::string action;              ///< "iam:CreateRole", once known
  std::string resource;            ///< ARN, once known
  std::string access_key_id;       ///< claimed by the signature, for records
  std::string issuer;              ///< claimed by a web identity, or sealed into the session; for records
  std::string subject;
  iam::Principal principal;        ///< kAnonymous until proven
};

/// What a refused caller is told, and what the operator is told. Without a finding the collector itself is the cause
/// (a catalog that cannot be read): that is logged as an error and leaves no decision record.
struct Refusal {
  aws::AwsError error;
  std::optional<diagnosis::Finding> finding;
  std::string own_fault;  ///< why, without a finding
};

/// The request as SigV4 sees it; views into `request`.
aws::RequestView view_of(const http::Request& request);
/// What the request knows beside its caller, for policy conditions.
iam::RequestFacts facts_of(const http::Request& request, UnixSeconds now, std::string_view region);
/// An answer for the wire, with this request's id.
http::Response to_response(const aws::WireAnswer& answer, const http::Request& request);
/// The error in the call's own protocol.
http::Response error_response(const Call& call, const aws::AwsError& error);

}  // namespace sluice::api
