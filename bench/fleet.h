#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "bench/catalogue.h"
#include "bench/cluster_model.h"
#include "bench/load_options.h"
#include "bench/series_block.h"

namespace sluice::bench {

/// One sample on its way. `labels` is encoded as SeriesBlock has it and lives until the call returns.
struct OutgoingSample {
  uint64_t ref = 0;         ///< numbers the series, as Prometheus' head does
  std::string_view labels;
  TimestampMs t_ms = 0;
  double value = 0;
  int64_t due_ms = 0;       ///< when it is scraped, counted from the beginning of the first scrape in paced time
};

class SampleConsumer {
 public:
  virtual ~SampleConsumer() = default;
  virtual void add(const OutgoingSample& sample) = 0;
};

/// A pretend cluster and the Prometheus that scrapes it: pods on nodes, and targets that show their series.
///
///  1. Exactly LoadOptions::series series are active in each scrape, and each has one sample in it.
///  2. A target keeps its offset within the interval, so that a series' timestamps are an interval apart; scrapes do
///     not finish in the order in which they begin, so the order of the targets is another one in each scrape.
///  3. A replaced pod's series end with a stale marker, as Prometheus writes it; the new pod's begin in the same
///     scrape, with other labels and refs.
///
/// One thread owns it. Scrapes are asked for in order.
class Fleet {
 public:
  explicit Fleet(const LoadOptions& options);

  /// Gives the samples of the next scrape to `consumer` in the order in which they are scraped.
  void scrape(SampleConsumer& consumer);

  uint64_t series_created() const { return next_ref_; }  ///< so far, replaced ones included
  size_t target_count() const { return targets_.size(); }
  size_t pod_count() const { return pods_.size(); }

 private:
  enum class Kind : uint8_t { kApplication, kCadvisor, kKubeState, kNode };
  struct Slot {
    std::unique_ptr<const SeriesBlock> current;
    std::unique_ptr<const SeriesBlock> retired;  ///< owes its stale markers
  };
  struct Target {
    Kind kind = Kind::kApplication;
    uint64_t index = 0;  ///< of the pod or node
    std::vector<Slot> slots;
  };
  struct PodSlot {
    uint64_t workload = 0;
    uint64_t node = 0;
    uint32_t generation = 0;
  };

  void add_node(uint64_t index);
  void add_pod();
  /// Builds the block of a pod or node on a kind of target, of at most `series_max` series.
  std::unique_ptr<const SeriesBlock> build(Kind kind, uint64_t index, size_t series_max);
  void add_slot(Target& target, Kind kind, uint64_t index);
  void replace_pods();
  void replace(Slot& slot, Kind kind, uint64_t pod);
  int64_t offset_of(size_t target) const;
  std::vector<size_t> scrape_order() const;
  void scrape_target(const Target& target, int64_t offset_ms, SampleConsumer& consumer) const;

  const LoadOptions options_;
  uint64_t next_ref_ = 0;
  uint64_t active_ = 0;
  uint32_t scrape_ = 0;
  uint64_t replaced_ = 0;
  std::vector<uint64_t> replacement_order_;     ///< of pods, shuffled: each once before any twice
  std::vector<Workload> workloads_;
  std::vector<Node> nodes_;
  std::vector<PodSlot> pods_;
  std::vector<Target> targets_;                 ///< [0] is kube-state-metrics
  std::vector<size_t> kubelet_of_node_;         ///< index into targets_
  std::vector<size_t> application_of_pod_;      ///< index into targets_
  std::vector<size_t> kubelet_slot_of_pod_;     ///< index into the kubelet's slots
};

}  // namespace sluice::bench
