#include <benchmark/benchmark.h>

#include <cstring>

#include "base/hash.h"
#include "bench/steps/load.h"
#include "bench/steps/server.h"
#include "ingest/validate.h"
#include "wire/remote_write.h"
#include "wire/snappy_block.h"

/// What a request costs before storage sees it, and the copying of the same bytes, which is the hardware's limit for
/// whatever must look at all of them.
namespace sluice::bench {
namespace {

void report(benchmark::State& state) {
  const auto passes = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(passes * static_cast<int64_t>(load().steady_samples));
  state.SetBytesProcessed(passes * static_cast<int64_t>(load().steady_bytes));
}

void copy(benchmark::State& state) {
  std::string copied(16 << 20, '\0');
  for (auto _ : state) {
    for (const Request& request : load().steady) {
      std::memcpy(copied.data(), request.message.data(), request.message.size());
      benchmark::DoNotOptimize(copied.data());
      benchmark::ClobberMemory();
    }
  }
  report(state);
}
BENCHMARK(copy)->Unit(benchmark::kMillisecond);

void snappy(benchmark::State& state) {
  std::string message;
  for (auto _ : state) {
    for (const Request& request : load().steady) {
      message = wire::snappy_decode(request.body, 16 << 20, std::move(message)).value();
    }
  }
  report(state);
}
BENCHMARK(snappy)->Unit(benchmark::kMillisecond);

void hash(benchmark::State& state) {
  for (auto _ : state) {
    for (const Request& request : load().steady) benchmark::DoNotOptimize(hash128(request.message));
  }
  report(state);
}
BENCHMARK(hash)->Unit(benchmark::kMillisecond);

// The whole protobuf, every label: what a request of unknown series costs.
void decode_unknown(benchmark::State& state) {
  model::WriteBatch batch;
  for (auto _ : state) {
    for (const Request& request : load().steady) {
      batch.clear();
      batch = wire::decode_remote_write(request.body, {}, nullptr, std::move(batch)).value();
    }
  }
  report(state);
}
BENCHMARK(decode_unknown)->Unit(benchmark::kMillisecond);

// Series recognized by their bytes: snappy included.
void decode_known(benchmark::State& state) {
  Server server;
  server.write_all(load().first);
  server.write_all(load().steady);
  model::WriteBatch batch;
  for (auto _ : state) {
    for (const Request& request : load().steady) {
      const auto recognizer = server.recognizer();
      batch.clear();
      batch = wire::decode_remote_write(request.body, {}, recognizer.get(), std::move(batch)).value();
    }
  }
  report(state);
}
BENCHMARK(decode_known)->Unit(benchmark::kMillisecond);

// Judging every label set, and packing it for storage.
void admit_unknown(benchmark::State& state) {
  ingest::AdmissionRules rules;
  for (auto _ : state) {
    for (const Request& request : load().steady) {
      state.PauseTiming();
      auto batch = wire::decode_remote_write(request.body).value();
      state.ResumeTiming();
      benchmark::DoNotOptimize(ingest::admit(batch, rules, Server::kNowMs));
    }
  }
  report(state);
}
BENCHMARK(admit_unknown)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sluice::bench
