#include <fmt/format.h>

#include "bench/catalogue.h"
#include "bench/plain_metric.h"

namespace sluice::bench {
namespace {

using enum ValueKind;

// The Go runtime's and the process collector's metrics without labels of their own, of the client library's names.
constexpr PlainMetric kRuntime[] = {
    {"go_goroutines", kGaugeWhole, 140, 60},
    {"go_threads", kConstant, 14, 0},
    {"go_memstats_alloc_bytes", kGaugeWhole, 6e7, 3e7},
    {"go_memstats_alloc_bytes_total", kCount, 4e10, 5e7},
    {"go_memstats_buck_hash_sys_bytes", kConstant, 1.6e6, 0},
    {"go_memstats_frees_total", kCount, 5e8, 4e5},
    {"go_memstats_gc_sys_bytes", kConstant, 6.1e6, 0},
    {"go_memstats_heap_alloc_bytes", kGaugeWhole, 6e7, 3e7},
    {"go_memstats_heap_idle_bytes", kGaugePages, 5e7, 2e7},
    {"go_memstats_heap_inuse_bytes", kGaugePages, 7e7, 2e7},
    {"go_memstats_heap_objects", kGaugeWhole, 4e5, 2e5},
    {"go_memstats_heap_released_bytes", kGaugePages, 3e7, 1e7},
    {"go_memstats_heap_sys_bytes", kConstant, 1.2e8, 0},
    {"go_memstats_last_gc_time_seconds", kSeconds, 1.7e9, 15},
    {"go_memstats_lookups_total", kConstant, 0, 0},
    {"go_memstats_mallocs_total", kCount, 5e8, 4e5},
    {"go_memstats_mcache_inuse_bytes", kConstant, 9600, 0},
    {"go_memstats_mspan_inuse_bytes", kGaugeWhole, 9e5, 1e5},
    {"go_memstats_next_gc_bytes", kGaugeWhole, 9e7, 1e7},
    {"go_memstats_stack_inuse_bytes", kGaugePages, 2.5e6, 5e5},
    {"go_memstats_sys_bytes", kConstant, 1.4e8, 0},
    {"go_sched_gomaxprocs_threads", kConstant, 4, 0},
    {"process_cpu_seconds_total", kSeconds, 9e3, 1.2},
    {"process_max_fds", kConstant, 1048576, 0},
    {"process_network_receive_bytes_total", kCount, 8e10, 3e6},
    {"process_network_transmit_bytes_total", kCount, 9e10, 4e6},
    {"process_open_fds", kGaugeWhole, 48, 12},
    {"process_resident_memory_bytes", kGaugePages, 1.3e8, 2e7},
    {"process_start_time_seconds", kConstant, 1.7e9, 0},
    {"process_virtual_memory_bytes", kConstant, 1.9e9, 0},
    {"up", kConstant, 1, 0},
    {"scrape_duration_seconds", kGaugeReal, 0.012, 0.008},
    {"scrape_samples_scraped", kConstant, 312, 0},
    {"scrape_samples_post_metric_relabeling", kConstant, 312, 0},
    {"scrape_series_added", kConstant, 0, 0},
};

constexpr std::string_view kQuantiles[] = {"0", "0.25", "0.5", "0.75", "1"};
constexpr std::string_view kDurationBounds[] = {"0.005", "0.01", "0.025", "0.05", "0.1", "0.25",
                                                "0.5",   "1",    "2.5",   "5",    "10"};
constexpr std::string_view kSizeBounds[] = {"100", "1000", "10000", "100000", "1e+06", "1e+07"};
constexpr std::string_view kStatements[] = {"select", "insert"};
constexpr std::string_view kGrpcCodes[] = {"OK", "NotFound", "Unavailable"};

/// How much a route is used: many hardly or not at all, some now and then, a few all the time.
HistogramShape shape_of(Random& random) {
  HistogramShape shape;
  const double kind = random.unit();
  if (kind < 0.4) {
    shape.rate = 0;
    shape.count = random.chance(0.5) ? 0 : static_cast<double>(random.below(300));
  } else if (kind < 0.7) {
    shape.rate = random.unit();
    shape.count = static_cast<double>(random.below(50'000));
  } else {
    shape.rate = 10 + random.unit() * 3000;
    shape.count = static_cast<double>(random.below(80'000'000));
  }
  shape.mean = 0.004 + random.unit() * 0.3;
  return shape;
}

void add_http(BlockBuilder& block, const Workload& workload, Random& random) {
  for (const std::string& handler : workload.handlers) {
    const LabelPairs route = {{"handler", handler}, {"method", random.chance(0.7) ? "GET" : "POST"}};
    HistogramShape shape = shape_of(random);
    block.add_histogram("http_request_duration_seconds", route, shape, kDurationBounds);
    for (const std::string_view code : {"200", "400", "500"}) {
      LabelPairs labels = route;
      labels.emplace_back("code", code);
      const double share = code == "200" ? 0.98 : code == "400" ? 0.019 : 0.001;
      block.add("http_requests_total", labels,
                {.start = shape.count * share, .step = static_cast<float>(shape.rate * share), .kind = kCount});
    }
    shape.mean = 2000 + random.unit() * 50'000;
    block.add_histogram("http_response_size_bytes", {{"handler", handler}}, shape, kSizeBounds);
    block.add("http_requests_in_flight", {{"handler", handler}}, {.start = 1, .step = 3, .kind = kGaugeWhole});
  }
}

void add_grpc(BlockBuilder& block, const Workload& workload, Random& random) {
  for (const std::string& method : workload.grpc_methods) {
    const LabelPairs rpc = {{"grpc_method", method}, {"grpc_service", workload.name}};
    const HistogramShape shape = shape_of(random);
    block.add_histogram("grpc_server_handling_seconds", rpc, shape, kDurationBounds);
    for (const std::string_view code : kGrpcCodes) {
      LabelPairs labels = rpc;
      labels.emplace_back("grpc_code", code);
      const double share = code == "OK" ? 0.995 : 0.002;
      block.add("grpc_server_handled_total", labels,
                {.start = shape.count * share, .step = static_cast<float>(shape.rate * share), .kind = kCount});
    }
  }
}

void add_database(BlockBuilder& block, const Workload& workload, Random& random) {
  for (const std::string& table : workload.tables) {
    for (const std::string_view statement : kStatements) {
      block.add_histogram("db_query_duration_seconds", {{"operation", std::string(statement)}, {"table", table}},
                          shape_of(random), kDurationBounds);
    }
  }
}

}  // namespace

LabelPairs target_labels(std::string_view job, std::string_view kube_namespace, std::string_view pod,
                         std::string_view container, std::string_view instance, std::string_view node) {
  LabelPairs labels;
  const auto add = [&](std::string_view name, std::string_view value) { labels.emplace_back(name, value); };
  add("cluster", "prod-eu-central-1");
  add("container", container);
  add("endpoint", "metrics");
  add("instance", instance);
  add("job", job);
  add("namespace", kube_namespace);
  add("node", node);
  add("pod", pod);
  add("prometheus", "monitoring/k8s");
  add("service", job);
  return labels;
}

void add_application_series(BlockBuilder& block, const Workload& workload, uint64_t seed) {
  Random random(mix64(seed, 'a'));
  add_plain(block, kRuntime, {}, random);
  for (const std::string_view quantile : kQuantiles) {
    block.add("go_gc_duration_seconds", {{"quantile", std::string(quantile)}},
              {.start = 1e-4 + random.unit() * 1e-3, .kind = kConstant});
  }
  block.add("go_gc_duration_seconds_count", {}, {.start = 4e4, .step = 0.3F, .kind = kCount});
  block.add("go_gc_duration_seconds_sum", {}, {.start = 31, .step = 1e-4F, .kind = kSeconds});
  block.add("go_info", {{"version", "go1.22.5"}}, {.start = 1});
  add_http(block, workload, random);
  add_grpc(block, workload, random);
  add_database(block, workload, random);
}

}  // namespace sluice::bench
