#include "catalog/sqlite.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/check.h"

namespace sluice::catalog::sqlite {
namespace {

constexpr std::string_view kMemory = ":memory:";
constexpr int kBusyTimeoutMs = 2'000;

/// SQLite makes its file with the umask's mode; the catalog holds sealed secrets, so the file is made first. The
/// write-ahead log takes its mode from the file.
Result<void> create_private_file(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    const std::string reason = std::strerror(errno);
    return fail(ErrorCode::kIo, fmt::format("{}: cannot open the catalog for writing: {}; the directory must exist and "
                                            "belong to the user that runs the server",
                                            path, reason));
  }
  ::close(fd);
  return {};
}

ErrorCode code_of(int sqlite_code) {
  switch (sqlite_code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ErrorCode::kUnavailable;
    case SQLITE_FULL: return ErrorCode::kNoSpace;
    case SQLITE_CORRUPT: return ErrorCode::kDataLoss;
    case SQLITE_NOTADB: return ErrorCode::kMalformed;
    case SQLITE_NOMEM: return ErrorCode::kResourceExhausted;
    case SQLITE_TOOBIG: return ErrorCode::kTooLarge;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISUSE:
    case SQLITE_ERROR: return ErrorCode::kInternal;
    default: return ErrorCode::kIo;
  }
}

}  // namespace

int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }

std::string Row::text(int column) const {
  // The pointer first: asking for the bytes may convert the value, which column_bytes must then measure.
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  if (path != kMemory) SLUICE_TRY(create_private_file(path));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  // Owned from here on, also after a failed open (SQLite wants the handle closed even then).
  std::unique_ptr<Database> database(new Database(handle, path));
  if (code != SQLITE_OK) return database->failure(code, "open");
  SLUICE_TRY(database->configure());
  return database;
}

Database::~Database() { sqlite3_close_v2(handle_); }

Result<void> Database::configure() {
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, kBusyTimeoutMs);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  if (sqlite3_db_readonly(handle_, "main") == 1)
    return fail(ErrorCode::kIo, fmt::format("{}: the catalog is read-only; give the server's user write permission on "
                                            "the file and its directory",
                                            path_));
  SLUICE_TRY(script("PRAGMA locking_mode=EXCLUSIVE; PRAGMA foreign_keys=ON; PRAGMA cell_size_check=ON;"));
  if (path_ == kMemory) return {};
  // Entering WAL mode takes the exclusive lock, so another process shows here.
  auto wal = run("PRAGMA journal_mode=WAL");
  if (!wal && wal.error().code == ErrorCode::kUnavailable)
    return fail(ErrorCode::kConflict,
                fmt::format("{}: another process has the catalog open; stop it first, or give this "
                            "one another --storage.path",
                            path_));
  SLUICE_TRY(std::move(wal));
  return run("PRAGMA synchronous=FULL");
}

std::unexpected<Error> Database::failure(int code, std::string_view doing) const {
  const ErrorCode kind = code_of(code);
  if (kind == ErrorCode::kMalformed)
    return fail(kind,
                fmt::format("{}: not a catalog (no SQLite database); move the file away, then restore a backup or "
                            "start anew",
                            path_));
  const char* message = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
  if (kind == ErrorCode::kDataLoss) return damaged(message);
  return fail(kind, fmt::format("{}: {}: {} (SQLite {})", path_, doing, message, code));
}

std::unexpected<Error> Database::damaged(std::string_view what) const {
  return fail(ErrorCode::kDataLoss,
              fmt::format("{}: the catalog is damaged: {}; restore a backup, or save what can be read "
                          "with `sqlite3 {} .recover`",
                          path_, what, path_));
}

Result<sqlite3_stmt*> Database::prepare(std::string_view sql, Values values) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v2(handle_, sql.data(), static_cast<int>(sql.size()), &statement, nullptr);
  if (code != SQLITE_OK) return failure(code, sql.substr(0, 60));
  SLUICE_CHECK(static_cast<size_t>(sqlite3_bind_parameter_count(statement)) == values.size(), "SQL parameters");
  int at = 0;
  for (const Value& value : values) {
    ++at;
    // SQLITE_STATIC: the views outlive the statement, which never leaves the caller's full expression.
    if (const auto* integer = std::get_if<int64_t>(&value.data())) {
      sqlite3_bind_int64(statement, at, *integer);
    } else if (const auto* text = std::get_if<std::string_view>(&value.data())) {
      // A view without storage would bind NULL.
      sqlite3_bind_text64(statement, at, text->data() == nullptr ? "" : text->data(), text->size(), SQLITE_STATIC,
                          SQLITE_UTF8);
    } else {
      const std::string_view bytes = std::get<Blob>(value.data()).bytes;
      sqlite3_bind_blob64(statement, at, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(), SQLITE_STATIC);
    }
  }
  return statement;
}

Result<void> Database::each(std::string_view sql, Values values, const std::function<Result<void>(const Row&)>& row) {
  SLUICE_ASSIGN(sqlite3_stmt * statement, prepare(sql, values));
  const std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
  for (;;) {
    const int code = sqlite3_step(statement);
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) return failure(code, sql.substr(0, 60));
    SLUICE_TRY(row(Row(statement)));
  }
}

Result<void> Database::run(std::string_view sql, Values values) {
  return each(sql, values, [](const Row&) -> Result<void> { return {}; });
}

Result<void> Database::script(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, std::string_view(sql).substr(0, 60));
  return {};
}

Result<int64_t> Database::integer(std::string_view sql, Values values) {
  bool seen = false;
  int64_t value = 0;
  SLUICE_TRY(each(sql, values, [&](const Row& row) -> Result<void> {
    if (!seen) value = row.integer(0);
    seen = true;
    return {};
  }));
  return value;
}

int64_t Database::changes() const { return sqlite3_changes64(handle_); }

Result<Transaction> Transaction::begin(Database& database) {
  if (database.sync_failed_)
    return fail(ErrorCode::kIo, fmt::format("{}: an earlier sync to disk failed, so nothing more is written; check the "
                                            "disk, then restart the server",
                                            database.path_));
  SLUICE_TRY(database.run("BEGIN IMMEDIATE"));
  return Transaction(database);
}

Transaction::~Transaction() {
  // A failure here leaves nothing to undo: SQLite rolls back by itself when it cannot go on.
  if (database_ != nullptr && sqlite3_get_autocommit(database_->handle_) == 0)
    sqlite3_exec(database_->handle_, "ROLLBACK", nullptr, nullptr, nullptr);
}

Result<void> Transaction::commit() {
  auto done = database_->run("COMMIT");
  if (!done) {
    const int code = sqlite3_extended_errcode(database_->handle_);
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) database_->sync_failed_ = true;
  }
  return done;
}

Result<OnlineCopy> OnlineCopy::begin(Database& source, const std::string& path) {
  if (::access(path.c_str(), F_OK) == 0) {
    return fail(ErrorCode::kAlreadyExists, fmt::format("{}: there is such a file already", path));
  }
  SLUICE_TRY(create_private_file(path));
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  std::unique_ptr<Database> target(new Database(handle, path));
  if (code != SQLITE_OK) return target->failure(code, "open");
  sqlite3_backup* backup = sqlite3_backup_init(handle, "main", source.handle_, "main");
  if (backup == nullptr) return target->failure(sqlite3_errcode(handle), "begin a copy");
  return OnlineCopy(std::move(target), backup);
}

OnlineCopy::~OnlineCopy() { sqlite3_backup_finish(backup_); }

Result<bool> OnlineCopy::step(int pages) {
  const int code = sqlite3_backup_step(backup_, pages);
  if (code == SQLITE_DONE) return finish();
  if (code == SQLITE_OK || code == SQLITE_BUSY || code == SQLITE_LOCKED) return false;
  return target_->failure(code, "copy");
}

Result<bool> OnlineCopy::finish() {
  const int code = sqlite3_backup_finish(std::exchange(backup_, nullptr));
  if (code != SQLITE_OK) return target_->failure(code, "end a copy");
  // The source's header says WAL, and a copy should be one file.
  SLUICE_TRY(target_->run("PRAGMA journal_mode=DELETE"));
  return true;
}

}  // namespace sluice::catalog::sqlite
