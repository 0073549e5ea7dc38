#include "bench/report.h"

#include <iterator>

#include <fmt/format.h>

#include "base/json.h"
#include "base/version.h"

namespace sluice::bench {
namespace {

double per(double amount, double of) { return of > 0 ? amount / of : 0; }
double seconds(std::chrono::nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }
int64_t integer(uint64_t value) { return static_cast<int64_t>(value); }

uint64_t samples_of(const DriveResult& result) {
  uint64_t samples = 0;
  for (const PhaseResult& phase : result.phases) samples += phase.samples;
  return samples;
}

void write_load(JsonWriter& json, const LoadOptions& load) {
  json.begin_object();
  json.member("series", integer(load.series));
  json.member("scrapes", int64_t{load.scrapes});
  json.member("interval_ms", load.interval_ms);
  json.member("samples_per_request", int64_t{load.samples_per_request});
  json.member("connections", int64_t{load.shards});
  json.member("seed", integer(load.seed));
  json.member("churn_percent", load.churn_fraction * 100);
  json.member("churn_every_scrapes", int64_t{load.churn_scrapes});
  json.member("pace_ms", load.pace_ms);
  json.end_object();
}

void write_latencies(JsonWriter& json, const Latencies& latencies) {
  json.begin_object();
  json.member("p50", to_milliseconds(latencies.percentile(0.5)));
  json.member("p90", to_milliseconds(latencies.percentile(0.9)));
  json.member("p99", to_milliseconds(latencies.percentile(0.99)));
  json.member("max", to_milliseconds(latencies.max()));
  json.end_object();
}

void write_memory(JsonWriter& json, const Memory& memory) {
  json.begin_object();
  json.member("rss_anon_bytes", integer(memory.rss_anon));
  json.member("rss_bytes", integer(memory.rss));
  json.member("rss_peak_bytes", integer(memory.rss_peak));
  json.end_object();
}

void write_phase(JsonWriter& json, const PhaseResult& phase) {
  json.begin_object();
  json.member("name", std::string_view(phase.name));
  json.member("samples", integer(phase.samples));
  json.member("requests", integer(phase.requests));
  json.member("body_bytes", integer(phase.body_bytes));
  json.member("raw_bytes", integer(phase.raw_bytes));
  json.member("retries", integer(phase.retries));
  json.member("refused_requests", integer(phase.refused_requests));
  json.member("refused_samples", integer(phase.refused_samples));
  json.member("first_error", std::string_view(phase.first_error));
  json.member("first_retried", std::string_view(phase.first_retried));
  json.member("wall_s", phase.wall_s);
  json.member("starved_s", phase.starved_s);
  json.member("samples_per_s", per(static_cast<double>(phase.samples), phase.wall_s));
  json.key("latency_ms");
  write_latencies(json, phase.latencies);
  if (phase.server_cpu) {
    json.member("server_cpu_s", seconds(phase.server_cpu->total));
    json.member("server_user_s", phase.server_cpu->user_s);
    json.member("server_system_s", phase.server_cpu->system_s);
    json.member("samples_per_server_cpu_s", per(static_cast<double>(phase.samples), seconds(phase.server_cpu->total)));
  }
  if (phase.server_memory) {
    json.key("server_memory");
    write_memory(json, *phase.server_memory);
  }
  json.end_object();
}

void write_server(JsonWriter& json, const DriveOptions& options, const DriveResult& result) {
  json.begin_object();
  if (result.server_memory_before) json.member("rss_anon_before_bytes", integer(result.server_memory_before->rss_anon));
  if (!result.phases.empty() && result.phases.back().server_memory) {
    const Memory& end = *result.phases.back().server_memory;
    json.member("rss_anon_bytes", integer(end.rss_anon));
    json.member("rss_bytes", integer(end.rss));
    json.member("rss_peak_bytes", integer(end.rss_peak));
    json.member("rss_anon_bytes_per_series",
                per(static_cast<double>(end.rss_anon), static_cast<double>(options.load.series)));
  }
  if (result.server_rss_anon_peak) json.member("rss_anon_peak_bytes", integer(*result.server_rss_anon_peak));
  if (result.server_disk_before && result.server_disk_after) {
    json.member("disk_before_bytes", integer(*result.server_disk_before));
    json.member("disk_bytes", integer(*result.server_disk_after));
    json.member("disk_bytes_per_sample",
                per(static_cast<double>(*result.server_disk_after), static_cast<double>(samples_of(result))));
  }
  json.end_object();
}

void append_phase(std::string& out, const PhaseResult& phase) {
  auto to = std::back_inserter(out);
  fmt::format_to(to, "{:<13} {:>10} samples {:>7} requests {:>8.2f} s {:>9.0f} samples/s", phase.name, phase.samples,
                 phase.requests, phase.wall_s, per(static_cast<double>(phase.samples), phase.wall_s));
  fmt::format_to(to, "  latency ms p50 {:.1f} p90 {:.1f} p99 {:.1f} max {:.1f}\n",
                 to_milliseconds(phase.latencies.percentile(0.5)), to_milliseconds(phase.latencies.percentile(0.9)),
                 to_milliseconds(phase.latencies.percentile(0.99)), to_milliseconds(phase.latencies.max()));
  if (phase.server_cpu) {
    fmt::format_to(to, "{:<13} server CPU {:.3f} s (user {:.2f}, system {:.2f}): {:.0f} samples per CPU second\n", "",
                   seconds(phase.server_cpu->total), phase.server_cpu->user_s, phase.server_cpu->system_s,
                   per(static_cast<double>(phase.samples), seconds(phase.server_cpu->total)));
  }
  // Half a connection's time, all connections taken together, is more than the edges of a phase.
  if (phase.starved_s > 0.5 * phase.wall_s && phase.starved_s > 0.1) {
    fmt::format_to(to, "{:<13} connections waited {:.2f} s for the encoder: wall-clock numbers are the generator's\n",
                   "", phase.starved_s);
  }
  if (phase.retries > 0)
    fmt::format_to(to, "{:<13} {} retries, the first: {}\n", "", phase.retries, phase.first_retried);
  if (phase.refused_requests > 0) {
    fmt::format_to(to, "{:<13} {} requests REFUSED ({} samples), the first: {}\n", "", phase.refused_requests,
                   phase.refused_samples, phase.first_error);
  }
}

}  // namespace

std::string to_json(const DriveOptions& options, const DriveResult& result) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.member("tool", fmt::format("sluice-bench {} (revision {})", kVersion, revision()));
  json.member("url", std::string_view(options.writer.url));
  json.member("signed", options.writer.signing.has_value());
  json.key("load");
  write_load(json, options.load);
  json.member("series_created", integer(result.series_created));
  json.member("samples_end_ms", result.samples_end_ms);
  json.key("phases");
  json.begin_array();
  for (const PhaseResult& phase : result.phases) write_phase(json, phase);
  json.end_array();
  json.key("server");
  write_server(json, options, result);
  json.end_object();
  return out;
}

std::string to_text(const DriveOptions& options, const DriveResult& result) {
  std::string out =
      fmt::format("{}: {} series, {} scrapes, {} connections, {}\n", options.writer.url, options.load.series,
                  options.load.scrapes, options.load.shards, options.writer.signing ? "signed" : "unsigned");
  for (const PhaseResult& phase : result.phases) append_phase(out, phase);
  auto to = std::back_inserter(out);
  if (!result.phases.empty() && result.phases.back().server_memory) {
    constexpr double kMiB = 1 << 20;
    const Memory& end = *result.phases.back().server_memory;
    fmt::format_to(
        to,
        "memory        RssAnon {:.1f} MiB ({:.0f} bytes a series), peak {:.1f} MiB; RSS {:.1f} MiB, peak {:.1f} MiB\n",
        static_cast<double>(end.rss_anon) / kMiB,
        per(static_cast<double>(end.rss_anon), static_cast<double>(options.load.series)),
        static_cast<double>(result.server_rss_anon_peak.value_or(0)) / kMiB, static_cast<double>(end.rss) / kMiB,
        static_cast<double>(end.rss_peak) / kMiB);
  }
  if (result.server_disk_after) {
    fmt::format_to(to, "disk          {} bytes, {:.2f} a sample\n", *result.server_disk_after,
                   per(static_cast<double>(*result.server_disk_after), static_cast<double>(samples_of(result))));
  }
  return out;
}

}  // namespace sluice::bench
