#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

#include "base/metrics.h"

namespace sluice::net {

/// The self-metrics of one listener. Thread-safe.
class ServerMetrics {
 public:
  ServerMetrics(MetricRegistry& registry, std::string listener);

  Gauge& connections;
  Gauge& in_flight;
  Counter& connections_given_up;      ///< closed unanswered to let others in
  Counter& source_connections_refused;  ///< closed at once: its source has as many as it may
  Counter& source_in_flight_refused;    ///< answered 503: its client has as many as it may
  HistogramMetric& request_seconds;  ///< from the complete request to the handler's answer
  /// The end of the certificate's validity, in Unix seconds; the metric exists once there is one.
  void certificate_not_after(int64_t at_s);
  void count_request(int status) { counter(requests_, "sluice_http_requests_total", kRequestsHelp, status).add(); }
  void count_refusal(int status) { counter(refused_, "sluice_http_refused_total", kRefusedHelp, status).add(); }

 private:
  static constexpr int kStatusMin = 100;
  static constexpr int kStatusMax = 599;
  static constexpr const char* kRequestsHelp = "Answers given by handlers, by HTTP status.";
  static constexpr const char* kRefusedHelp = "Requests refused before any handler saw them, by HTTP status.";
  using Counters = std::array<std::atomic<Counter*>, kStatusMax - kStatusMin + 1>;

  Counter& counter(Counters& counters, const char* name, const char* help, int status);

  MetricRegistry& registry_;
  std::string listener_;
  Counters requests_{};
  Counters refused_{};
};

}  // namespace sluice::net
