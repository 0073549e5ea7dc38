#include "api/workspace_data.h"

#include <utility>

#include <fmt/format.h>

#include "base/ulid.h"

namespace sluice::api {
namespace {

/// Who acts through the admin listener, which asks nobody who they are.
constexpr std::string_view kOperator = "operator";
constexpr std::string_view kDeleteSeriesAction = "sluice:DeleteSeries";
constexpr std::string_view kSnapshotAction = "sluice:SnapshotWorkspace";
constexpr std::string_view kImportAction = "sluice:ImportBlocks";
constexpr std::string_view kUnfinishedSuffix = ".tmp";

std::string outcome_of(const auto& result) { return result ? "Success" : std::string(to_string(result.error().code)); }

}  // namespace

Result<tsdb::WorkspaceDb::Deletion> WorkspaceData::delete_series(std::string_view id, const Selectors& selectors,
                                                                 model::TimeRange range,
                                                                 const std::string& request_id) {
  SLUICE_ASSIGN(const auto workspace, parts_.catalog.workspace(id));
  auto deletion = delete_all(id, selectors, range);
  audit(*workspace, kDeleteSeriesAction, request_id, outcome_of(deletion));
  if (deletion) {
    parts_.logger.info("series deleted", {{"workspace", id},
                                          {"selectors", selectors.size()},
                                          {"min_ms", range.min_ms},
                                          {"max_ms", range.max_ms},
                                          {"head_series", deletion->head_series},
                                          {"head_samples", deletion->head_samples},
                                          {"block_series", deletion->block_series},
                                          {"blocks", deletion->blocks}});
  }
  return deletion;
}

Result<tsdb::WorkspaceDb::Deletion> WorkspaceData::delete_all(std::string_view id, const Selectors& selectors,
                                                              model::TimeRange range) {
  SLUICE_ASSIGN(const auto db, parts_.store.workspace(id));
  tsdb::WorkspaceDb::Deletion total;
  for (const auto& matchers : selectors) {
    SLUICE_ASSIGN(const auto one, db->delete_series(matchers, range));
    total.head_series += one.head_series;
    total.head_samples += one.head_samples;
    total.block_series += one.block_series;
    total.blocks += one.blocks;
  }
  return total;
}

Result<WorkspaceData::Snapshot> WorkspaceData::snapshot(std::string_view id, const std::string& request_id) {
  SLUICE_ASSIGN(const auto workspace, parts_.catalog.workspace(id));
  auto made = make_snapshot(id);
  audit(*workspace, kSnapshotAction, request_id, outcome_of(made));
  if (made) parts_.logger.info("snapshot made", {{"workspace", id}, {"path", made->path}, {"blocks", made->blocks}});
  return made;
}

Result<WorkspaceData::Snapshot> WorkspaceData::make_snapshot(std::string_view id) {
  SLUICE_ASSIGN(const auto db, parts_.store.workspace(id));
  const std::string parent = join_path(parts_.directory, "snapshots");
  const std::string path = join_path(parent, fmt::format("{}-{}", id, format_amz_date(parts_.clock.now_ms() / 1000)));
  const std::string unfinished = path + std::string(kUnfinishedSuffix);
  SLUICE_ASSIGN(const bool exists, parts_.fs.exists(path));
  if (exists) return fail(ErrorCode::kUnavailable, fmt::format("there is a snapshot of this second: {}", path));
  SLUICE_TRY(parts_.fs.remove_tree(unfinished));
  // promtool looks for a log, even an empty one.
  SLUICE_TRY(parts_.fs.create_directories(join_path(unfinished, "wal")));
  auto made = db->snapshot_to(unfinished);
  auto kept = made ? parts_.fs.sync_directory(unfinished) : Result<void>(std::unexpected(made.error()));
  if (kept) kept = parts_.fs.rename(unfinished, path);
  if (kept) kept = parts_.fs.sync_directory(parent);
  if (!kept) {
    (void)parts_.fs.remove_tree(unfinished);
    return std::unexpected(kept.error());
  }
  return Snapshot{path, made->blocks.size(), made->head_samples};
}

Result<size_t> WorkspaceData::import_blocks(std::string_view id, std::string_view name, const std::string& request_id) {
  SLUICE_ASSIGN(const auto workspace, parts_.catalog.workspace(id));
  auto imported = adopt(id, name);
  audit(*workspace, kImportAction, request_id, outcome_of(imported));
  if (imported) parts_.logger.info("blocks imported", {{"workspace", id}, {"blocks", *imported}});
  return imported;
}

Result<size_t> WorkspaceData::adopt(std::string_view id, std::string_view name) {
  if (!Ulid::parse(name)) {
    return fail(ErrorCode::kInvalidArgument, "name: wanted the ULID of a directory below imports/");
  }
  const std::string from = join_path(join_path(parts_.directory, "imports"), name);
  SLUICE_ASSIGN(const bool exists, parts_.fs.exists(from));
  if (!exists) return fail(ErrorCode::kNotFound, fmt::format("there is no {}", from));
  SLUICE_ASSIGN(const auto db, parts_.store.workspace(id));
  SLUICE_ASSIGN(const auto adopted, db->adopt_blocks(from));
  return adopted.size();
}

void WorkspaceData::audit(const catalog::Workspace& workspace, std::string_view action, const std::string& request_id,
                          std::string_view outcome) {
  catalog::AuditRecord record;
  record.at_ms = parts_.clock.now_ms();
  record.request_id = request_id;
  record.account_id = workspace.account_id;
  record.principal_arn = kOperator;
  record.action = action;
  record.resource = workspace.arn;
  record.outcome = outcome;
  if (const auto appended = parts_.catalog.append_audit(record); !appended) {
    parts_.logger.error("cannot write an audit record",
                        {{"request_id", request_id}, {"reason", appended.error().message}});
  }
}

}  // namespace sluice::api
