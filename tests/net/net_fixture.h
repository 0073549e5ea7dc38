#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/task.h"
#include "crypto/certificate.h"
#include "http/request.h"
#include "net/http_server.h"
#include "net/runtime.h"
#include "support/patience.h"

namespace sluice::net {

using std::chrono::milliseconds;

/// Runs a task to its end and gives its value, from a thread of the test.
template <class T>
T wait_for(Task<T> task) {
  // Shared: the waiter may be gone before set_value() has returned on the other thread.
  const auto promise = std::make_shared<std::promise<T>>();
  auto future = promise->get_future();
  start<T>(std::move(task), [promise](T value) { promise->set_value(std::move(value)); });
  return future.get();
}

/// Answers by a function, on the compute pool; the function may block.
class ScriptedHandler : public http::Handler {
 public:
  using Script = std::function<http::Response(const http::Request&)>;
  explicit ScriptedHandler(Script script) : script_(std::move(script)) {}

  http::Task<http::Response> handle(const http::Request& request) override { co_return script_(request); }
  size_t body_bytes_max(std::string_view, std::string_view, const http::Headers&) const override { return bytes_max; }
  http::Response refuse(const http::Request&, int status, std::string_view reason) override {
    return http::Response::text(status, std::string(reason) + "\n");
  }

  size_t bytes_max = 1 << 20;

 private:
  Script script_;
};

inline http::Response echo(const http::Request& request) {
  return http::Response::text(200, fmt::format("{} {} {}", request.method, request.target, request.body));
}

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "sluice-net-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { std::filesystem::remove_all(path_); }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, std::string_view text) const {
    std::ofstream(path(name), std::ios::binary) << text;
    return path(name);
  }

 private:
  std::string path_;
};

/// An authority and a server certificate of it, as files.
class Certificates {
 public:
  explicit Certificates(std::vector<std::string> names) : names_(std::move(names)) {
    ca_ = crypto::make_ca_certificate(ca_key_, {"test authority", {}, kNow - 60, kNow + 3600}).value();
    ca_file = directory.write("ca.pem", ca_);
    files = {directory.path("cert.pem"), directory.path("key.pem")};
    renew("test server");
  }

  /// Writes another pair over the files.
  void renew(const std::string& common_name, UnixSeconds not_before = kNow - 60, UnixSeconds not_after = kNow + 3600) {
    const auto key = crypto::PrivateKey::generate_ec().value();
    const crypto::CertificateRequest request{common_name, names_, not_before, not_after};
    directory.write("cert.pem", crypto::make_signed_certificate(key, request, ca_, ca_key_).value());
    directory.write("key.pem", key.pem().reveal());
  }

  static inline const UnixSeconds kNow = SystemClock().now_s();
  TemporaryDirectory directory;
  std::string ca_file;
  TlsFiles files;

 private:
  std::vector<std::string> names_;
  crypto::PrivateKey ca_key_ = crypto::PrivateKey::generate_ec().value();
  std::string ca_;
};

/// A client that sends and sees bytes, on loopback.
class RawClient {
 public:
  /// `from` is the client's own address, any of 127.0.0.0/8.
  explicit RawClient(uint16_t port, const char* from = "127.0.0.1") : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    ::inet_pton(AF_INET, from, &to.sin_addr);
    const int on = 1;  // the port is chosen together with the peer, so that more clients than ports fit
    ::setsockopt(socket_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    ::bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  int fd() const { return socket_; }
  bool is_connected() const { return connected_; }
  void close() {
    if (socket_ >= 0) ::close(std::exchange(socket_, -1));
  }
  /// Ends by a reset instead of politely.
  void reset() {
    const linger abruptly{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &abruptly, sizeof abruptly);
    close();
  }
  void end_sending() { ::shutdown(socket_, SHUT_WR); }
  /// False when the peer has gone.
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(socket_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  /// Reads until the peer closes or `timeout` passes; `closed` says which.
  std::string read_all(milliseconds timeout = kPatience, bool* closed = nullptr) {
    std::string text = std::exchange(left_, {});
    read_while([](const std::string&) { return true; }, timeout, text, closed);
    return text;
  }
  /// Reads one answer: header and as much body as Content-Length says.
  std::string read_answer(milliseconds timeout = kPatience) {
    std::string text = std::exchange(left_, {});
    read_while([](const std::string& read) { return answer_size(read) == 0; }, timeout, text, nullptr);
    if (const size_t size = answer_size(text)) {
      left_ = text.substr(size);
      text.resize(size);
    }
    return text;
  }

 private:
  /// The size of the first answer in `text`, 0 while it is incomplete.
  static size_t answer_size(const std::string& text) {
    const size_t end = text.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    const size_t field = text.find("Content-Length: ");
    const size_t length = field < end ? std::stoul(text.substr(field + 16)) : 0;
    return text.size() >= end + 4 + length ? end + 4 + length : 0;
  }

  void read_while(const std::function<bool(const std::string&)>& wants_more, milliseconds timeout, std::string& text,
                  bool* closed) {
    const auto until = std::chrono::steady_clock::now() + timeout;
    if (closed) *closed = false;
    while (wants_more(text)) {
      const auto left = std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now());
      pollfd waiting{socket_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return;
      char buffer[65536];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) {
        if (closed) *closed = true;
        return;
      }
      text.append(buffer, static_cast<size_t>(got));
    }
  }

  int socket_;
  bool connected_ = false;
  std::string left_;
};

/// A runtime, and servers on free ports of loopback.
class NetTest : public testing::Test {
 protected:
  std::unique_ptr<HttpServer> serve(http::Handler& handler, ServerOptions options = {}) {
    auto server = HttpServer::start(runtime, std::move(options), handler, *logger, metrics);
    if (!server) ADD_FAILURE() << server.error().message;
    return server ? *std::move(server) : nullptr;
  }

  /// The value of one metric, "name{labels}" as exposed; -1 when there is none.
  double metric(const std::string& name) const {
    const std::string text = "\n" + metrics.expose();
    const size_t at = text.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(text.substr(at + name.size() + 2));
  }
  /// Polls until the condition holds; false when it does not within `at_most`.
  static bool eventually(const std::function<bool()>& condition, milliseconds at_most = kPatience) {
    const auto until = std::chrono::steady_clock::now() + at_most;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > until) return false;
      std::this_thread::sleep_for(milliseconds(2));
    }
    return true;
  }

  std::unique_ptr<Logger> logger = make_null_logger();
  MetricRegistry metrics;
  Runtime runtime{{.io_threads = 2, .compute_threads = 4, .lookup_threads = 2}, *logger};
};

}  // namespace sluice::net
