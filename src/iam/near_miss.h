#pragma once

#include <vector>

#include "iam/decision.h"
#include "iam/evaluator.h"
#include "iam/statement_match.h"

/// Explains implicit denials. Internal to iam; evaluate() calls it.
namespace sluice::iam {

/// The Allow statements of `policies` that do not speak of the request, nearest first, kNearMissesMax at most.
std::vector<NearMiss> find_near_misses(const std::vector<AttachedPolicy>& policies, const Question& question);

}  // namespace sluice::iam
