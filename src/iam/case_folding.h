#pragma once

#include <string>
#include <string_view>

namespace sluice::iam {

/// `text` under Unicode's simple case folding (CaseFolding.txt, statuses C and S; Unicode 14): what
/// StringEqualsIgnoreCase compares on AWS. So K equals U+212A (Kelvin) and capital sharp s equals sharp s, but sharp s
/// is not "ss", and neither dotted capital I nor dotless i equals i. Bytes that are no UTF-8 stay as they are.
/// Thread-safe.
std::string fold_case(std::string_view text);

}  // namespace sluice::iam
