#pragma once

#include <string_view>

/// Names in a backup and in a data directory, for this module's own files. docs/formats/backup.md.
namespace sluice::backup {

inline constexpr std::string_view kCatalogName = "catalog.db";
inline constexpr std::string_view kWorkspacesName = "workspaces";
inline constexpr std::string_view kLogName = "wal";
inline constexpr std::string_view kSealedName = "sealed";
inline constexpr std::string_view kKeysName = "keys";
inline constexpr std::string_view kKeysFileName = "sealing.keys";
inline constexpr std::string_view kCredentialsName = "credentials";

}  // namespace sluice::backup
