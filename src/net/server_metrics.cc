#include "net/server_metrics.h"

#include <algorithm>

namespace sluice::net {
namespace {

constexpr const char* kSourceRefused = "sluice_http_source_limited_total";
constexpr const char* kSourceRefusedHelp = "Connections and requests refused because of their source's limit.";

}  // namespace

ServerMetrics::ServerMetrics(MetricRegistry& registry, std::string listener)
    : connections(registry.gauge("sluice_http_connections", "Open connections.", {{"listener", listener}})),
      in_flight(registry.gauge("sluice_http_requests_in_flight", "Handlers running.", {{"listener", listener}})),
      connections_given_up(registry.counter("sluice_http_connections_given_up_total",
                                            "Idle or slow connections closed to let others in.",
                                            {{"listener", listener}})),
      source_connections_refused(
          registry.counter(kSourceRefused, kSourceRefusedHelp, {{"limit", "connections"}, {"listener", listener}})),
      source_in_flight_refused(
          registry.counter(kSourceRefused, kSourceRefusedHelp, {{"limit", "in_flight"}, {"listener", listener}})),
      request_seconds(registry.histogram("sluice_http_request_seconds", "Time from the complete request to the answer.",
                                         {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30},
                                         {{"listener", listener}})),
      registry_(registry), listener_(std::move(listener)) {}

void ServerMetrics::certificate_not_after(int64_t at_s) {
  registry_
      .gauge("sluice_tls_certificate_not_after_seconds", "Unix time at which the certificate in use expires.",
             {{"listener", listener_}})
      .set(static_cast<double>(at_s));
}

Counter& ServerMetrics::counter(Counters& counters, const char* name, const char* help, int status) {
  const int known = std::clamp(status, kStatusMin, kStatusMax);
  auto& slot = counters[static_cast<size_t>(known - kStatusMin)];
  Counter* counter = slot.load(std::memory_order_acquire);
  if (!counter) {
    // Twice at worst, with the same answer: the registry hands out one counter for each set of labels.
    counter = &registry_.counter(name, help, {{"code", std::to_string(known)}, {"listener", listener_}});
    slot.store(counter, std::memory_order_release);
  }
  return *counter;
}

}  // namespace sluice::net
