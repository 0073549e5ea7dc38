#pragma once

#include <string>
#include <string_view>

namespace sluice::catalog {

/// Identifiers in AWS's shapes from the system's random source. None is ever made twice, short of a collision
/// in 80 bits.
std::string make_account_id();                   ///< 12 digits, the first not 0
std::string make_entity_id(std::string_view prefix);  ///< prefix ("AROA", "ANPA", "AOIP") + 17 of A-Z2-7
std::string make_workspace_id();                 ///< "ws-" + UUID version 4

/// arn:aws:aps:<region>:<account>:workspace/<id>
std::string workspace_arn(std::string_view region, std::string_view account_id, std::string_view workspace_id);

}  // namespace sluice::catalog
