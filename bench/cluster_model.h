#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bench/random.h"

namespace sluice::bench {

/// What one pretend team runs: its pods share names and routes, so label values repeat as they do in a cluster.
struct Workload {
  std::string name;        ///< "checkout-api"
  std::string kube_namespace;  ///< "shop"
  std::string image;       ///< with digest
  std::vector<std::string> handlers;     ///< HTTP routes
  std::vector<std::string> grpc_methods;
  std::vector<std::string> tables;       ///< of its database
  std::string replica_set;               ///< the suffix its pods share
};

struct Node {
  std::string name;
  std::string ip;
};

/// One life of a pod: a replaced pod has another name, uid and address.
struct Pod {
  std::string name;
  std::string uid;
  std::string ip;
  std::string container_id;
};

/// The `index`-th of each kind; pure functions of their arguments.
Workload make_workload(uint64_t seed, uint64_t index);
Node make_node(uint64_t seed, uint64_t index);
Pod make_pod(uint64_t seed, const Workload& workload, uint64_t slot, uint32_t generation);

/// `digits` lower-case hexadecimal digits.
std::string random_hex(Random& random, size_t digits);

}  // namespace sluice::bench
