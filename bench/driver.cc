#include "bench/driver.h"

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "bench/batch_queues.h"
#include "bench/batcher.h"

namespace sluice::bench {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

double seconds_between(steady_clock::time_point from, steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

void merge(PhaseResult& into, const PhaseResult& from) {
  into.samples += from.samples;
  into.requests += from.requests;
  into.body_bytes += from.body_bytes;
  into.raw_bytes += from.raw_bytes;
  into.retries += from.retries;
  into.refused_requests += from.refused_requests;
  into.refused_samples += from.refused_samples;
  into.starved_s += from.starved_s;
  if (into.first_error.empty()) into.first_error = from.first_error;
  if (into.first_retried.empty()) into.first_retried = from.first_retried;
  into.latencies.add(from.latencies);
}

void count(PhaseResult& result, const Batch& batch, WriteOutcome outcome) {
  result.retries += outcome.retries;
  if (result.first_retried.empty()) result.first_retried = std::move(outcome.first_retried);
  if (outcome.ok) {
    ++result.requests;
    result.samples += batch.samples;
    result.body_bytes += batch.body.size();
    result.raw_bytes += batch.raw_bytes;
    return;
  }
  ++result.refused_requests;
  result.refused_samples += batch.samples;
  if (result.first_error.empty()) result.first_error = std::move(outcome.error);
}

/// When requests are due: at once, or by the load's schedule, whose due_ms counts from `zero`.
struct Schedule {
  bool is_paced = false;
  steady_clock::time_point zero;
};

/// One connection for one phase.
PhaseResult run_shard(size_t shard, BatchQueues& queues, RemoteWriter& writer, const Schedule& schedule,
                      const Clock& clock) {
  PhaseResult result;
  for (;;) {
    const auto asked = clock.steady();
    const auto batch = queues.pop(shard);
    if (!batch) return result;
    auto due = clock.steady();
    result.starved_s += seconds_between(asked, due);
    if (schedule.is_paced) {
      due = schedule.zero + milliseconds(batch->due_ms);
      std::this_thread::sleep_until(due);
    }
    WriteOutcome outcome = writer.write(batch->body, [&] { return queues.is_cancelled(); });
    if (outcome.ok) {
      result.latencies.add(clock.steady() - due);
    } else {
      queues.cancel();
    }
    count(result, *batch, std::move(outcome));
  }
}

/// The server's side of a run. Reads nothing when there is no process to read.
class ServerProbe {
 public:
  ServerProbe(pid_t pid, std::string data) : pid_(pid), data_(std::move(data)) {}

  Result<std::optional<CpuTime>> cpu() const {
    if (pid_ == 0) return std::optional<CpuTime>();
    SLUICE_ASSIGN(const CpuTime time, cpu_time(pid_));
    return std::optional(time);
  }
  Result<std::optional<Memory>> resident() const {
    if (pid_ == 0) return std::optional<Memory>();
    SLUICE_ASSIGN(const Memory now, memory(pid_));
    return std::optional(now);
  }
  Result<std::optional<uint64_t>> disk() const {
    if (data_.empty()) return std::optional<uint64_t>();
    SLUICE_ASSIGN(const uint64_t bytes, disk_bytes(data_));
    return std::optional(bytes);
  }

 private:
  const pid_t pid_;
  const std::string data_;
};

CpuTime difference(const CpuTime& after, const CpuTime& before) {
  return {after.total - before.total, after.user_s - before.user_s, after.system_s - before.system_s};
}

using Writers = std::vector<std::unique_ptr<RemoteWriter>>;

Result<PhaseResult> run_phase(std::string name, BatchQueues& queues, Writers& writers, const Schedule& schedule,
                              const ServerProbe& server, const Clock& clock) {
  PhaseResult whole;
  whole.name = std::move(name);
  SLUICE_ASSIGN(const auto cpu_before, server.cpu());
  const auto began = clock.steady();
  std::vector<PhaseResult> parts(writers.size());
  {
    std::vector<std::jthread> threads;
    threads.reserve(writers.size());
    for (size_t shard = 0; shard < writers.size(); ++shard) {
      threads.emplace_back([&, shard] { parts[shard] = run_shard(shard, queues, *writers[shard], schedule, clock); });
    }
  }
  whole.wall_s = seconds_between(began, clock.steady());
  for (const PhaseResult& part : parts) merge(whole, part);
  SLUICE_ASSIGN(const auto cpu_after, server.cpu());
  if (cpu_after) whole.server_cpu = difference(*cpu_after, *cpu_before);
  SLUICE_ASSIGN(whole.server_memory, server.resident());
  return whole;
}

/// The phases, once the encoder is running.
Result<void> run_phases(const LoadOptions& load, BatchQueues& queues, Writers& writers, const ServerProbe& server,
                        const Clock& clock, DriveResult& result) {
  queues.wait_until_ahead();
  Schedule schedule{.is_paced = load.pace_ms > 0, .zero = clock.steady()};
  SLUICE_ASSIGN(auto first, run_phase("first scrape", queues, writers, schedule, server, clock));
  const bool goes_on = first.refused_requests == 0 && load.scrapes > 1;
  result.phases.push_back(std::move(first));
  if (!goes_on) return {};
  // A server too slow for the first scrape gets all others later, not two of them at once.
  schedule.zero = std::max(schedule.zero, clock.steady() - milliseconds(load.pace_ms));
  SLUICE_ASSIGN(auto steady, run_phase("steady", queues, writers, schedule, server, clock));
  result.phases.push_back(std::move(steady));
  return {};
}

}  // namespace

Result<DriveResult> drive(DriveOptions options, net::Runtime& runtime, const Clock& clock) {
  SLUICE_TRY(check(options.load));
  options.load.first_scrape_ms = first_scrape_for_start_at(options.load, clock.now_ms());
  Writers writers;
  for (uint32_t i = 0; i < options.load.shards; ++i) {
    SLUICE_ASSIGN(auto writer, RemoteWriter::open(runtime, clock, options.writer));
    writers.push_back(std::move(writer));
  }
  const ServerProbe server(options.server_pid, options.server_data);
  DriveResult result;
  result.samples_end_ms = options.load.first_scrape_ms + options.load.scrapes * options.load.interval_ms;
  SLUICE_ASSIGN(result.server_memory_before, server.resident());
  SLUICE_ASSIGN(result.server_disk_before, server.disk());
  std::optional<PeakWatch> watch;
  if (options.server_pid != 0) watch.emplace(options.server_pid);

  BatchQueues queues(options.load.shards, options.ahead_bytes_max);
  std::jthread encoder([&] { result.series_created = produce(options.load, queues); });
  const auto done = run_phases(options.load, queues, writers, server, clock, result);
  queues.cancel();
  encoder.join();
  SLUICE_TRY(done);
  if (watch) result.server_rss_anon_peak = watch->rss_anon_peak();
  SLUICE_ASSIGN(result.server_disk_after, server.disk());
  return result;
}

}  // namespace sluice::bench
