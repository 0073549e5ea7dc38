#pragma once

#include <string>

#include "iam/principal.h"

namespace sluice::sts {

/// GetCallerIdentity's Result content: Arn, UserId, Account. No policy can deny it.
std::string get_caller_identity_result(const iam::Principal& caller);

}  // namespace sluice::sts
