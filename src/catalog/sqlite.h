#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/result.h"

struct sqlite3;
struct sqlite3_backup;
struct sqlite3_stmt;

/// A small RAII face of SQLite, for catalog's own files only. Nothing here is thread-safe: one owner, who locks.
namespace sluice::catalog::sqlite {

struct Blob {
  std::string_view bytes;
};

/// A parameter of a statement. Views must live until the call returns.
class Value {
 public:
  Value(int64_t value) : data_(value) {}
  Value(std::string_view value) : data_(value) {}
  Value(const std::string& value) : data_(std::string_view(value)) {}
  Value(const char* value) : data_(std::string_view(value)) {}
  Value(Blob value) : data_(value) {}

  const std::variant<int64_t, std::string_view, Blob>& data() const { return data_; }

 private:
  std::variant<int64_t, std::string_view, Blob> data_;
};
using Values = std::initializer_list<Value>;

/// The row a query stands on; valid inside the callback that receives it. Columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  int64_t integer(int column) const;
  std::string text(int column) const;  ///< also a blob's bytes

 private:
  sqlite3_stmt* statement_;
};

class Database {
 public:
  /// Opens or creates (mode 0600) the file, exclusively for this process, in WAL mode with foreign keys on.
  /// Errors as open_sqlite_catalog has them.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one statement to its end, ignoring rows.
  Result<void> run(std::string_view sql, Values values = {});
  /// Runs several statements, separated by ';', without parameters.
  Result<void> script(const std::string& sql);
  /// Calls `row` for each row; its error ends the query and is returned.
  Result<void> each(std::string_view sql, Values values, const std::function<Result<void>(const Row&)>& row);
  /// Column 0 of the first row as an integer; 0 when there is no row.
  Result<int64_t> integer(std::string_view sql, Values values = {});
  /// Rows the last run() changed.
  int64_t changes() const;
  const std::string& path() const { return path_; }
  /// kDataLoss, with the file and the way out.
  std::unexpected<Error> damaged(std::string_view what) const;

 private:
  friend class OnlineCopy;
  friend class Transaction;
  Database(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
  Result<void> configure();
  Result<sqlite3_stmt*> prepare(std::string_view sql, Values values);
  std::unexpected<Error> failure(int code, std::string_view doing) const;

  sqlite3* handle_;
  std::string path_;
  /// A commit whose sync failed may or may not be on the disk, and the kernel may have dropped the pages: from then
  /// on nothing is written until the file is opened anew.
  bool sync_failed_ = false;
};

/// BEGIN IMMEDIATE; destroyed without commit() it rolls back.
class Transaction {
 public:
  static Result<Transaction> begin(Database& database);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  /// After success the changes survive a power cut.
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

/// A copy of a whole database into a file of its own, a few pages at a time, while the source is written to by its own
/// connection: at the end it holds what the source held at the last step (sqlite.org/backup.html). Destroyed before the
/// end it leaves a file worth nothing.
class OnlineCopy {
 public:
  /// `path` must not exist; it is made with mode 0600. The source outlives the copy.
  static Result<OnlineCopy> begin(Database& source, const std::string& path);
  OnlineCopy(OnlineCopy&& other) noexcept
      : target_(std::move(other.target_)), backup_(std::exchange(other.backup_, nullptr)) {}
  OnlineCopy& operator=(OnlineCopy&&) = delete;
  ~OnlineCopy();
  /// Copies up to so many pages; true once all are, and the copy is whole, durable and one file.
  Result<bool> step(int pages);

 private:
  OnlineCopy(std::unique_ptr<Database> target, sqlite3_backup* backup) : target_(std::move(target)), backup_(backup) {}
  Result<bool> finish();
  std::unique_ptr<Database> target_;
  sqlite3_backup* backup_;
};

}  // namespace sluice::catalog::sqlite
