#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"

namespace sluice::aws {

/// What a caller is told when a call of STS, IAM or AMP fails: the common currency of every handler. Which
/// bytes it becomes depends on the protocol of the call (query_protocol.h, rest_json.h). Holds no secret.
struct AwsError {
  int status = 400;           ///< HTTP status
  std::string code;           ///< as the service's API model spells it: "NoSuchEntity", "ValidationException"
  std::string message;        ///< one text for the caller, AWS's words where AWS has some
  bool sender = true;         ///< <Type>Sender</Type>; false is Receiver (5xx)
  JsonObject extra_members;   ///< restJson only: reason, fieldList, resourceId, resourceType, ...

  static AwsError access_denied(std::string message) { return {403, "AccessDenied", std::move(message)}; }
  static AwsError validation(std::string message) { return {400, "ValidationError", std::move(message)}; }
  static AwsError internal() { return {500, "InternalFailure", "Internal failure", false}; }
};

/// Decoded name-value pairs of a Query-protocol call, in the order of the request. http::Form::parameters()
/// is of this type.
using Parameters = std::vector<std::pair<std::string, std::string>>;

/// An answer ready for the wire. x-amzn-requestid is added by whoever sends it.
struct WireAnswer {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  ///< Content-Type among them
  std::string body;
};

}  // namespace sluice::aws
