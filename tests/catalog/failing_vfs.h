#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstring>
#include <memory>

namespace sluice::catalog::sqlite {

/// SQLite's default file system as a new default whose syncs fail while `failing` is set. For the life of the object;
/// one at a time, and no database may outlive it.
class FailingSyncs {
 public:
  FailingSyncs() : original_(sqlite3_vfs_find(nullptr)) {
    vfs_ = *original_;
    vfs_.zName = "failing-syncs";
    vfs_.szOsFile = static_cast<int>(sizeof(File)) + original_->szOsFile;
    vfs_.pAppData = this;
    vfs_.xOpen = open;
    sqlite3_vfs_register(&vfs_, 1);
  }
  ~FailingSyncs() {
    sqlite3_vfs_unregister(&vfs_);
    sqlite3_vfs_register(original_, 1);
  }
  FailingSyncs(const FailingSyncs&) = delete;
  FailingSyncs& operator=(const FailingSyncs&) = delete;

  std::atomic<bool> failing{false};

 private:
  /// What SQLite allocates for an open file: our methods, then the original's own file.
  struct File {
    sqlite3_file base;
    FailingSyncs* owner;
    sqlite3_io_methods methods;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
  };
  static File* of(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
  static sqlite3_file* real(sqlite3_file* file) { return of(file)->real(); }
  static const sqlite3_io_methods* methods(sqlite3_file* file) { return real(file)->pMethods; }

  static int open(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    auto* self = static_cast<FailingSyncs*>(vfs->pAppData);
    std::memset(file, 0, sizeof(File));
    const int code = self->original_->xOpen(self->original_, name, real(file), flags, out_flags);
    if (real(file)->pMethods == nullptr) return code;
    sqlite3_io_methods& m = of(file)->methods;
    m.iVersion = 1;
    m.xClose = [](sqlite3_file* f) { return methods(f)->xClose(real(f)); };
    m.xRead = [](sqlite3_file* f, void* to, int n, sqlite3_int64 at) { return methods(f)->xRead(real(f), to, n, at); };
    m.xWrite = [](sqlite3_file* f, const void* from, int n, sqlite3_int64 at) {
      return methods(f)->xWrite(real(f), from, n, at);
    };
    m.xTruncate = [](sqlite3_file* f, sqlite3_int64 size) { return methods(f)->xTruncate(real(f), size); };
    m.xSync = [](sqlite3_file* f, int how) {
      return of(f)->owner->failing ? SQLITE_IOERR_FSYNC : methods(f)->xSync(real(f), how);
    };
    m.xFileSize = [](sqlite3_file* f, sqlite3_int64* size) { return methods(f)->xFileSize(real(f), size); };
    m.xLock = [](sqlite3_file* f, int level) { return methods(f)->xLock(real(f), level); };
    m.xUnlock = [](sqlite3_file* f, int level) { return methods(f)->xUnlock(real(f), level); };
    m.xCheckReservedLock = [](sqlite3_file* f, int* out) { return methods(f)->xCheckReservedLock(real(f), out); };
    m.xFileControl = [](sqlite3_file* f, int op, void* arg) { return methods(f)->xFileControl(real(f), op, arg); };
    m.xSectorSize = [](sqlite3_file* f) { return methods(f)->xSectorSize(real(f)); };
    m.xDeviceCharacteristics = [](sqlite3_file* f) { return methods(f)->xDeviceCharacteristics(real(f)); };
    of(file)->owner = self;
    file->pMethods = &m;
    return code;
  }

  sqlite3_vfs* original_;
  sqlite3_vfs vfs_{};
};

}  // namespace sluice::catalog::sqlite
