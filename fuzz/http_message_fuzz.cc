// uses: net
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "net/http1_parser.h"

namespace {

using sluice::net::ParseStep;

constexpr size_t kHeaderBytesMax = 4096;
constexpr size_t kBodyBytesMax = 8192;

struct Outcome {
  ParseStep step = ParseStep::kNeedMore;
  size_t consumed = 0;
  sluice::http::Request request;
};

/// Feeds `text` in pieces of `piece` bytes, as a connection does.
Outcome read_request(std::string_view text, size_t piece) {
  sluice::net::RequestParser parser(kHeaderBytesMax);
  Outcome outcome;
  std::string in;
  for (size_t at = 0;;) {
    std::string_view rest = in;
    outcome.step = parser.feed(rest);
    outcome.consumed += in.size() - rest.size();
    in.erase(0, in.size() - rest.size());
    if (outcome.step == ParseStep::kHeaderDone) {
      parser.take_header(outcome.request);
      parser.set_body_bytes_max(kBodyBytesMax);
      continue;
    }
    if (outcome.step != ParseStep::kNeedMore || at == text.size()) break;
    const auto next = text.substr(at, piece);
    in += next;
    at += next.size();
  }
  if (outcome.step == ParseStep::kDone) parser.take_body(outcome.request);
  return outcome;
}

}  // namespace

/// Requests mean the same however the network cuts them up; responses never break the parser.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Outcome whole = read_request(text, text.size() + 1);
  const Outcome cut = read_request(text, 1);
  if (whole.step == ParseStep::kDone) {
    SLUICE_CHECK(cut.step == ParseStep::kDone && cut.consumed == whole.consumed, "same end");
    SLUICE_CHECK(cut.request.target == whole.request.target && cut.request.body == whole.request.body, "same request");
    SLUICE_CHECK(whole.request.body.size() <= kBodyBytesMax, "bounded");
    const bool is_server_wide = whole.request.target == "*" && whole.request.method == "OPTIONS";
    SLUICE_CHECK(whole.request.target.starts_with('/') || is_server_wide, "origin form, or the asterisk");
    SLUICE_CHECK(whole.request.headers.count("Host") <= 1, "one server is meant");
  } else {
    SLUICE_CHECK(cut.step != ParseStep::kDone, "same refusal");
  }
  sluice::net::ResponseParser response(kHeaderBytesMax, kBodyBytesMax, false);
  std::string_view rest = text;
  ParseStep step = ParseStep::kHeaderDone;
  while (step == ParseStep::kHeaderDone) step = response.feed(rest);
  if (step == ParseStep::kNeedMore) step = response.feed_end();
  SLUICE_CHECK(response.body().size() <= kBodyBytesMax, "bounded");
  return 0;
}
