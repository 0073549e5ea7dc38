#include "cli/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstring>
#include <ctime>

#include <fmt/core.h>

#include "base/encoding.h"

namespace sluice::cli {

namespace {

constexpr size_t kStatusBytesMax = 300;

std::optional<uint64_t> number(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  uint64_t value = 0;
  const auto [end, status] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (status != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return value;
}

/// systemd sets the variables for one process; a child that inherits them is not meant.
bool is_for_us(const std::optional<std::string>& pid) {
  return !pid || number(pid) == static_cast<uint64_t>(::getpid());
}

uint64_t monotonic_us() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1'000'000 + static_cast<uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

ServiceNotifier::ServiceNotifier(const Environment& environment) {
  const auto address = environment("NOTIFY_SOCKET");
  if (!address || address->size() < 2 || address->size() >= sizeof(sockaddr_un::sun_path)) return;
  if (address->front() != '/' && address->front() != '@') return;
  address_ = *address;
  if (address_.front() == '@') address_.front() = '\0';
  socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto watchdog_us = number(environment("WATCHDOG_USEC"));
  if (watchdog_us && *watchdog_us > 0 && is_for_us(environment("WATCHDOG_PID"))) {
    watchdog_interval_ = std::chrono::milliseconds(std::max<uint64_t>(*watchdog_us / 2'000, 1));
  }
}

ServiceNotifier::~ServiceNotifier() {
  if (socket_ >= 0) ::close(socket_);
}

void ServiceNotifier::ready(std::string_view status) {
  send(fmt::format("READY=1\nSTATUS={}", printable(status, kStatusBytesMax)));
}

void ServiceNotifier::status(std::string_view status) {
  send(fmt::format("STATUS={}", printable(status, kStatusBytesMax)));
}

void ServiceNotifier::reloading() { send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", monotonic_us())); }

void ServiceNotifier::stopping() { send("STOPPING=1"); }

void ServiceNotifier::alive() { send("WATCHDOG=1"); }

void ServiceNotifier::send(std::string_view message) {
  if (socket_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  // An abstract name has no end mark: its length counts. A path's may be counted without its end mark too.
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  [[maybe_unused]] const ssize_t sent = ::sendto(socket_, message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                                 reinterpret_cast<const sockaddr*>(&to), length);
}

}  // namespace sluice::cli
