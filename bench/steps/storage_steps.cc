#include <benchmark/benchmark.h>

#include <memory>

#include "base/check.h"
#include "base/file_system.h"
#include "bench/steps/load.h"
#include "bench/steps/server.h"
#include "tsdb/line_pool.h"
#include "tsdb/open_chunk.h"
#include "tsdb/wal_record.h"

/// What a request costs in storage.
namespace sluice::bench {
namespace {

void report(benchmark::State& state, uint64_t samples) {
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * static_cast<int64_t>(samples));
}

// A new workspace meets all its series: from the wire to the head, the log in memory.
void first_scrape(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto server = std::make_unique<Server>();
    state.ResumeTiming();
    server->write_all(load().first);
    state.PauseTiming();
    server.reset();
    state.ResumeTiming();
  }
  report(state, load().first_samples);
}
BENCHMARK(first_scrape)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// From the wire to the head, series known.
void steady(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto server = std::make_unique<Server>();
    server->write_all(load().first);
    state.ResumeTiming();
    server->write_all(load().steady);
    state.PauseTiming();
    server.reset();
    state.ResumeTiming();
  }
  report(state, load().steady_samples);
}
BENCHMARK(steady)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// The same without decoding: finding out what becomes of samples, the record, its commit in memory, the head.
void append_known(benchmark::State& state) {
  for (auto _ : state) {
    state.PauseTiming();
    auto server = std::make_unique<Server>();
    server->write_all(load().first);
    std::vector<model::AppendBatch> batches;
    for (const Request& request : load().steady) batches.push_back(server->admit(request));
    state.ResumeTiming();
    for (auto& batch : batches) server->append(std::move(batch));
    state.PauseTiming();
    server.reset();
    state.ResumeTiming();
  }
  report(state, load().steady_samples);
}
BENCHMARK(append_known)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

// One request's record: 2,000 samples of series that follow one another.
void encode_record(benchmark::State& state) {
  constexpr uint64_t kSamples = 2'000;
  for (auto _ : state) {
    tsdb::AppendRecordWriter writer(kSamples);
    for (uint64_t ref = 1; ref <= kSamples; ++ref) {
      writer.add_sample(ref, {1'700'000'000'000, ref % 5 < 3 ? 1.0 : static_cast<double>(ref) * 0.1});
    }
    benchmark::DoNotOptimize(std::move(writer).finish(0));
  }
  report(state, kSamples);
}
BENCHMARK(encode_record)->Unit(benchmark::kMicrosecond);

// A sample each to 100,000 series, in memory that no cache holds.
void open_chunk_append(benchmark::State& state) {
  constexpr size_t kSeries = 100'000;
  tsdb::LinePool lines;
  std::vector<tsdb::OpenChunk> chunks(kSeries);
  TimestampMs t_ms = 1'700'000'000'000;
  for (auto _ : state) {
    t_ms += 15'000;
    for (size_t i = 0; i < kSeries; ++i) {
      if (i + 8 < kSeries) chunks[i + 8].prefetch(lines);
      if (chunks[i].samples() == 120) (void)chunks[i].take(lines);
      chunks[i].append(lines, t_ms, i % 5 < 3 ? 1.0 : static_cast<double>(t_ms % 977) * static_cast<double>(i));
    }
  }
  report(state, kSeries);
}
BENCHMARK(open_chunk_append)->Unit(benchmark::kMillisecond);

// What the disk can do: as many bytes as a steady request's record has, written behind the others and synced, one at a
// time. The log writes to files whose space is allocated, and best of all was written before
// (journal/segment_writer.h).
enum class Space : uint8_t { kGrowing, kPreallocated, kRecycled };

void disk_sync(benchmark::State& state, Space space) {
  constexpr uint64_t kBytes = 64 << 20;
  const auto fs = make_posix_file_system();
  const std::string path = "./sluice-steps-sync";
  const std::string record(8'000, 'x');
  {
    const auto file = fs->open_writable(path, OpenMode::kTruncate).value();
    if (space != Space::kGrowing) SLUICE_CHECK(file->preallocate(kBytes).has_value(), "there is room");
    if (space == Space::kRecycled) {
      SLUICE_CHECK(file->write_at(0, std::string(kBytes, 'y')) && file->sync_data(), "the disk takes what is written");
    }
    uint64_t at = 0;
    for (auto _ : state) {
      SLUICE_CHECK(file->write_at(at, record) && file->sync_data(), "the disk takes what is written");
      at = (at + record.size()) % (kBytes - record.size());
    }
  }
  (void)fs->remove_file(path);
}
BENCHMARK_CAPTURE(disk_sync, growing, Space::kGrowing)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(disk_sync, preallocated, Space::kPreallocated)->Unit(benchmark::kMicrosecond)->UseRealTime();
BENCHMARK_CAPTURE(disk_sync, recycled, Space::kRecycled)->Unit(benchmark::kMicrosecond)->UseRealTime();

// One request at a time, from batch to acknowledgement.
void commit(benchmark::State& state) {
  Server server(Server::Disk::kReal);
  server.write_all(load().first);
  size_t next = 0;
  for (auto _ : state) {
    if (next == load().steady.size()) {
      state.SkipWithError("the load is used up; ask for less time");
      break;
    }
    state.PauseTiming();
    auto batch = server.admit(load().steady[next++]);
    state.ResumeTiming();
    server.append(std::move(batch));
  }
}
BENCHMARK(commit)->Unit(benchmark::kMicrosecond)->UseRealTime()->Iterations(100);

}  // namespace
}  // namespace sluice::bench
