#pragma once

#include <optional>
#include <string>

#include "aws/sigv4_sign.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/result.h"
#include "catalog/catalog.h"
#include "sts/sealing_keys.h"

namespace sluice::cli {

/// What the configuration says about the default account.
struct AccountWish {
  std::string account_id;                    ///< "" takes the one there is, or a random one
  std::optional<aws::Credentials> root_key;  ///< the pair the operator brings; without it one is generated
};

/// What ensure_account() works with; all of it outlives the call.
struct AccountParts {
  FileSystem& fs;
  catalog::Catalog& catalog;
  const sts::SealingKeys& keys;
  const Clock& clock;
  Logger& logger;
};

/// Makes sure there is an account to work in, and a key for its root. Yields the default account's id.
///
/// Without a pair of the operator's: at the first start a key is made and written, once, to `credentials_path` with
/// mode 0600 in the AWS shared-credentials format. A crash between the file and its catalog entry is finished at the
/// next start: the file is written first, the key taken from it.
///
/// With one, that pair is the root's only key from now on: it is taken into the catalog, every other key of the root is
/// deleted with an audit record and a warning, and a credentials file that holds another key is removed, since that key
/// opens nothing any more. A later start without the pair keeps the last one.
///
/// kConflict when `wish.account_id` is not the account that the catalog has; kDataLoss when the sealing keys were lost.
Result<std::string> ensure_account(const AccountParts& parts, const AccountWish& wish,
                                   const std::string& credentials_path);

}  // namespace sluice::cli
