#pragma once

#include <string>

#include "cli/first_start.h"

namespace sluice::cli {

/// Seals `key` and puts it into the catalog as a key of the account's root. kAlreadyExists for an id that is there.
Result<void> register_root_key(const AccountParts& parts, const std::string& account_id, const aws::Credentials& key);

/// Makes `key` the root's only key (first_start.h). Nothing changes when it is that already. Interrupted half-way, the
/// next start finishes it; the new key is there before an old one goes, unless both have one id.
Result<void> use_brought_root_key(const AccountParts& parts, const std::string& account_id, const aws::Credentials& key,
                                  const std::string& credentials_path);

}  // namespace sluice::cli
