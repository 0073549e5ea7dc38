#include "net/http1_parser.h"

#include <algorithm>

#include <fmt/format.h>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include "base/encoding.h"
#include "base/limits.h"
#include "http/uri.h"
#include "net/body_reader.h"

namespace sluice::net {
namespace {

namespace beast = boost::beast;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr size_t kMethodBytesMax = 32;

std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }

/// Beast's parser of header blocks with our own places to put things: fields in wire order, nothing copied twice.
template <bool kIsRequest>
class Header final : public beast_http::basic_parser<kIsRequest> {
 public:
  std::string method;
  std::string target;
  int status = 0;
  int version = 0;
  http::Headers headers;
  size_t fields = 0;

 private:
  void on_request_impl(beast_http::verb, beast::string_view name, beast::string_view raw_target, int http_version,
                       error_code&) override {
    method = view(name);
    target = view(raw_target);
    version = http_version;
  }
  void on_response_impl(int code, beast::string_view, int http_version, error_code&) override {
    status = code;
    version = http_version;
  }
  void on_field_impl(beast_http::field, beast::string_view name, beast::string_view value, error_code& error) override {
    if (++fields > limits::kHeaderFieldsMax) {
      error = beast_http::error::header_limit;
      return;
    }
    headers.add(std::string(view(name)), std::string(view(value)));
  }
  // Bodies are BodyReader's: Beast is told to skip them.
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override { return bytes.size(); }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override { return bytes.size(); }
  void on_finish_impl(error_code&) override {}
};

/// Finds the end of a header block as it grows, and refuses at the first byte that readers disagree on.
class HeaderScanner {
 public:
  /// The block's length with its empty line, or 0 while it is incomplete or broken() has a reason.
  size_t scan(std::string_view bytes) {
    for (; at_ < bytes.size(); ++at_) {
      const auto c = static_cast<unsigned char>(bytes[at_]);
      const char before = at_ > 0 ? bytes[at_ - 1] : '\0';
      if (before == '\r' && c != '\n') return fail_at("a carriage return without a line feed");
      if (c == '\n') {
        if (before != '\r') return fail_at("a line feed without a carriage return");
        if (at_ >= 3 && bytes[at_ - 2] == '\n') return at_ + 1;
      } else if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f) {
        return fail_at("a control character");
      } else if ((c == ' ' || c == '\t') && before == '\n') {
        return fail_at("a folded line");
      }
    }
    return 0;
  }
  const std::string& broken() const { return broken_; }

 private:
  size_t fail_at(std::string_view what) {
    broken_ = fmt::format("the header has {} at byte {}", what, at_);
    return 0;
  }

  size_t at_ = 0;
  std::string broken_;
};

bool is_all_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// RFC 9112 6.3, without its leniencies: one reading of where the body ends, or a refusal. "" when fine.
std::string framing_fault(const http::Headers& headers, int version) {
  const size_t lengths = headers.count("Content-Length");
  const size_t codings = headers.count("Transfer-Encoding");
  if (lengths > 0 && codings > 0) return "both Content-Length and Transfer-Encoding are given";
  if (lengths > 1) return "Content-Length is given more than once";
  if (lengths == 1 && !is_all_digits(headers.get("Content-Length"))) return "Content-Length is not one decimal number";
  if (codings > 1) return "Transfer-Encoding is given more than once";
  if (codings == 1 && version < 11) return "Transfer-Encoding is not part of HTTP/1.0";
  if (codings == 1 && !ascii_iequals(headers.get("Transfer-Encoding"), "chunked")) {
    return "the Transfer-Encoding is not exactly 'chunked'";
  }
  return "";
}

bool is_host_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~%:[]").find(c) != std::string_view::npos;
}

/// RFC 9112 3.2: one Host in HTTP/1.1, and one that can be a host.
std::string host_fault(const http::Headers& headers, int version) {
  const size_t hosts = headers.count("Host");
  if (hosts > 1) return "Host is given more than once";
  if (hosts == 0) return version < 11 ? "" : "Host is missing";
  return std::ranges::all_of(headers.get("Host"), is_host_byte) ? "" : "Host has a character that no host has";
}

ParseRefusal refusal_of(const error_code& error) {
  using beast_http::error;
  if (error == error::header_limit) return {431, fmt::format("more than {} header fields", limits::kHeaderFieldsMax)};
  if (error == error::bad_version) return {505, "the first line does not name HTTP/1.0 or HTTP/1.1"};
  // Beast notices these while it reads fields, before framing_fault can name them.
  if (error == error::bad_transfer_encoding || error == error::bad_content_length ||
      error == error::multiple_content_length) {
    return {400, "Content-Length and Transfer-Encoding contradict each other or themselves"};
  }
  return {400, fmt::format("malformed HTTP header: {}", error.message())};
}

/// What requests and responses share: header as one block, then the body as it comes.
template <bool kIsRequest>
struct Reader {
  explicit Reader(size_t header_max) : header_bytes_max(header_max) {
    header.header_limit(static_cast<uint32_t>(std::min<size_t>(header_max, UINT32_MAX)));
    header.skip(true);
  }

  ParseStep refuse(int status, std::string reason) {
    refusal = {status, std::move(reason)};
    return ParseStep::kRefused;
  }

  /// kHeaderDone when the header has been taken in.
  ParseStep feed_header(std::string_view& bytes) {
    const size_t size = scanner.scan(bytes.substr(0, header_bytes_max));
    if (size == 0) {
      if (!scanner.broken().empty()) return refuse(400, scanner.broken());
      if (bytes.size() < header_bytes_max) return ParseStep::kNeedMore;
      return refuse(431, fmt::format("the header is larger than {} bytes", header_bytes_max));
    }
    // One whole block at once: Beast never has to wait for the rest of a line.
    error_code error;
    const size_t used = header.put({bytes.data(), size}, error);
    if (error) {
      refusal = refusal_of(error);
      return ParseStep::kRefused;
    }
    if (used != size || !header.is_done()) return refuse(400, "malformed HTTP header");
    bytes.remove_prefix(size);
    if (std::string fault = framing_fault(header.headers, header.version); !fault.empty()) {
      return refuse(400, std::move(fault));
    }
    has_header = true;
    return ParseStep::kHeaderDone;
  }

  /// The framing that framing_fault has found to be the only one; `otherwise` without any.
  void begin_body(BodyReader::Framing otherwise) {
    if (header.headers.count("Transfer-Encoding") > 0) {
      body.begin(BodyReader::Framing::kChunked);
    } else if (const auto length = header.content_length()) {
      body.begin(BodyReader::Framing::kLength, *length);
    } else {
      body.begin(otherwise);
    }
  }

  ParseStep feed_body(std::string_view& bytes) {
    switch (body.feed(bytes)) {
      case BodyReader::Step::kNeedMore: return ParseStep::kNeedMore;
      case BodyReader::Step::kDone: return ParseStep::kDone;
      case BodyReader::Step::kTooLarge: return refuse(413, "the body is larger than it may be here");
      case BodyReader::Step::kBroken: return refuse(400, "malformed HTTP body: " + body.fault());
    }
    return ParseStep::kRefused;
  }

  size_t header_bytes_max;
  HeaderScanner scanner;
  Header<kIsRequest> header;
  BodyReader body;
  ParseRefusal refusal;
  bool has_header = false;
};

}  // namespace

struct RequestParser::Impl {
  explicit Impl(size_t header_bytes_max) : reader(header_bytes_max) {}

  ParseStep check_request() {
    const auto& message = reader.header;
    if (message.method.size() > kMethodBytesMax) return reader.refuse(501, "the method's name is too long");
    if (message.target.size() > limits::kRequestTargetBytesMax) {
      return reader.refuse(414,
                           fmt::format("the request target is larger than {} bytes", limits::kRequestTargetBytesMax));
    }
    if (std::string fault = host_fault(message.headers, message.version); !fault.empty()) {
      return reader.refuse(400, std::move(fault));
    }
    if (std::string fault = target_fault(); !fault.empty()) return reader.refuse(400, std::move(fault));
    const auto expectation = message.headers.get("Expect");
    if (!expectation.empty() && !ascii_iequals(expectation, "100-continue")) {
      return reader.refuse(417, "the only expectation that can be met is 100-continue");
    }
    expects_continue = !expectation.empty() && message.version >= 11;
    reader.begin_body(BodyReader::Framing::kNone);
    return ParseStep::kHeaderDone;
  }

  /// Brings the target into origin form, or leaves OPTIONS' "*"; "" when fine. RFC 9112 3.2.2: the authority of a
  /// target in absolute form stands above Host, so that the two cannot name different servers.
  std::string target_fault() {
    auto& message = reader.header;
    if (message.target.starts_with('/')) return "";
    if (message.target == "*") return message.method == "OPTIONS" ? "" : "the target '*' is for OPTIONS only";
    const auto uri = http::Uri::parse(message.target);
    if (!uri) {
      return "the request target is neither in origin form (it must start with '/') nor in absolute form: " +
             uri.error().message;
    }
    const std::string_view after = std::string_view(message.target).substr(message.target.find("://") + 3);
    const std::string_view authority = after.substr(0, after.find_first_of("/?"));
    if (!ascii_iequals(message.headers.get("Host"), authority)) message.headers.set("Host", std::string(authority));
    message.target = uri->target;
    return "";
  }

  Reader<true> reader;
  bool expects_continue = false;
};

RequestParser::RequestParser(size_t header_bytes_max) : impl_(std::make_unique<Impl>(header_bytes_max)) {}
RequestParser::~RequestParser() = default;

ParseStep RequestParser::feed(std::string_view& bytes) {
  auto& reader = impl_->reader;
  if (!reader.refusal.reason.empty()) return ParseStep::kRefused;
  if (reader.has_header) return reader.feed_body(bytes);
  // RFC 9112 2.2: an empty line before the request line is passed over; old clients send one after a body.
  const bool starts_with_line_end = bytes.starts_with("\r\n");
  std::string_view rest = bytes.substr(starts_with_line_end ? 2 : 0);
  if (bytes == "\r") return ParseStep::kNeedMore;
  const ParseStep step = reader.feed_header(rest);
  if (step != ParseStep::kHeaderDone) return step;
  bytes = rest;
  return impl_->check_request();
}

const ParseRefusal& RequestParser::refusal() const { return impl_->reader.refusal; }

void RequestParser::set_body_bytes_max(size_t body_bytes_max) {
  auto& reader = impl_->reader;
  reader.body.set_bytes_max(body_bytes_max);
  const auto length = reader.header.content_length();
  if (length && *length > body_bytes_max) {
    reader.refuse(413, fmt::format("the body has {} bytes, the limit for this request is {}", *length, body_bytes_max));
  }
}

bool RequestParser::expects_continue() const { return impl_->expects_continue && !impl_->reader.body.is_done(); }
bool RequestParser::keep_alive() const { return impl_->reader.has_header && impl_->reader.header.keep_alive(); }
bool RequestParser::is_http_1_0() const { return impl_->reader.header.version == 10; }

void RequestParser::take_header(http::Request& into) {
  auto& header = impl_->reader.header;
  into.method = std::move(header.method);
  into.target = std::move(header.target);
  into.headers = std::move(header.headers);
}

size_t RequestParser::body_bytes() const { return impl_->reader.body.body().size(); }
void RequestParser::take_body(http::Request& into) { into.body = std::move(impl_->reader.body.body()); }

struct ResponseParser::Impl {
  Impl(size_t header_max, size_t body_max, bool head)
      : header_bytes_max(header_max), body_bytes_max(body_max), is_head(head) {
    restart();
  }

  void restart() {
    reader = std::make_unique<Reader<false>>(header_bytes_max);
    reader->body.set_bytes_max(body_bytes_max);
  }

  /// Whose end of the body is where (RFC 9112 6.3).
  ParseStep begin_body() {
    const int status = reader->header.status;
    if (is_head || status == 204 || status == 304) {
      reader->body.begin(BodyReader::Framing::kNone);
      return ParseStep::kHeaderDone;
    }
    const auto length = reader->header.content_length();
    if (length && *length > body_bytes_max) {
      return reader->refuse(413, fmt::format("the answer has {} bytes, the limit is {}", *length, body_bytes_max));
    }
    is_to_end = !length && reader->header.headers.count("Transfer-Encoding") == 0;
    reader->begin_body(BodyReader::Framing::kToEnd);
    return ParseStep::kHeaderDone;
  }

  size_t header_bytes_max;
  size_t body_bytes_max;
  bool is_head;
  bool is_to_end = false;
  std::unique_ptr<Reader<false>> reader;
};

ResponseParser::ResponseParser(size_t header_bytes_max, size_t body_bytes_max, bool is_head)
    : impl_(std::make_unique<Impl>(header_bytes_max, body_bytes_max, is_head)) {}
ResponseParser::~ResponseParser() = default;

ParseStep ResponseParser::feed(std::string_view& bytes) {
  for (;;) {
    auto& reader = *impl_->reader;
    if (!reader.refusal.reason.empty()) return ParseStep::kRefused;
    if (reader.has_header) return reader.feed_body(bytes);
    const ParseStep step = reader.feed_header(bytes);
    if (step != ParseStep::kHeaderDone) return step;
    if (reader.header.status == 101) return reader.refuse(400, "the server switches to another protocol");
    if (reader.header.status / 100 != 1) return impl_->begin_body();
    impl_->restart();
  }
}

ParseStep ResponseParser::feed_end() {
  auto& reader = *impl_->reader;
  if (!reader.refusal.reason.empty()) return ParseStep::kRefused;
  if (!reader.has_header) return reader.refuse(400, "the connection was closed before an answer came");
  if (reader.body.feed_end() == BodyReader::Step::kDone) return ParseStep::kDone;
  return reader.refuse(400, "the connection was closed in the middle of the answer");
}

const ParseRefusal& ResponseParser::refusal() const { return impl_->reader->refusal; }
int ResponseParser::status() const { return impl_->reader->header.status; }
bool ResponseParser::keep_alive() const { return !impl_->is_to_end && impl_->reader->header.keep_alive(); }
http::Headers& ResponseParser::headers() { return impl_->reader->header.headers; }
std::string& ResponseParser::body() { return impl_->reader->body.body(); }

}  // namespace sluice::net
