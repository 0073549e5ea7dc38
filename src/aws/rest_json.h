#pragma once

#include <string>
#include <string_view>

#include "aws/error.h"

namespace sluice::aws {

/// AMP's control plane: the error's status, header `x-amzn-errortype: <code>`, and
/// `{"message":..., <extra members>}`. Throttling answers carry Retry-After when `extra_members` has
/// "retryAfterSeconds". Content type application/json.
WireAnswer rest_json_error(const AwsError& error);

/// AMP's data plane: `{"message":"..."}` on one line. Prometheus logs the first line of the body, so line feeds of
/// the message stay escaped. Header `x-amzn-errortype: <code>`, left out when the error has no code (a request refused
/// before anything of AWS's protocols was read from it).
WireAnswer data_plane_error(const AwsError& error);

/// 200-class answer with a JSON body.
WireAnswer rest_json_success(int status, std::string body);

/// 404 ResourceNotFoundException naming the resource, with resourceId and resourceType.
AwsError resource_not_found(std::string message, std::string_view resource_id, std::string_view resource_type);
/// 409 ConflictException, likewise.
AwsError conflict(std::string message, std::string_view resource_id, std::string_view resource_type);
/// 400 ValidationException. `reason` is UNKNOWN_OPERATION, CANNOT_PARSE, FIELD_VALIDATION_FAILED or OTHER; with
/// `field`, a fieldList of one entry whose message is the error's.
AwsError validation_exception(std::string message, std::string_view reason, std::string_view field = {});
/// 402 ServiceQuotaExceededException.
AwsError quota_exceeded(std::string message, std::string_view resource_id, std::string_view resource_type);

}  // namespace sluice::aws
