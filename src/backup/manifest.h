#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace sluice::backup {

inline constexpr std::string_view kManifestName = "manifest.json";
inline constexpr int64_t kManifestFormat = 1;

struct ManifestFile {
  std::string path;  ///< relative to the backup, '/' between names: "workspaces/ws-.../wal/00000001"
  uint64_t bytes = 0;
  std::string sha256;  ///< 64 hex digits

  friend bool operator==(const ManifestFile&, const ManifestFile&) = default;
};

/// A workspace's log in the backup.
struct ManifestLog {
  std::string workspace;  ///< the directory's name: an id, or that of a deleted workspace that was still kept
  uint64_t last = 0;      ///< number of the last record; 0 when there is none

  friend bool operator==(const ManifestLog&, const ManifestLog&) = default;
};

/// What a backup holds. Written last: a directory without one is no backup. docs/formats/backup.md.
struct Manifest {
  std::string version;  ///< of the program that made it
  TimestampMs created_at_ms = 0;
  std::vector<ManifestLog> logs;    ///< by workspace
  std::vector<ManifestFile> files;  ///< by path

  friend bool operator==(const Manifest&, const Manifest&) = default;
};

std::string to_json(const Manifest& manifest);
/// kMalformed for anything else than to_json() writes, paths that lead out of the backup among it; kUnsupported for a
/// newer format; kTooLarge.
Result<Manifest> parse_manifest(std::string_view json);

}  // namespace sluice::backup
