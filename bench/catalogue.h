#pragma once

#include <cstdint>

#include "bench/cluster_model.h"
#include "bench/series_block.h"

/// What is scraped in a cluster that runs kube-prometheus: each function fills a block with the series of one pod or
/// node on one kind of target. With the labels that such an installation adds, every series has 11 to 14 labels, its
/// name among them. Pure functions of their arguments.
namespace sluice::bench {

/// The labels that every series of a target carries: external ones, and those of service discovery.
LabelPairs target_labels(std::string_view job, std::string_view kube_namespace, std::string_view pod,
                         std::string_view container, std::string_view instance, std::string_view node);

/// A service written in Go: runtime, HTTP, gRPC and database metrics; mostly histogram buckets. 11 to 14 labels.
void add_application_series(BlockBuilder& block, const Workload& workload, uint64_t seed);
/// What the kubelet's cAdvisor says of one pod: CPU, memory, network, disk. 12 to 14 labels.
void add_cadvisor_series(BlockBuilder& block, const Workload& workload, const Pod& pod, uint64_t seed);
/// What kube-state-metrics says of one pod: almost all of it constant. 12 to 14 labels.
void add_kube_state_series(BlockBuilder& block, const Workload& workload, const Pod& pod, const Node& node,
                           uint64_t seed);
/// The node exporter of one node. 11 to 14 labels.
void add_node_series(BlockBuilder& block, uint64_t seed);

/// Rough number of series that a pod adds, its share of its node's included: for sizing a cluster, no promise.
inline constexpr uint64_t kSeriesPerPodTypical = 350;
inline constexpr uint64_t kPodsPerNode = 20;

}  // namespace sluice::bench
