#include "net/response_writer.h"

#include <algorithm>
#include <vector>

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

std::vector<std::string_view> split_list(std::string_view text) {
  std::vector<std::string_view> elements;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    elements.push_back(trim(text.substr(0, comma)));
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
  }
  return elements;
}

}  // namespace

http::Response server_options_answer() {
  http::Response response;
  response.status = 204;
  response.headers.add("Allow", "GET, HEAD, POST, PUT, DELETE, OPTIONS");
  return response;
}

void complete_options(const http::Request& request, http::Response& response) {
  const std::string* allow = response.headers.find("Allow");
  if (request.method != "OPTIONS" || response.status != 405 || allow == nullptr) return;
  std::string methods = *allow;
  const auto has = [&](std::string_view wanted) {
    return std::ranges::any_of(split_list(methods), [&](std::string_view method) { return method == wanted; });
  };
  if (has("GET") && !has("HEAD")) methods += ", HEAD";
  if (!has("OPTIONS")) methods += ", OPTIONS";
  http::Response answer;
  answer.status = 204;
  answer.headers.add("Allow", std::move(methods));
  if (const std::string* id = response.headers.find("x-amzn-requestid")) answer.headers.add("x-amzn-requestid", *id);
  answer.close = response.close;
  response = std::move(answer);
}

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
