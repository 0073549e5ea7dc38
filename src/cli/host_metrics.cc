#include "cli/host_metrics.h"

#include <array>
#include <fstream>
#include <sstream>

namespace sluice::cli {

namespace {

using LabelList = std::vector<std::pair<std::string, std::string>>;

/// /proc/stat counts in clock ticks, which Linux shows to programs as 100 a second (USER_HZ).
constexpr double kTicksPerSecond = 100;
constexpr double kBytesPerSector = 512;  // /proc/diskstats, whatever the disk's own sector size

class Collector {
 public:
  Collector(std::string proc_path, TimestampMs now_ms, const LabelList& common)
      : proc_path_(std::move(proc_path)), now_ms_(now_ms), common_(common) {}

  void load() {
    std::ifstream file(proc_path_ + "/loadavg");
    double one = 0, five = 0, fifteen = 0;
    if (file >> one >> five >> fifteen) {
      add("node_load1", one);
      add("node_load5", five);
      add("node_load15", fifteen);
    }
  }

  void memory() {
    for (std::ifstream file(proc_path_ + "/meminfo"); std::getline(file, line_);) {
      const size_t colon = line_.find(':');
      if (colon == std::string::npos) continue;
      std::istringstream rest(line_.substr(colon + 1));
      double value = 0;
      std::string unit;
      if (!(rest >> value)) continue;
      rest >> unit;
      std::string name = line_.substr(0, colon);
      for (char& c : name) {
        if (c == '(') c = '_';
      }
      std::erase(name, ')');
      add("node_memory_" + name + (unit == "kB" ? "_bytes" : ""), unit == "kB" ? value * 1024 : value);
    }
  }

  void cpu() {
    static constexpr std::array kModes = {"user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal"};
    for (std::ifstream file(proc_path_ + "/stat"); std::getline(file, line_);) {
      std::istringstream fields(line_);
      std::string name;
      fields >> name;
      if (name == "ctxt" || name == "processes" || name == "btime") {
        double value = 0;
        fields >> value;
        add(name == "ctxt"        ? "node_context_switches_total"
            : name == "processes" ? "node_forks_total"
                                  : "node_boot_time_seconds",
            value);
      }
      if (!name.starts_with("cpu") || name == "cpu") continue;
      for (const char* mode : kModes) {
        double ticks = 0;
        if (fields >> ticks)
          add("node_cpu_seconds_total", ticks / kTicksPerSecond, {{"cpu", name.substr(3)}, {"mode", mode}});
      }
    }
  }

  void network() {
    for (std::ifstream file(proc_path_ + "/net/dev"); std::getline(file, line_);) {
      const size_t colon = line_.find(':');
      if (colon == std::string::npos) continue;
      std::istringstream names(line_.substr(0, colon));
      std::string device;
      names >> device;
      std::istringstream rest(line_.substr(colon + 1));
      std::array<double, 16> fields{};  // 8 of receiving, then 8 of sending
      for (double& field : fields) rest >> field;
      if (!rest) continue;
      add("node_network_receive_bytes_total", fields[0], {{"device", device}});
      add("node_network_receive_packets_total", fields[1], {{"device", device}});
      add("node_network_transmit_bytes_total", fields[8], {{"device", device}});
      add("node_network_transmit_packets_total", fields[9], {{"device", device}});
    }
  }

  void disks() {
    for (std::ifstream file(proc_path_ + "/diskstats"); std::getline(file, line_);) {
      std::istringstream fields(line_);
      std::string major, minor, device;
      double reads = 0, reads_merged = 0, sectors_read = 0, read_ms = 0, writes = 0, writes_merged = 0,
             sectors_written = 0;
      if (!(fields >> major >> minor >> device >> reads >> reads_merged >> sectors_read >> read_ms >> writes >>
            writes_merged >> sectors_written))
        continue;
      add("node_disk_reads_completed_total", reads, {{"device", device}});
      add("node_disk_read_bytes_total", sectors_read * kBytesPerSector, {{"device", device}});
      add("node_disk_writes_completed_total", writes, {{"device", device}});
      add("node_disk_written_bytes_total", sectors_written * kBytesPerSector, {{"device", device}});
    }
  }

  std::vector<wire::OutgoingSeries> take() { return std::move(series_); }

 private:
  void add(const std::string& name, double value, LabelList labels = {}) {
    labels.emplace_back("__name__", name);
    labels.insert(labels.end(), common_.begin(), common_.end());
    series_.push_back({model::Labels::from(std::move(labels)), {{now_ms_, value}}});
  }

  std::string proc_path_;
  TimestampMs now_ms_;
  const LabelList& common_;
  std::string line_;
  std::vector<wire::OutgoingSeries> series_;
};

}  // namespace

std::vector<wire::OutgoingSeries> HostMetrics::collect(TimestampMs now_ms, const LabelList& common) const {
  Collector collector(proc_path_, now_ms, common);
  collector.load();
  collector.memory();
  collector.cpu();
  collector.network();
  collector.disks();
  return collector.take();
}

}  // namespace sluice::cli
