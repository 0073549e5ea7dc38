#pragma once

#include <span>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/sqlite.h"

namespace sluice::catalog::sqlite {

/// One step of the schema. Numbers count from 1 without gaps; a step that was released is never edited.
struct Migration {
  int64_t number;
  std::string_view name;
  std::string_view sql;
};

/// Every step this version knows, in order.
std::span<const Migration> migrations();

/// Checks that the file is a sound catalog of this version or an older one, and applies the steps it lacks, each
/// with its row in `migrations` in one transaction. `known` is migrations() but in tests. Errors as
/// open_sqlite_catalog has them.
Result<void> migrate(Database& database, std::span<const Migration> known, UnixSeconds now);

}  // namespace sluice::catalog::sqlite
