#pragma once

#include <expected>
#include <string_view>

#include "api/amp_operations.h"
#include "api/amp_service.h"
#include "aws/error.h"
#include "http/router.h"

namespace sluice::api {

/// Reads path, query and body of an offered operation into `call`, checking them against AMP's model.
/// ValidationException: CANNOT_PARSE for what is no form or no JSON object, FIELD_VALIDATION_FAILED with one fieldList
/// entry a field, OTHER for what is valid and not offered (kmsKeyArn). Unknown members are ignored, as AWS does.
std::expected<void, aws::AwsError> read_amp_input(AmpOperationId operation, const http::PathParameters& path,
                                                  std::string_view raw_query, std::string_view body, AmpCall& call);

}  // namespace sluice::api
