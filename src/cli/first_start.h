#pragma once

#include <string>

#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "sts/sealing_keys.h"

namespace sluice::cli {

/// Makes sure there is an account to work in, and a key for its root: at the first start the account is created
/// (with `wanted_id`, or a random id) and its root key written, once, to `credentials_path` with mode 0600 in the
/// AWS shared-credentials format. Yields the default account's id.
///
/// A crash between the key's file and its catalog entry is finished at the next start: the file is written first, the
/// key taken from it. kConflict when `wanted_id` is not the account that the catalog has.
Result<std::string> ensure_account(FileSystem& fs, catalog::Catalog& catalog, const sts::SealingKeys& keys,
                                   const std::string& wanted_id, const std::string& credentials_path,
                                   const Clock& clock, Logger& logger);

}  // namespace sluice::cli
