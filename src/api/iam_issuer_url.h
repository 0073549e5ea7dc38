#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "aws/error.h"

namespace sluice::api {

/// The URL of a CreateOpenIDConnectProvider call as IAM keeps it: without scheme and without port 443, everything else
/// byte for byte (case, trailing slash, another port). As recorded on AWS: a query or fragment is InvalidInput
/// "Unknown". Another scheme than https, user info, an empty host, blanks, control and non-ASCII characters, and
/// characters that mean something in an ARN pattern (`*`, `?`) are ValidationError.
std::expected<std::string, aws::AwsError> provider_url(std::string_view url);

}  // namespace sluice::api
