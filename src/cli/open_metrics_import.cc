#include "cli/open_metrics_import.h"

#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "tsdb/block_import.h"
#include "tsdb/block_writer.h"
#include "tsdb/sample_buffer.h"
#include "wire/open_metrics.h"

namespace sluice::cli {
namespace {

constexpr size_t kReadBytes = 1 << 20;

Result<wire::OpenMetricsReader> open_reader(FileSystem& fs, const std::string& path) {
  SLUICE_ASSIGN(std::shared_ptr<ReadableFile> file, fs.open_readable(path));
  return wire::OpenMetricsReader([file, at = uint64_t{0}](std::string& buffer) mutable -> Result<bool> {
    std::string piece;
    SLUICE_TRY(file->read_at(at, kReadBytes, piece));
    at += piece.size();
    buffer += piece;
    return !piece.empty();
  });
}

using Use = std::function<Result<void>(const model::Labels&, model::Sample)>;

Result<void> each_sample(FileSystem& fs, const std::string& path, const Use& use) {
  SLUICE_ASSIGN(auto reader, open_reader(fs, path));
  for (;;) {
    const auto sample = reader.next();
    if (!sample) return fail_in(path, sample.error());
    if (!*sample) return {};
    const auto& [labels, value, timestamp_ms] = **sample;
    if (!timestamp_ms) {
      return fail(ErrorCode::kMalformed,
                  fmt::format("{}: line {}: found a sample without a timestamp, and what is back-filled needs one",
                              path, reader.line()));
    }
    if (auto used = use(labels, {*timestamp_ms, value}); !used) {
      return fail_in(fmt::format("{}: line {}", path, reader.line()), used.error());
    }
  }
}

class Import {
 public:
  Import(FileSystem& fs, const std::string& file, const std::string& directory, const OpenMetricsImportOptions& options)
      : fs_(fs), file_(file), directory_(directory), options_(options) {}

  Result<OpenMetricsImport> run() {
    SLUICE_TRY(count());
    for (auto begin = counts_.begin(); begin != counts_.end();) {
      uint64_t samples = 0;
      auto end = begin;
      while (end != counts_.end() && (end == begin || samples + end->second <= options_.samples_in_memory_max)) {
        samples += end++->second;
      }
      SLUICE_TRY(write_ranges({begin->first, std::prev(end)->first}));
      begin = end;
    }
    return std::move(import_);
  }

 private:
  Result<void> count() {
    return each_sample(fs_, file_, [this](const model::Labels&, model::Sample sample) -> Result<void> {
      if (auto times = tsdb::check_import_times(sample.t_ms, sample.t_ms, options_.now_ms); !times) {
        return fail(times.error().code, times.error().message + "; OpenMetrics has timestamps in seconds");
      }
      ++counts_[tsdb::block_range_begin(sample.t_ms)];
      return {};
    });
  }

  /// The blocks of the ranges that begin in `begins`.
  Result<void> write_ranges(model::TimeRange begins) {
    std::map<TimestampMs, tsdb::SampleBuffer> buffers;
    SLUICE_TRY(each_sample(fs_, file_, [&](const model::Labels& labels, model::Sample sample) -> Result<void> {
      const TimestampMs begin_ms = tsdb::block_range_begin(sample.t_ms);
      if (!begins.contains(begin_ms)) return {};
      auto& buffer = buffers[begin_ms];
      buffer.add(labels, sample);
      return buffer.samples() < options_.samples_in_memory_max ? Result<void>() : write_block(begin_ms, buffer);
    }));
    for (auto& [begin_ms, buffer] : buffers) SLUICE_TRY(write_block(begin_ms, buffer));
    return {};
  }

  Result<void> write_block(TimestampMs begin_ms, tsdb::SampleBuffer& buffer) {
    tsdb::BlockMeta meta;
    meta.ulid = options_.new_ulid();
    meta.min_ms = begin_ms;
    meta.max_ms = begin_ms + tsdb::kBlockRangeMs;
    meta.sources = {meta.ulid};
    import_.samples += buffer.samples();
    tsdb::SampleBuffer::Counts counts;
    const auto source = buffer.take(counts);
    SLUICE_ASSIGN(auto written, tsdb::write_block(fs_, directory_, std::move(meta), *source));
    import_.duplicates += counts.duplicates;
    import_.conflicts += counts.conflicts;
    if (written) import_.blocks.push_back(*std::move(written));
    return {};
  }

  FileSystem& fs_;
  const std::string& file_;
  const std::string& directory_;
  const OpenMetricsImportOptions& options_;
  OpenMetricsImport import_;
  std::map<TimestampMs, uint64_t> counts_;  // samples by block range
};

}  // namespace

Result<OpenMetricsImport> import_open_metrics(FileSystem& fs, const std::string& file, const std::string& directory,
                                              const OpenMetricsImportOptions& options) {
  return Import(fs, file, directory, options).run();
}

}  // namespace sluice::cli
