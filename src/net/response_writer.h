#pragma once

#include <string>
#include <string_view>

#include "http/request.h"

namespace sluice::net {

/// What the server, not the handler, decides about one answer.
struct AnswerFrame {
  std::string_view request_id;
  std::string_view date;       ///< RFC 9110 5.6.7
  bool is_head = false;        ///< the body is counted, not sent
  bool is_last = false;        ///< "Connection: close"
  bool is_http_1_0 = false;    ///< keep-alive has to be said
};

/// Status line and header block of `response`, the empty line included. Content-Length, Connection and
/// Transfer-Encoding of the handler are replaced by ours; a field whose name is no token is left out, and control
/// characters of values become blanks, so that no text from outside can begin a field or a second answer.
std::string answer_head(const http::Response& response, const AnswerFrame& frame);

/// The answer to "OPTIONS *": the methods that this server knows (RFC 9110 9.3.7).
http::Response server_options_answer();

/// Turns a handler's "405, Allow: ..." for an OPTIONS into what OPTIONS asks for: 204 with those methods, HEAD beside
/// GET, and OPTIONS itself. Other answers stay: a path that is none has no methods.
void complete_options(const http::Request& request, http::Response& response);

/// Whether an answer of this status to this method may carry a body (RFC 9110 6.4.1).
bool may_have_body(int status, bool is_head);

}  // namespace sluice::net
