#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

/// What a workspace's directory may be called. docs/formats/data-directory.md has the list.
namespace sluice::tsdb {

/// True for `ws-` and a lower-case UUID: the only ids that become directory names.
bool is_workspace_id(std::string_view id);

/// A workspace that was deleted and is still kept: `<id>.deleted-<Unix ms>`.
struct DeletedWorkspace {
  std::string id;
  TimestampMs deleted_at_ms = 0;

  std::string directory_name() const;
  friend bool operator==(const DeletedWorkspace&, const DeletedWorkspace&) = default;
};
/// nullopt for every other name.
std::optional<DeletedWorkspace> parse_deleted_name(std::string_view name);

/// True for the path of a workspace's directory, one that was deleted and is still kept included.
bool is_workspace_path(std::string_view path);

/// Behind the id of a workspace whose files are being removed: nothing of it is worth keeping.
inline constexpr std::string_view kDoomedSuffix = ".deleted";

}  // namespace sluice::tsdb
