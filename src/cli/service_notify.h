#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/environment.h"

namespace sluice::cli {

/// Tells systemd how this service is doing: datagrams to the socket that NOTIFY_SOCKET names, as sd_notify(3) describes
/// them. Without that variable every call does nothing. A message that cannot be sent is dropped: the service matters
/// more than its manager. Thread-safe.
class ServiceNotifier {
 public:
  /// Reads NOTIFY_SOCKET (a path, or '@' and a name of the abstract namespace), WATCHDOG_USEC and WATCHDOG_PID.
  explicit ServiceNotifier(const Environment& environment);
  ~ServiceNotifier();
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  bool is_active() const { return socket_ >= 0; }
  void ready(std::string_view status);  ///< READY=1: started, or done with reloading
  void status(std::string_view status);  ///< STATUS=, one line for people
  void reloading();  ///< RELOADING=1 with MONOTONIC_USEC; ready() ends it
  void stopping();  ///< STOPPING=1
  void alive();  ///< WATCHDOG=1
  /// How often alive() is to be called: half of what the manager allows. nullopt when nobody watches.
  std::optional<std::chrono::milliseconds> watchdog_interval() const { return watchdog_interval_; }

 private:
  void send(std::string_view message);

  int socket_ = -1;
  std::string address_;  ///< as bytes of sockaddr_un::sun_path
  std::optional<std::chrono::milliseconds> watchdog_interval_;
};

}  // namespace sluice::cli
