#pragma once

#include "aws/sigv4_refusal.h"
#include "diagnosis/finding.h"

namespace sluice::diagnosis {

/// Turns a refused signature into a finding. The detail says what the check is; it never holds the canonical
/// request's session token or any signature. Thread-safe.
Finding explain(const aws::SigV4Failure& failure);

}  // namespace sluice::diagnosis
