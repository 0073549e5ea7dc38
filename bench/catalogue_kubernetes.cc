#include <fmt/format.h>

#include "bench/catalogue.h"
#include "bench/plain_metric.h"

namespace sluice::bench {
namespace {

using enum ValueKind;

constexpr PlainMetric kContainer[] = {
    {"container_cpu_cfs_periods_total", kCount, 2e6, 140},
    {"container_cpu_cfs_throttled_periods_total", kCount, 1e3, 0.4},
    {"container_cpu_cfs_throttled_seconds_total", kSeconds, 90, 0.02},
    {"container_cpu_system_seconds_total", kSeconds, 2e3, 0.3},
    {"container_cpu_usage_seconds_total", kSeconds, 9e3, 1.3},
    {"container_cpu_user_seconds_total", kSeconds, 7e3, 1},
    {"container_file_descriptors", kGaugeWhole, 52, 12},
    {"container_last_seen", kCount, 1.7e9, 15},
    {"container_memory_cache", kGaugePages, 3e7, 4e6},
    {"container_memory_failcnt", kConstant, 0, 0},
    {"container_memory_mapped_file", kConstant, 8110080, 0},
    {"container_memory_max_usage_bytes", kConstant, 212852736, 0},
    {"container_memory_rss", kGaugePages, 1.1e8, 2e7},
    {"container_memory_swap", kConstant, 0, 0},
    {"container_memory_usage_bytes", kGaugePages, 1.5e8, 2e7},
    {"container_memory_working_set_bytes", kGaugePages, 1.3e8, 2e7},
    {"container_oom_events_total", kConstant, 0, 0},
    {"container_processes", kConstant, 1, 0},
    {"container_sockets", kGaugeWhole, 34, 9},
    {"container_spec_cpu_period", kConstant, 100000, 0},
    {"container_spec_cpu_quota", kConstant, 200000, 0},
    {"container_spec_cpu_shares", kConstant, 512, 0},
    {"container_spec_memory_limit_bytes", kConstant, 536870912, 0},
    {"container_spec_memory_reservation_limit_bytes", kConstant, 0, 0},
    {"container_start_time_seconds", kConstant, 1.7e9, 0},
    {"container_threads", kConstant, 14, 0},
    {"container_threads_max", kConstant, 30000, 0},
};

constexpr PlainMetric kNetwork[] = {
    {"container_network_receive_bytes_total", kCount, 8e10, 3e6},
    {"container_network_receive_errors_total", kConstant, 0, 0},
    {"container_network_receive_packets_dropped_total", kConstant, 0, 0},
    {"container_network_receive_packets_total", kCount, 9e7, 4e3},
    {"container_network_transmit_bytes_total", kCount, 9e10, 4e6},
    {"container_network_transmit_errors_total", kConstant, 0, 0},
    {"container_network_transmit_packets_dropped_total", kConstant, 0, 0},
    {"container_network_transmit_packets_total", kCount, 9e7, 4e3},
};

constexpr PlainMetric kDisk[] = {
    {"container_fs_limit_bytes", kConstant, 85886742528, 0}, {"container_fs_reads_bytes_total", kCount, 6e7, 0.2},
    {"container_fs_reads_total", kCount, 2e3, 0.01},         {"container_fs_usage_bytes", kGaugePages, 5e5, 1e5},
    {"container_fs_writes_bytes_total", kCount, 3e8, 9e3},   {"container_fs_writes_total", kCount, 7e4, 2},
};

constexpr std::string_view kPhases[] = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
constexpr std::string_view kConditions[] = {"true", "false", "unknown"};
constexpr std::string_view kWaitingReasons[] = {"CrashLoopBackOff", "ImagePullBackOff", "ContainerCreating"};

/// One of `names` is 1, the others 0, as kube-state-metrics shows an enumeration.
void add_enumeration(BlockBuilder& block, std::string_view metric, std::string_view label,
                     std::span<const std::string_view> names, std::string_view current) {
  for (const std::string_view name : names) {
    block.add(metric, {{std::string(label), std::string(name)}}, {.start = name == current ? 1.0 : 0.0});
  }
}

}  // namespace

void add_cadvisor_series(BlockBuilder& block, const Workload& workload, const Pod& pod, uint64_t seed) {
  Random random(mix64(seed, 'c'));
  const std::string slice =
      fmt::format("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{}.slice", pod.uid);
  const std::string scope = fmt::format("{}/cri-containerd-{}.scope", slice, pod.container_id);
  add_plain(block, kContainer, {{"id", scope}, {"image", workload.image}, {"name", pod.container_id}}, random);
  add_plain(block, kDisk, {{"device", "/dev/nvme0n1p1"}, {"id", scope}}, random);
  // The network belongs to the pod, not to one of its containers.
  block.set_common("container", "");
  add_plain(block, kNetwork, {{"id", slice}, {"interface", "eth0"}}, random);
}

void add_kube_state_series(BlockBuilder& block, const Workload& workload, const Pod& pod, const Node& node,
                           uint64_t seed) {
  Random random(mix64(seed, 'k'));
  block.set_common("uid", pod.uid);
  block.add("kube_pod_info", {{"host_ip", node.ip}, {"pod_ip", pod.ip}}, {.start = 1});
  block.add("kube_pod_owner",
            {{"owner_kind", "ReplicaSet"}, {"owner_name", workload.name + "-" + workload.replica_set}}, {.start = 1});
  block.add("kube_pod_start_time", {}, {.start = 1.7e9 + static_cast<double>(random.below(10'000'000))});
  block.add("kube_pod_created", {}, {.start = 1.7e9 + static_cast<double>(random.below(10'000'000))});
  add_enumeration(block, "kube_pod_status_phase", "phase", kPhases, "Running");
  add_enumeration(block, "kube_pod_status_ready", "condition", kConditions, "true");
  add_enumeration(block, "kube_pod_status_scheduled", "condition", kConditions, "true");
  block.add("kube_pod_container_info",
            {{"image", workload.image}, {"container_id", "containerd://" + pod.container_id}}, {.start = 1});
  for (const std::string_view metric : {"kube_pod_container_status_ready", "kube_pod_container_status_running"}) {
    block.add(metric, {}, {.start = 1});
  }
  block.add("kube_pod_container_status_terminated", {}, {});
  block.add("kube_pod_container_status_restarts_total", {}, {.start = static_cast<double>(random.below(4))});
  add_enumeration(block, "kube_pod_container_status_waiting_reason", "reason", kWaitingReasons, "");
  for (const std::string_view metric : {"kube_pod_container_resource_requests", "kube_pod_container_resource_limits"}) {
    block.add(metric, {{"resource", "cpu"}, {"unit", "core"}}, {.start = 0.5});
    block.add(metric, {{"resource", "memory"}, {"unit", "byte"}}, {.start = 536870912});
  }
}

}  // namespace sluice::bench
