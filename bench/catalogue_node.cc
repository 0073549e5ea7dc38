#include <fmt/format.h>

#include "bench/catalogue.h"

namespace sluice::bench {
namespace {

using enum ValueKind;

constexpr size_t kCores = 8;
constexpr std::string_view kModes[] = {"idle", "iowait", "irq", "nice", "softirq", "steal", "system", "user"};
constexpr std::string_view kMemoryFields[] = {"Active",      "Active_anon",  "Active_file",  "AnonPages", "Buffers",
                                              "Cached",      "CommitLimit",  "Committed_AS", "Dirty",     "Inactive",
                                              "KernelStack", "Mapped",       "MemAvailable", "MemFree",   "MemTotal",
                                              "PageTables",  "SReclaimable", "SUnreclaim",   "Shmem",     "Slab",
                                              "SwapFree",    "SwapTotal",    "Unevictable",  "Writeback"};
constexpr std::string_view kDisks[] = {"nvme0n1", "nvme1n1"};
constexpr std::string_view kDiskCounters[] = {
    "io_time_seconds_total",    "read_bytes_total",       "read_time_seconds_total", "reads_completed_total",
    "write_time_seconds_total", "writes_completed_total", "written_bytes_total"};
constexpr std::string_view kInterfaces[] = {"eth0", "cni0", "lo"};
constexpr std::string_view kInterfaceCounters[] = {
    "receive_bytes_total",  "receive_drop_total",  "receive_errs_total",  "receive_packets_total",
    "transmit_bytes_total", "transmit_drop_total", "transmit_errs_total", "transmit_packets_total"};
constexpr std::string_view kMounts[] = {"/", "/boot/efi", "/run", "/var/lib/containerd"};
constexpr std::string_view kMountGauges[] = {"avail_bytes", "files",    "files_free",
                                             "free_bytes",  "readonly", "size_bytes"};
constexpr std::string_view kStats[] = {"Tcp_ActiveOpens", "Tcp_CurrEstab",    "Tcp_InSegs",
                                       "Tcp_OutSegs",     "Tcp_PassiveOpens", "Tcp_RetransSegs",
                                       "Udp_InDatagrams", "Udp_OutDatagrams", "Ip_Forwarding"};

void add_processors(BlockBuilder& block, Random& random) {
  for (size_t core = 0; core < kCores; ++core) {
    for (const std::string_view mode : kModes) {
      const double share = mode == "idle"     ? 0.7
                           : mode == "user"   ? 0.2
                           : mode == "system" ? 0.08
                                              : 0.001 * random.unit();
      block.add("node_cpu_seconds_total", {{"cpu", std::to_string(core)}, {"mode", std::string(mode)}},
                {.start = 1e6 * share, .step = static_cast<float>(15 * share), .kind = kSeconds});
    }
  }
}

void add_memory(BlockBuilder& block, Random& random) {
  for (const std::string_view field : kMemoryFields) {
    const bool is_fixed = field.ends_with("Total") || field.ends_with("Limit") || field.starts_with("Swap");
    const double level = 1e8 + random.unit() * 8e9;
    block.add(fmt::format("node_memory_{}_bytes", field), {},
              {.start = level, .step = static_cast<float>(level * 0.05), .kind = is_fixed ? kConstant : kGaugePages});
  }
}

void add_devices(BlockBuilder& block, Random& random) {
  for (const std::string_view disk : kDisks) {
    for (const std::string_view counter : kDiskCounters) {
      const bool is_time = counter.find("seconds") != std::string_view::npos;
      block.add(fmt::format("node_disk_{}", counter), {{"device", std::string(disk)}},
                {.start = 1e6 * random.unit(), .step = is_time ? 0.4F : 3e4F, .kind = is_time ? kSeconds : kCount});
    }
  }
  for (const std::string_view interface : kInterfaces) {
    for (const std::string_view counter : kInterfaceCounters) {
      const bool is_quiet =
          counter.find("drop") != std::string_view::npos || counter.find("errs") != std::string_view::npos;
      block.add(fmt::format("node_network_{}", counter), {{"device", std::string(interface)}},
                {.start = is_quiet ? 0 : 1e10 * random.unit(), .step = is_quiet ? 0 : 5e6F, .kind = kCount});
    }
  }
  for (const std::string_view mount : kMounts) {
    for (const std::string_view gauge : kMountGauges) {
      const bool moves = gauge.find("avail") != std::string_view::npos || gauge.find("free") != std::string_view::npos;
      block.add(fmt::format("node_filesystem_{}", gauge),
                {{"device", "/dev/nvme0n1p1"}, {"fstype", "ext4"}, {"mountpoint", std::string(mount)}},
                {.start = 5e10 * random.unit(), .step = 1e7F, .kind = moves ? kGaugePages : kConstant});
    }
  }
}

}  // namespace

void add_node_series(BlockBuilder& block, uint64_t seed) {
  Random random(mix64(seed, 'n'));
  add_processors(block, random);
  add_memory(block, random);
  add_devices(block, random);
  for (const std::string_view stat : kStats) {
    const bool is_gauge = stat == "Tcp_CurrEstab";
    block.add(fmt::format("node_netstat_{}", stat), {},
              {.start = is_gauge ? 300.0 : 1e8 * random.unit(),
               .step = is_gauge ? 80 : 2e3F,
               .kind = is_gauge ? kGaugeWhole : kCount});
  }
  for (const std::string_view load : {"node_load1", "node_load5", "node_load15"}) {
    block.add(load, {}, {.start = 2, .step = 1.5F, .kind = kGaugeReal});
  }
  block.add("node_context_switches_total", {}, {.start = 8e9, .step = 3e5F, .kind = kCount});
  block.add("node_boot_time_seconds", {}, {.start = 1.7e9});
  block.add("up", {}, {.start = 1});
}

}  // namespace sluice::bench
