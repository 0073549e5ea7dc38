#include "tsdb/workspace_verify.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/read_only_file_system.h"
#include "base/ulid.h"
#include "journal/recovery.h"
#include "tsdb/block.h"
#include "tsdb/block_format.h"
#include "tsdb/checkpoint.h"
#include "tsdb/log_replay.h"
#include "tsdb/workspace_names.h"

namespace sluice::tsdb {
namespace {

constexpr int kTriesMax = 5;  // while a running collector removes what is being read

constexpr std::string_view kBlockWayOut =
    "restore this block from a backup, or move its directory away: its samples are missing then, the rest is served";
constexpr std::string_view kCheckpointWayOut =
    "if the collector runs, it holds these samples: let it write a new checkpoint (a clean stop does) and verify "
    "again; "
    "else restore the workspace from a backup, or start it as it is, without what is lost here";
constexpr std::string_view kLogWayOut =
    "if the collector runs, it holds these samples: stop it cleanly, which writes a checkpoint, and verify again; "
    "else restore the workspace from a backup, or start it as it is, without what is lost here";
constexpr std::string_view kNewerWayOut = "start the version of sluice that wrote it, or a newer one";

std::string way_out(const Error& error, std::string_view otherwise) {
  return std::string(error.code == ErrorCode::kUnsupported ? kNewerWayOut : otherwise);
}

bool is_gone(FileSystem& fs, const std::string& path) {
  const auto exists = fs.exists(path);
  return exists && !*exists;
}

class Verifier {
 public:
  Verifier(FileSystem& fs, const std::string& directory) : fs_(fs), directory_(directory) {}

  Result<VerifyReport> run() {
    SLUICE_ASSIGN(const auto names, fs_.list(directory_));
    for (const auto& name : names) {
      const std::string path = join_path(directory_, name);
      if (Ulid::parse(name)) block(path);
      if (parse_checkpoint_name(name)) checkpoint(path);
      if (name.ends_with(kForCreationSuffix) || name.ends_with(kForDeletionSuffix)) {
        report_.findings.push_back({false, path + ": a block on its way, or what a crash left of one", ""});
      }
    }
    const std::string wal = join_path(directory_, "wal");
    SLUICE_ASSIGN(const bool has_log, fs_.exists(wal));
    if (is_workspace_path(directory_) && has_log) log(wal);
    return std::move(report_);
  }

 private:
  void damage(std::string what, std::string way_out) {
    report_.findings.push_back({true, std::move(what), std::move(way_out)});
  }

  void block(const std::string& path) {
    const auto opened = Block::open(fs_, path);
    if (!opened && is_gone(fs_, path)) return;
    ++report_.blocks;
    if (!opened) return damage(with_path(path, opened.error()), way_out(opened.error(), kBlockWayOut));
    const auto problems = (*opened)->verify();
    for (const auto& problem : problems) damage(problem, std::string(kBlockWayOut));
    if ((*opened)->meta().is_failed) {
      report_.findings.push_back({false, path + ": a compaction of it failed, it is not tried again", ""});
    }
  }

  static std::string with_path(const std::string& path, const Error& error) {
    return error.message.contains(path) ? error.message : path + ": " + error.message;
  }

  void checkpoint(const std::string& path) {
    const auto mapped = fs_.map(path);
    if (!mapped && is_gone(fs_, path)) return;
    ++report_.checkpoints;
    if (!mapped) return damage(mapped.error().message, std::string(kCheckpointWayOut));
    CheckpointReport of_file;
    static const CheckpointUse kCheck = {
        .series = check_series, .exemplars = [](const auto&) {}, .metadata = [](const auto&) {}};
    const auto header = read_checkpoint((*mapped)->bytes(), path, kCheck, of_file);
    if (!header) return damage(header.error().message, way_out(header.error(), kCheckpointWayOut));
    report_.checkpoint_series += of_file.series;
    for (const auto& [file, offset, bytes, series, what] : of_file.damage) {
      damage(fmt::format("{}: at offset {}: {} ({} bytes, {} series)", file, offset, what, bytes, series),
             std::string(kCheckpointWayOut));
    }
  }

  // A chunk whose bytes are those of its checksum and yet no chunk: our bug, to be told all the same.
  static Result<void> check_series(const CheckpointSeries& series) {
    for (const auto* chunks : {&series.chunks.in_order, &series.chunks.late}) {
      for (const auto& chunk : *chunks) {
        model::SampleColumn column;
        if (auto read = read_chunk(chunk, {}, column); !read) {
          return fail_in(fmt::format("series {}, chunk from {} to {}",
                                     model::Labels::from_packed(series.packed).to_string(), chunk.min_ms, chunk.max_ms),
                         read.error());
        }
      }
    }
    return {};
  }

  // A segment that is removed while it is read, or becomes another one, is no damage: then all is read once more.
  void log(const std::string& wal) {
    for (int attempt = 1;; ++attempt) {
      const auto before = fs_.list(wal);
      std::vector<VerifyFinding> unreadable;
      const auto check = [&](const journal::Record& record) -> Result<void> {
        if (auto known = LogReplay::check(record); !known) {
          unreadable.push_back({true, fmt::format("{}: record {}: {}", wal, record.sequence, known.error().message),
                                way_out(known.error(), kLogWayOut)});
        }
        return {};
      };
      const auto recovered = journal::recover(fs_, wal, check, {});
      const auto after = fs_.list(wal);
      const bool has_changed = !before || !after || *before != *after;
      const bool is_clean = recovered && recovered->report.damage_total == 0 && unreadable.empty();
      if (has_changed && !is_clean && attempt < kTriesMax) continue;
      if (!recovered) return damage(with_path(wal, recovered.error()), way_out(recovered.error(), kLogWayOut));
      add(recovered->report);
      std::ranges::move(unreadable, std::back_inserter(report_.findings));
      return;
    }
  }

  void add(const journal::Recovery& recovery) {
    report_.log_segments = recovery.segments;
    report_.log_records = recovery.records;
    for (const auto& [file, offset, bytes, first, last, what] : recovery.damage) {
      const std::string lost = first == 0 ? "" : fmt::format(", from record {} on", first);
      damage(fmt::format("{}: at offset {}: {} ({} bytes{})", file, offset, what, bytes, lost),
             std::string(kLogWayOut));
    }
    if (recovery.damage_total > recovery.damage.size()) {
      damage(fmt::format("{}: {} damaged places more", directory_, recovery.damage_total - recovery.damage.size()),
             std::string(kLogWayOut));
    }
    if (recovery.torn_tail) {
      const auto& tail = *recovery.torn_tail;
      report_.findings.push_back(
          {false,
           fmt::format("{}: at offset {}: a write that did not end, of which nobody was told ({})", tail.file,
                       tail.offset, tail.what),
           ""});
    }
  }

  FileSystem& fs_;
  const std::string& directory_;
  VerifyReport report_;
};

}  // namespace

uint64_t VerifyReport::damaged() const {
  return static_cast<uint64_t>(std::ranges::count_if(findings, [](const auto& finding) { return finding.is_damage; }));
}

Result<VerifyReport> verify_workspace(FileSystem& fs, const std::string& directory) {
  ReadOnlyFileSystem untouched(fs);
  return Verifier(untouched, directory).run();
}

}  // namespace sluice::tsdb
