#include "bench/fleet.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/check.h"
#include "bench/random.h"
#include "model/sample.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kPodsPerWorkload = 6;
/// How far a scrape's end strays from its beginning, of the interval: neighbours change places.
constexpr double kScrapeJitter = 0.05;

}  // namespace

Fleet::Fleet(const LoadOptions& options) : options_(options) {
  const uint64_t pods = options_.series / kSeriesPerPodTypical + 1;
  const uint64_t nodes = pods / kPodsPerNode + 1;
  for (uint64_t i = 0; i < nodes; ++i) nodes_.push_back(make_node(options_.seed, i));
  targets_.push_back({.kind = Kind::kKubeState});
  while (active_ < options_.series) add_pod();

  replacement_order_.resize(pods_.size());
  std::iota(replacement_order_.begin(), replacement_order_.end(), 0);
  Random random(mix64(options_.seed, 'r'));
  for (size_t i = pods_.size(); i > 1; --i) std::swap(replacement_order_[i - 1], replacement_order_[random.below(i)]);
}

void Fleet::add_node(uint64_t index) {
  kubelet_of_node_.push_back(targets_.size());
  targets_.push_back({.kind = Kind::kCadvisor, .index = index});
  targets_.push_back({.kind = Kind::kNode, .index = index});
  add_slot(targets_.back(), Kind::kNode, index);
}

void Fleet::add_pod() {
  const uint64_t pod = pods_.size();
  const uint64_t workload = pod / kPodsPerWorkload;
  if (workload == workloads_.size()) workloads_.push_back(make_workload(options_.seed, workload));
  const uint64_t node = pod % nodes_.size();
  pods_.push_back({.workload = workload, .node = node});
  if (node == kubelet_of_node_.size()) add_node(node);

  application_of_pod_.push_back(targets_.size());
  targets_.push_back({.kind = Kind::kApplication, .index = pod});
  add_slot(targets_.back(), Kind::kApplication, pod);
  Target& kubelet = targets_[kubelet_of_node_[node]];
  kubelet_slot_of_pod_.push_back(kubelet.slots.size());
  add_slot(kubelet, Kind::kCadvisor, pod);
  add_slot(targets_.front(), Kind::kKubeState, pod);
}

void Fleet::add_slot(Target& target, Kind kind, uint64_t index) {
  auto block = build(kind, index, options_.series - active_);
  active_ += block->size();
  target.slots.push_back({.current = std::move(block)});
}

std::unique_ptr<const SeriesBlock> Fleet::build(Kind kind, uint64_t index, size_t series_max) {
  auto block = std::make_unique<SeriesBlock>(next_ref_, scrape_);
  const auto fill = [&](LabelPairs labels, uint64_t seed, const auto& add) {
    BlockBuilder builder(*block, std::move(labels), seed, series_max);
    add(builder, seed);
  };
  if (kind == Kind::kNode) {
    const Node& node = nodes_[index];
    fill(target_labels("node-exporter", "monitoring", "node-exporter-" + node.name, "node-exporter", node.ip + ":9100",
                       node.name),
         mix64(options_.seed, index, 'N'),
         [](BlockBuilder& builder, uint64_t seed) { add_node_series(builder, seed); });
  } else {
    const PodSlot& slot = pods_[index];
    const Workload& workload = workloads_[slot.workload];
    const Node& node = nodes_[slot.node];
    const Pod pod = make_pod(options_.seed, workload, index, slot.generation);
    const uint64_t seed = mix64(options_.seed, index, slot.generation);
    const auto labels = [&](std::string_view job, std::string_view instance) {
      return target_labels(job, workload.kube_namespace, pod.name, workload.name, instance, node.name);
    };
    switch (kind) {
      case Kind::kApplication:
        fill(labels(workload.name, pod.ip + ":8080"), seed,
             [&](BlockBuilder& builder, uint64_t s) { add_application_series(builder, workload, s); });
        break;
      case Kind::kCadvisor:
        fill(labels("kubelet", node.ip + ":10250"), seed,
             [&](BlockBuilder& builder, uint64_t s) { add_cadvisor_series(builder, workload, pod, s); });
        break;
      default:
        fill(labels("kube-state-metrics", "10.128.0.7:8443"), seed,
             [&](BlockBuilder& builder, uint64_t s) { add_kube_state_series(builder, workload, pod, node, s); });
    }
  }
  next_ref_ += block->size();
  return block;
}

void Fleet::replace(Slot& slot, Kind kind, uint64_t pod) {
  const size_t size = slot.current->size();
  slot.retired = std::exchange(slot.current, build(kind, pod, size));
  SLUICE_CHECK(slot.current->size() == size, "a replaced pod shows as many series as the one before");
}

void Fleet::replace_pods() {
  if (scrape_ == 0 || scrape_ % options_.churn_scrapes != 0 || options_.churn_fraction == 0) return;
  const auto wanted = std::lround(options_.churn_fraction * static_cast<double>(pods_.size()));
  const auto count = static_cast<uint64_t>(std::max(1L, wanted));
  for (uint64_t i = 0; i < std::min<uint64_t>(count, pods_.size()); ++i) {
    const uint64_t pod = replacement_order_[replaced_++ % pods_.size()];
    PodSlot& slot = pods_[pod];
    ++slot.generation;
    replace(targets_[application_of_pod_[pod]].slots.front(), Kind::kApplication, pod);
    replace(targets_[kubelet_of_node_[slot.node]].slots[kubelet_slot_of_pod_[pod]], Kind::kCadvisor, pod);
    replace(targets_.front().slots[pod], Kind::kKubeState, pod);
  }
}

int64_t Fleet::offset_of(size_t target) const {
  return static_cast<int64_t>(mix64(options_.seed, target, 'o') % static_cast<uint64_t>(options_.interval_ms));
}

std::vector<size_t> Fleet::scrape_order() const {
  std::vector<std::pair<double, size_t>> ends;
  ends.reserve(targets_.size());
  for (size_t i = 0; i < targets_.size(); ++i) {
    const double jitter =
        to_unit(mix64(options_.seed, i, scrape_)) * kScrapeJitter * static_cast<double>(options_.interval_ms);
    ends.emplace_back(static_cast<double>(offset_of(i)) + jitter, i);
  }
  std::ranges::sort(ends);
  std::vector<size_t> order;
  order.reserve(ends.size());
  for (const auto& [end, target] : ends) order.push_back(target);
  return order;
}

void Fleet::scrape_target(const Target& target, int64_t offset_ms, SampleConsumer& consumer) const {
  OutgoingSample sample;
  sample.t_ms = options_.first_scrape_ms + int64_t{scrape_} * options_.interval_ms + offset_ms;
  sample.due_ms = int64_t{scrape_} * options_.pace_ms + offset_ms * options_.pace_ms / options_.interval_ms;
  for (const Slot& slot : target.slots) {
    if (slot.retired) {
      sample.value = model::stale_nan();
      for (size_t i = 0; i < slot.retired->size(); ++i) {
        sample.ref = slot.retired->first_ref() + i;
        sample.labels = slot.retired->labels(i);
        consumer.add(sample);
      }
    }
    for (size_t i = 0; i < slot.current->size(); ++i) {
      sample.ref = slot.current->first_ref() + i;
      sample.labels = slot.current->labels(i);
      sample.value = slot.current->value(i, scrape_);
      consumer.add(sample);
    }
  }
}

void Fleet::scrape(SampleConsumer& consumer) {
  SLUICE_CHECK(scrape_ < options_.scrapes, "no more scrapes than were asked for");
  replace_pods();
  for (const size_t target : scrape_order()) {
    scrape_target(targets_[target], offset_of(target), consumer);
    for (Slot& slot : targets_[target].slots) slot.retired.reset();
  }
  ++scrape_;
}

}  // namespace sluice::bench
