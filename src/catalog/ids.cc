#include "catalog/ids.h"

#include <algorithm>

#include <fmt/format.h>

#include "crypto/random.h"

namespace sluice::catalog {

std::string make_account_id() { return crypto::random_text(1, "123456789") + crypto::random_text(11, "0123456789"); }

std::string make_entity_id(std::string_view prefix) {
  return std::string(prefix) + crypto::random_text(17, crypto::kUniqueIdAlphabet);
}

std::string make_workspace_id() { return "ws-" + crypto::random_uuid(); }

std::string workspace_arn(std::string_view region, std::string_view account_id, std::string_view workspace_id) {
  return fmt::format("arn:aws:aps:{}:{}:workspace/{}", region, account_id, workspace_id);
}

}  // namespace sluice::catalog
