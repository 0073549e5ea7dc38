#pragma once

#include <span>
#include <string_view>

#include "iam/entities.h"

namespace sluice::catalog {

/// Amazon's managed policies for AMP, offered in every account under Amazon's ARNs so that a role written for AMP
/// works unchanged: AmazonPrometheusRemoteWriteAccess, -QueryAccess, -FullAccess, -ConsoleFullAccess. Their
/// documents grant what Amazon's do among the aps: actions. account_id is "aws"; attachment_count is 0 here.
/// Lives as long as the program; thread-safe.
std::span<const iam::ManagedPolicy> builtin_policies();

/// The one of that ARN, or nullptr.
const iam::ManagedPolicy* find_builtin_policy(std::string_view arn);

}  // namespace sluice::catalog
