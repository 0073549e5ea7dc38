#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "http/request.h"

/// Inside net: HTTP/1.1 messages out of bytes, without sockets. Beast's basic_parser reads the grammar of header
/// blocks; in front of it stand the rules of RFC 9112 that keep two readers of one stream from disagreeing (request
/// smuggling), which Beast leaves to its users or takes more liberally.
namespace sluice::net {

enum class ParseStep : uint8_t {
  kNeedMore,    ///< feed again when more has come
  kHeaderDone,  ///< once; feed again for the body, also when there is none
  kDone,        ///< what was not consumed belongs to the next message
  kRefused,     ///< refusal() says why; the stream cannot be used further
};

struct ParseRefusal {
  int status = 0;  ///< 400, 413, 414, 417, 431, 501 or 505
  std::string reason;
};

/// Reads one request. Not thread-safe.
class RequestParser {
 public:
  explicit RequestParser(size_t header_bytes_max);
  ~RequestParser();

  /// Consumes from the front of `bytes`, which starts where the last call stopped. While the header is incomplete
  /// nothing is consumed, so the caller keeps at most header_bytes_max bytes.
  ParseStep feed(std::string_view& bytes);
  const ParseRefusal& refusal() const;

  /// After kHeaderDone, before the body is fed. A larger body is refused with 413, a declared one at once.
  void set_body_bytes_max(size_t body_bytes_max);
  /// True when a body follows and the client waits for "100 Continue" before it sends it.
  bool expects_continue() const;
  /// Whether the client lets the connection live on after this request.
  bool keep_alive() const;
  bool is_http_1_0() const;

  /// After kHeaderDone, or with what was read of it after kRefused. Moves; other members are untouched. A target in
  /// absolute form has become origin form, its authority the Host; "*" is OPTIONS' alone (RFC 9112 3.2).
  void take_header(http::Request& into);
  /// Bytes of the body read so far.
  size_t body_bytes() const;
  /// After kDone.
  void take_body(http::Request& into);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Reads one response, passing over 1xx ones. Not thread-safe.
class ResponseParser {
 public:
  /// `is_head`: the answer to a HEAD, which has no body whatever its fields say.
  ResponseParser(size_t header_bytes_max, size_t body_bytes_max, bool is_head);
  ~ResponseParser();

  /// As RequestParser::feed. A refusal's status is 413 for a body over its limit.
  ParseStep feed(std::string_view& bytes);
  /// The stream ended: kDone when that ends the body, kRefused otherwise.
  ParseStep feed_end();
  const ParseRefusal& refusal() const;

  int status() const;
  bool keep_alive() const;
  http::Headers& headers();
  std::string& body();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::net
