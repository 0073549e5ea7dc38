#include "bench/cluster_model.h"

#include <span>
#include <string_view>

#include <fmt/format.h>

namespace sluice::bench {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kNamespaces[] = {"shop",      "payments", "logistics", "identity",  "search",  "media",
                                            "analytics", "billing",  "platform",  "messaging", "catalog", "risk"};
constexpr std::string_view kSubjects[] = {
    "checkout", "cart",  "invoice", "ledger", "shipment", "tracking", "account", "session", "query", "ranking",
    "image",    "video", "report",  "event",  "profile",  "product",  "pricing", "coupon",  "fraud", "notification"};
constexpr std::string_view kRoles[] = {"api", "worker", "gateway", "backend", "indexer", "sync", "stream", "cache"};
constexpr std::string_view kActions[] = {"",       "/search", "/status", "/history",
                                         "/items", "/export", "/batch",  "/validate"};
constexpr std::string_view kRpcs[] = {"Get", "List", "Create", "Update", "Delete", "Watch", "Check", "Resolve"};
constexpr std::string_view kTables[] = {"orders", "order_lines", "customers", "addresses", "stock",
                                        "prices", "events",      "outbox",    "tokens",    "audit"};
/// The letters that Kubernetes makes pod suffixes of: no vowels, so no words.
constexpr std::string_view kSuffixLetters = "bcdfghjklmnpqrstvwxz2456789";

std::string random_suffix(Random& random, size_t length) {
  std::string suffix;
  for (size_t i = 0; i < length; ++i) suffix += kSuffixLetters[random.below(kSuffixLetters.size())];
  return suffix;
}

std::string random_uuid(Random& random) {
  const std::string hex = random_hex(random, 32);
  const std::string_view h = hex;
  return fmt::format("{}-{}-4{}-a{}-{}", h.substr(0, 8), h.substr(8, 4), h.substr(13, 3), h.substr(17, 3),
                     h.substr(20));
}

}  // namespace

std::string random_hex(Random& random, size_t digits) {
  std::string hex;
  while (hex.size() < digits) hex += fmt::format("{:016x}", random.next());
  hex.resize(digits);
  return hex;
}

Workload make_workload(uint64_t seed, uint64_t index) {
  Random random(mix64(seed, index, 'w'));
  Workload workload;
  const std::string_view subject = random.pick(Words(kSubjects));
  workload.name = fmt::format("{}-{}", subject, random.pick(Words(kRoles)));
  // Two teams may choose the same words; their deployments still differ.
  if (random.chance(0.5)) workload.name += fmt::format("-v{}", random.between(1, 3));
  workload.kube_namespace = random.pick(Words(kNamespaces));
  workload.image = fmt::format("registry.example.com/{}/{}@sha256:{}", workload.kube_namespace, workload.name,
                               random_hex(random, 64));
  const uint64_t handlers = random.between(2, 6);
  for (uint64_t i = 0; i < handlers; ++i) {
    workload.handlers.push_back(
        fmt::format("/api/v{}/{}{}", random.between(1, 2), random.pick(Words(kSubjects)), kActions[i]));
  }
  const uint64_t methods = random.below(4);
  for (uint64_t i = 0; i < methods; ++i) workload.grpc_methods.push_back(fmt::format("{}{}", kRpcs[i], subject));
  const uint64_t tables = random.below(3);
  const uint64_t first_table = random.below(std::size(kTables));
  for (uint64_t i = 0; i < tables; ++i) {
    workload.tables.emplace_back(kTables[(first_table + i) % std::size(kTables)]);
  }
  workload.replica_set = random_suffix(random, 10);
  return workload;
}

Node make_node(uint64_t seed, uint64_t index) {
  Random random(mix64(seed, index, 'n'));
  const uint64_t low = random.between(2, 250);
  return {fmt::format("ip-10-{}-{}-{}.eu-central-1.compute.internal", 16 + index / 250, index % 250, low),
          fmt::format("10.{}.{}.{}", 16 + index / 250, index % 250, low)};
}

Pod make_pod(uint64_t seed, const Workload& workload, uint64_t slot, uint32_t generation) {
  Random random(mix64(seed, slot, uint64_t{generation} << 8 | 'p'));
  Pod pod;
  pod.name = fmt::format("{}-{}-{}", workload.name, workload.replica_set, random_suffix(random, 5));
  pod.uid = random_uuid(random);
  pod.ip = fmt::format("10.{}.{}.{}", random.between(128, 191), random.below(256), random.between(2, 254));
  pod.container_id = random_hex(random, 64);
  return pod;
}

}  // namespace sluice::bench
