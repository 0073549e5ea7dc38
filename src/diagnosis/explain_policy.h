#pragma once

#include <string_view>

#include "diagnosis/finding.h"
#include "iam/decision.h"
#include "iam/principal.h"

namespace sluice::diagnosis {

/// Why a permission was refused: the Deny that matched, or the nearest Allow and the first of its elements
/// that did not match. `decision` must not be an Allow (SLUICE_CHECKed). Thread-safe.
Finding explain_denial(const iam::Decision& decision, const iam::Principal& caller, std::string_view action,
                       std::string_view resource);

/// Why a role's trust policy did not admit the web identity `caller`: the near misses people make there
/// (issuer prefix of a key, wildcard under StringEquals, subject under :aud, another provider's ARN), and
/// where the subject parts from the wanted one.
Finding explain_trust(const iam::Decision& decision, const iam::Principal& caller);

}  // namespace sluice::diagnosis
