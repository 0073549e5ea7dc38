#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "catalog/catalog.h"

namespace sluice::catalog {

/// Opens, or creates with mode 0600, the catalog in the file `path` (":memory:" for one that dies with the
/// object), and brings its schema up to this version. `clock` must outlive the catalog.
///
/// Durability: WAL mode with synchronous=FULL, so a call that returned survives a power cut. The process owns
/// the file alone while it is open (locking_mode=EXCLUSIVE): the read cache depends on it.
///
/// Refusals, each message with the way out: kConflict (another process has it open), kUnsupported (schema of a
/// newer version), kMalformed (not a database, or not a catalog), kDataLoss (quick_check found damage), kIo
/// (permissions, read-only, missing directory).
Result<std::unique_ptr<Catalog>> open_sqlite_catalog(const std::string& path, const Clock& clock);

}  // namespace sluice::catalog
