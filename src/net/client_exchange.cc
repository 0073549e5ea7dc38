#include "net/client_exchange.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/encoding.h"
#include "base/version.h"
#include "net/http1_parser.h"
#include "net/one_shot.h"

namespace sluice::net {
namespace {

using std::chrono::milliseconds;

milliseconds time_left(Until until) {
  return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now()));
}

auto too_late(std::string_view doing) {
  return fail(ErrorCode::kDeadlineExceeded, fmt::format("timed out while {}", doing));
}

/// Closes a transport at `until` and remembers that it did. Made and used on the transport's strand.
class Deadline {
 public:
  Deadline(const std::shared_ptr<Transport>& transport, Until until) : fired_(std::make_shared<bool>(false)) {
    transport->arm(time_left(until), [transport, fired = fired_] {
      *fired = true;
      transport->close();
    });
  }
  /// `error`, or the deadline's when that is its cause.
  Error explain(Error error, std::string_view doing) const {
    return *fired_ ? too_late(doing).error() : std::move(error);
  }

 private:
  std::shared_ptr<bool> fired_;
};

Task<Result<void>> connect_one(std::shared_ptr<Transport> transport, IpAddress address, uint16_t port, Until until) {
  Executor& strand = transport->strand();
  co_await switch_to(strand);
  const Deadline deadline(transport, until);
  auto connected = co_await callback_result<Result<void>>(
      strand, [&](Transport::Done done) { transport->connect(address, port, std::move(done)); });
  if (connected) {
    connected = co_await callback_result<Result<void>>(
        strand, [&](Transport::Done done) { transport->handshake(std::move(done)); });
  }
  if (!connected) {
    const Error error = deadline.explain(connected.error(), "connecting");
    transport->close();
    co_return fail_in(fmt::format("{} port {}", address.to_string(), port), error);
  }
  transport->disarm();
  co_return Result<void>();
}

bool is_framing_field(std::string_view name) {
  return ascii_iequals(name, "Host") || ascii_iequals(name, "Content-Length") || ascii_iequals(name, "Connection") ||
         ascii_iequals(name, "Transfer-Encoding");
}

bool is_clean(std::string_view text, bool is_name) {
  return std::ranges::all_of(text, [is_name](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' ? !is_name : byte >= ' ' && byte != 0x7f && !(is_name && (c == ' ' || c == ':'));
  });
}

bool wants_length(const http::ClientRequest& request) {
  return !request.body.empty() || request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
}

Error to_error(const ParseRefusal& refusal) {
  if (refusal.status == 413) return {ErrorCode::kTooLarge, refusal.reason};
  return {ErrorCode::kUnavailable, "no usable answer: " + refusal.reason};
}

}  // namespace

Task<Result<std::vector<IpAddress>>> look_up(Runtime& runtime, ResolveFunction resolve, std::string host, Until until) {
  if (auto literal = IpAddress::parse(host)) co_return std::vector<IpAddress>{*literal};
  using Found = Result<std::vector<IpAddress>>;
  const auto found = std::make_shared<OneShot<Found>>();
  // The look-up cannot be interrupted: past its time it is left behind, holding only what it captured here.
  runtime.lookup().post([found, resolve = std::move(resolve), host] { found->complete(resolve(host)); });
  const Timer timer = runtime.after(time_left(until), [found, host] {
    found->complete(too_late(fmt::format("looking up '{}'", printable(host, 300))));
  });
  co_return co_await callback_result<Found>(runtime.compute(),
                                            [found](OneShot<Found>::Done done) { found->wait(std::move(done)); });
}

Task<Result<std::shared_ptr<Transport>>> connect_to(Runtime& runtime, std::vector<IpAddress> addresses, uint16_t port,
                                                    std::shared_ptr<const TlsContext> tls, std::string host,
                                                    Until until) {
  Result<std::shared_ptr<Transport>> last = fail(ErrorCode::kUnavailable, "there is no address to connect to");
  for (size_t i = 0; i < addresses.size(); ++i) {
    const milliseconds left = time_left(until);
    if (left == milliseconds(0)) co_return too_late("connecting");
    const Until share = std::chrono::steady_clock::now() + left / (addresses.size() - i);
    auto transport = make_transport(runtime, tls, host);
    const auto connected = co_await connect_one(transport, addresses[i], port, share);
    if (connected) co_return transport;
    last = std::unexpected(connected.error());
  }
  co_return last;
}

Result<std::string> request_head(const http::ClientRequest& request, const http::Uri& uri, bool keep_alive) {
  if (request.method.empty() || !is_clean(request.method, true)) {
    return fail(ErrorCode::kInvalidArgument, fmt::format("'{}' is not a method", printable(request.method, 32)));
  }
  std::string head = fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, uri.target, uri.host_header());
  for (const auto& [name, value] : request.headers.fields()) {
    if (is_framing_field(name)) continue;
    if (name.empty() || !is_clean(name, true) || !is_clean(value, false)) {
      return fail(ErrorCode::kInvalidArgument,
                  fmt::format("header field '{}' has a character that would break the request", printable(name, 64)));
    }
    head += fmt::format("{}: {}\r\n", name, value);
  }
  if (!request.headers.find("User-Agent")) head += fmt::format("User-Agent: sluice/{}\r\n", kVersion);
  if (wants_length(request)) head += fmt::format("Content-Length: {}\r\n", request.body.size());
  if (!keep_alive) head += "Connection: close\r\n";
  head += "\r\n";
  return head;
}

Task<std::expected<Reply, ReplyFailure>> exchange(std::shared_ptr<Transport> transport, std::string head,
                                                  const http::ClientRequest& request, size_t header_bytes_max,
                                                  Until until) {
  Executor& strand = transport->strand();
  co_await switch_to(strand);
  const Deadline deadline(transport, until);
  ResponseParser parser(header_bytes_max, request.response_bytes_max, request.method == "HEAD");
  // A server may answer, say 413, before it has taken the whole body: a failed write still looks for the answer.
  const auto written = co_await callback_result<Result<void>>(
      strand, [&](Transport::Done done) { transport->write(head, request.body, std::move(done)); });
  std::string in;
  ReplyFailure failure;
  for (ParseStep step = ParseStep::kNeedMore; step != ParseStep::kDone;) {
    if (step == ParseStep::kRefused) {
      transport->close();
      failure.error = to_error(parser.refusal());
      co_return std::unexpected(failure);
    }
    if (step == ParseStep::kNeedMore) {
      const auto got = co_await callback_result<Result<size_t>>(strand, [&](auto done) {
        transport->read_some([&in, done = std::move(done)](const Result<std::string_view>& bytes) mutable {
          if (!bytes) return done(std::unexpected(bytes.error()));
          in += *bytes;  // which are gone when this returns
          done(bytes->size());
        });
      });
      if (!got) {
        failure.error = deadline.explain(written ? got.error() : written.error(), "waiting for the answer");
        transport->close();
        co_return std::unexpected(failure);
      }
      if (*got == 0) {
        step = parser.feed_end();
        continue;
      }
      failure.had_answer_bytes = true;
    }
    std::string_view rest = in;
    step = parser.feed(rest);
    in.erase(0, in.size() - rest.size());
  }
  Reply reply;
  reply.response.status = parser.status();
  reply.response.headers = std::move(parser.headers());
  reply.response.body = std::move(parser.body());
  reply.keep_alive = written && parser.keep_alive() && in.empty();
  transport->disarm();
  co_return reply;
}

}  // namespace sluice::net
