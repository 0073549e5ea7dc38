#include "net/server_connection.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "crypto/random.h"
#include "net/content_coding.h"
#include "net/response_writer.h"

namespace sluice::net {
namespace {

constexpr std::string_view kNoMemory = "the collector holds as many unfinished requests as it may";
constexpr size_t kWriteBytesMax = 256 << 10;  // one write, under one write_idle_timeout

using std::chrono::milliseconds;

milliseconds time_left(std::chrono::steady_clock::time_point until) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()));
}

double seconds_since(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
}

}  // namespace

std::optional<SourceKey> AddressRules::limited_source(std::string_view text) const {
  const auto address = IpAddress::parse(text);
  if (!address || proxies.contains(*address) || shared.contains(*address)) return std::nullopt;
  return source_of(*address);
}

ServerConnection::ServerConnection(std::shared_ptr<ConnectionHost> host, std::shared_ptr<Transport> transport,
                                   bool is_tls)
    : host_(std::move(host)), transport_(std::move(transport)), limits_(host_->options().limits), is_tls_(is_tls) {}

void ServerConnection::begin() {
  transport_->strand().post([self = shared_from_this()] {
    start<Result<void>>(self->run(), [self](const Result<void>&) { self->host_->connection_ended(self.get()); });
  });
}

void ServerConnection::end_soon() {
  transport_->strand().post([self = shared_from_this()] {
    self->is_ending_ = true;
    self->wake();
  });
}

void ServerConnection::give_up() {
  transport_->strand().post([self = shared_from_this()] {
    const auto [phase, since] = self->phase_.read();
    if (!may_give_up(phase, since, PhaseClock::Clock::now())) return;
    self->is_ending_ = true;
    self->is_aborted_ = true;
    self->transport_->close();
    self->wake();
  });
}

void ServerConnection::abort() {
  transport_->strand().post([self = shared_from_this()] {
    self->is_ending_ = true;
    self->is_aborted_ = true;
    if (self->current_) self->current_->stop.request_stop();
    self->transport_->close();
    self->wake();
  });
}

void ServerConnection::wake() {
  if (parked_) std::exchange(parked_, {}).resume();
}

void ServerConnection::arm(milliseconds delay) {
  timer_fired_ = false;
  transport_->arm(delay, [self = shared_from_this()] {
    self->timer_fired_ = true;
    self->wake();
  });
}

void ServerConnection::begin_read() {
  if (is_reading_ || read_end_) return;
  is_reading_ = true;
  transport_->read_some([self = shared_from_this()](const Result<std::string_view>& got) { self->read_ended(got); });
}

void ServerConnection::read_ended(const Result<std::string_view>& got) {
  is_reading_ = false;
  if (got && !got->empty()) {
    in_ += *got;
    // While a handler runs, reading on is how its client's going is noticed.
    if (current_ && in_.size() < limits::kPipelinedBytesMax) begin_read();
  } else {
    read_end_ = true;
    if (current_) current_->stop.request_stop();
  }
  wake();
}

ParseStep ServerConnection::feed() {
  std::string_view rest = in_;
  const ParseStep step = parser_->feed(rest);
  in_.erase(0, in_.size() - rest.size());
  return step;
}

Task<Result<void>> ServerConnection::run() {
  arm(limits_.header_timeout);
  bool lives = co_await shake_hands();
  while (lives && co_await await_first_byte()) {
    const auto exchange = std::make_shared<Exchange>(host_);
    lives = co_await read_request(exchange) && co_await answer_request(exchange);
  }
  if (is_aborted_ || !co_await leave()) transport_->close();
  co_return Result<void>();
}

/// Waits until the peer has had its chance to read what was written last.
Task<bool> ServerConnection::leave() {
  phase_.enter(ConnectionPhase::kLeaving);
  bool has_left = false;
  transport_->finish([self = shared_from_this(), &has_left] {
    has_left = true;  // lives: this frame waits below whatever happens
    self->wake();
  });
  while (!has_left) co_await event();
  co_return true;
}

Task<bool> ServerConnection::shake_hands() {
  if (!is_tls_) co_return true;
  std::optional<bool> done;
  transport_->handshake([self = shared_from_this(), &done](const Result<void>& result) {
    done = result.has_value();  // `done` lives: this frame waits below whatever happens
    self->wake();
  });
  while (!done) {
    if (timer_fired_ || is_aborted_) {
      timer_fired_ = false;
      transport_->close();  // makes the handshake call back
    }
    co_await event();
  }
  if (!*done) is_aborted_ = true;  // no goodbye on a connection that never was
  co_return *done;
}

/// Between two requests nothing is held but this connection and what waits for it.
Task<bool> ServerConnection::await_first_byte() {
  const bool is_first = std::exchange(is_first_, false);
  if (in_.empty()) {
    parser_.reset();
    std::string().swap(in_);
    if (!is_first) {
      arm(limits_.keep_alive_timeout);
      phase_.enter(ConnectionPhase::kIdle);
    }
  }
  while (in_.empty()) {
    if (is_over() || is_ending_ || timer_fired_) {
      is_aborted_ = true;  // nothing is on its way to the peer that an abrupt end could destroy
      co_return false;
    }
    begin_read();
    co_await event();
  }
  phase_.enter(ConnectionPhase::kHeader);
  if (!is_first) arm(limits_.header_timeout);
  co_return true;
}

Task<bool> ServerConnection::read_request(std::shared_ptr<Exchange> exchange) {
  parser_.emplace(limits_.header_bytes_max);
  auto& request = exchange->request;
  request.peer_address = transport_->remote_address();
  request.remote_address = request.peer_address;
  request.is_tls = is_tls_;
  request.is_admin_listener = host_->options().is_admin;
  request.request_id = crypto::random_uuid();
  request.stop = exchange->stop.get_token();
  if (!co_await read_header(exchange)) co_return false;
  const auto rules = host_->address_rules();
  RequestOrigin origin = rules->proxies.origin(request.peer_address, request.headers);
  request.remote_address = std::move(origin.address);
  request.is_forwarded_tls = origin.is_forwarded_tls;
  exchange->source = rules->limited_source(request.remote_address);
  if (!co_await read_body(exchange)) co_return false;
  parser_->take_body(request);
  co_return true;
}

Task<bool> ServerConnection::read_header(std::shared_ptr<Exchange> exchange) {
  for (;;) {
    const ParseStep step = feed();
    if (step != ParseStep::kNeedMore) parser_->take_header(exchange->request);
    if (step == ParseStep::kHeaderDone) co_return true;
    if (step == ParseStep::kRefused) {
      co_return co_await refuse(exchange, parser_->refusal().status, parser_->refusal().reason);
    }
    if (is_over()) co_return false;
    if (!exchange->memory.grow_to(in_.size())) co_return co_await refuse(exchange, 503, std::string(kNoMemory));
    if (timer_fired_) {
      co_return co_await refuse(exchange, 408,
                                fmt::format("the header was not complete after {} ms", limits_.header_timeout.count()));
    }
    begin_read();
    co_await event();
  }
}

Task<bool> ServerConnection::read_body(std::shared_ptr<Exchange> exchange) {
  const auto& request = exchange->request;
  parser_->set_body_bytes_max(host_->handler().body_bytes_max(request.method, request.target, request.headers));
  const auto until = std::chrono::steady_clock::now() + limits_.body_timeout;
  bool is_continued = !parser_->expects_continue();
  bool is_waiting = false;
  for (;;) {
    const ParseStep step = feed();
    if (!exchange->memory.grow_to(parser_->body_bytes())) {
      co_return co_await refuse(exchange, 503, std::string(kNoMemory));
    }
    if (step == ParseStep::kDone) co_return true;
    if (step == ParseStep::kRefused) {
      co_return co_await refuse(exchange, parser_->refusal().status, parser_->refusal().reason);
    }
    if (is_over()) co_return false;
    if (!is_waiting) phase_.enter(ConnectionPhase::kBody);
    is_waiting = true;
    if (!std::exchange(is_continued, true) && in_.empty()) {
      if (!co_await write_all("HTTP/1.1 100 Continue\r\n\r\n", "")) co_return false;
    }
    arm(std::min(limits_.body_idle_timeout, time_left(until)));
    begin_read();
    while (is_reading_ && !timer_fired_ && !is_aborted_) co_await event();
    if (is_reading_ && timer_fired_) co_return co_await refuse(exchange, 408, "the body did not arrive in time");
  }
}

Task<bool> ServerConnection::answer_request(std::shared_ptr<Exchange> exchange) {
  if (exchange->request.target == "*") {
    host_->metrics().count_request(204);
    co_return co_await write_answer(exchange, server_options_answer());
  }
  const Admission admission = host_->try_begin_handler(exchange->source);
  if (admission != Admission::kAdmitted) co_return co_await refuse_for_now(exchange, admission);
  if (!co_await handle(exchange)) co_return false;
  co_return co_await write_answer(exchange, *std::move(exchange->response));
}

/// The connection lives on: the next request may find a place.
Task<bool> ServerConnection::refuse_for_now(std::shared_ptr<Exchange> exchange, Admission admission) {
  const bool is_source = admission == Admission::kSourceIsFull;
  if (is_source) host_->metrics().source_in_flight_refused.add();
  host_->metrics().count_refusal(503);
  const char* reason = is_source ? "too many requests of this client's address are being handled"
                                 : "too many requests are being handled";
  auto response = host_->handler().refuse(exchange->request, 503, reason);
  if (!response.headers.find("Retry-After")) response.headers.add("Retry-After", "1");
  co_return co_await write_answer(exchange, std::move(response));
}

void ServerConnection::start_handler(const std::shared_ptr<Exchange>& exchange) {
  exchange->begun = std::chrono::steady_clock::now();
  host_->compute().post([self = shared_from_this(), exchange] {
    start<http::Response>(self->host_->handler().handle(exchange->request), [self, exchange](http::Response response) {
      self->handler_answered(exchange, std::move(response));
    });
  });
}

/// On whatever thread the handler ended. Compressing goes to the compute pool and counts as handling.
void ServerConnection::handler_answered(const std::shared_ptr<Exchange>& exchange, http::Response response) {
  complete_options(exchange->request, response);
  if (!negotiate_gzip(exchange->request, response)) return deliver(exchange, std::move(response));
  host_->compute().post([self = shared_from_this(), exchange, response = std::move(response)]() mutable {
    gzip_body(response, exchange->request.stop);
    self->deliver(exchange, std::move(response));
  });
}

void ServerConnection::deliver(const std::shared_ptr<Exchange>& exchange, http::Response response) {
  host_->metrics().request_seconds.observe(seconds_since(exchange->begun));
  host_->metrics().count_request(response.status);
  // First, so that a client that has its answer finds the place free.
  host_->handler_ended(exchange->source);
  transport_->strand().post([self = shared_from_this(), exchange, response = std::move(response)]() mutable {
    exchange->response.emplace(std::move(response));
    self->wake();
  });
}

Task<bool> ServerConnection::handle(std::shared_ptr<Exchange> exchange) {
  current_ = exchange;
  phase_.enter(ConnectionPhase::kHandling);
  arm(host_->request_deadline());
  start_handler(exchange);
  if (read_end_) exchange->stop.request_stop();
  bool is_past_deadline = false;
  while (!exchange->response && !is_aborted_) {
    if (timer_fired_ && is_past_deadline) break;
    if (timer_fired_) {
      is_past_deadline = true;
      exchange->stop.request_stop();
      arm(limits_.request_grace);
    }
    if (in_.size() < limits::kPipelinedBytesMax) begin_read();
    co_await event();
  }
  current_.reset();
  if (is_aborted_) co_return false;
  if (exchange->response) co_return true;
  co_return co_await refuse(exchange, 503, "the request's deadline passed");
}

/// Answers what never reached a handler, or outlived its time, and ends the connection. Always false.
Task<bool> ServerConnection::refuse(std::shared_ptr<Exchange> exchange, int status, std::string reason) {
  host_->metrics().count_refusal(status);
  auto response = host_->handler().refuse(exchange->request, status, reason);
  response.close = true;
  co_return co_await write_answer(exchange, std::move(response));
}

Task<bool> ServerConnection::write_answer(std::shared_ptr<Exchange> exchange, http::Response response) {
  const auto& request = exchange->request;
  AnswerFrame frame;
  frame.request_id = request.request_id;
  const std::string date = format_http_date(host_->clock().now_s());
  frame.date = date;
  frame.is_head = request.method == "HEAD";
  const bool has_more_to_come = !read_end_ || !in_.empty();
  frame.is_last = response.close || is_ending_ || host_->is_full() || !has_more_to_come || !parser_->keep_alive();
  frame.is_http_1_0 = parser_->is_http_1_0();
  std::string head = answer_head(response, frame);
  std::string body = may_have_body(response.status, frame.is_head) ? std::move(response.body) : std::string();
  const bool is_last = frame.is_last;
  phase_.enter(ConnectionPhase::kWriting);
  co_return co_await write_all(std::move(head), std::move(body)) && !is_last;
}

/// Writes in pieces, each under its own timeout. False when the peer takes no more.
Task<bool> ServerConnection::write_all(std::string head, std::string body) {
  std::string_view head_rest = head;
  std::string_view body_rest = body;
  while (!head_rest.empty() || !body_rest.empty()) {
    const std::string_view piece = body_rest.substr(0, kWriteBytesMax);
    std::optional<bool> done;
    transport_->write(head_rest, piece, [self = shared_from_this(), &done](const Result<void>& result) {
      done = result.has_value();  // `done` and the text live: this frame waits below whatever happens
      self->wake();
    });
    head_rest = {};
    body_rest.remove_prefix(piece.size());
    arm(limits_.write_idle_timeout);
    while (!done) {
      if (timer_fired_) {
        is_aborted_ = true;
        transport_->close();  // makes the write call back
      }
      timer_fired_ = false;
      co_await event();
    }
    if (!*done) {
      is_aborted_ = true;
      co_return false;
    }
  }
  co_return true;
}

}  // namespace sluice::net
