#include "net/response_writer.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/check.h"
#include "base/encoding.h"
#include "http/status.h"

namespace sluice::net {
namespace {

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_ours(std::string_view name) {
  return ascii_iequals(name, "Content-Length") || ascii_iequals(name, "Connection") ||
         ascii_iequals(name, "Transfer-Encoding") || ascii_iequals(name, "Keep-Alive");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    out += (byte < ' ' && c != '\t') || byte == 0x7f ? ' ' : c;
  }
  out += "\r\n";
}

}  // namespace

bool may_have_body(int status, bool is_head) { return !is_head && status != 204 && status != 304; }

std::string answer_head(const http::Response& response, const AnswerFrame& frame) {
  SLUICE_CHECK(response.status >= 200 && response.status <= 599, "handlers give final statuses");
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, http::reason_phrase(response.status));
  for (const auto& [name, value] : response.headers.fields()) {
    if (is_token(name) && !is_ours(name)) append_field(head, name, value);
  }
  if (!response.headers.find("x-amzn-requestid")) append_field(head, "x-amzn-requestid", frame.request_id);
  if (!response.headers.find("Date")) append_field(head, "Date", frame.date);
  if (response.status != 204 && response.status != 304) {
    append_field(head, "Content-Length", std::to_string(response.body.size()));
  }
  if (frame.is_last) {
    append_field(head, "Connection", "close");
  } else if (frame.is_http_1_0) {
    append_field(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  return head;
}

}  // namespace sluice::net
