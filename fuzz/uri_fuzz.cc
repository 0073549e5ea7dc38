// uses: http
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "http/form.h"
#include "http/router.h"
#include "http/uri.h"

namespace {

const sluice::http::RouteTable& routes() {
  static const sluice::http::RouteTable table = [] {
    sluice::http::RouteTable made;
    made.add("GET", "/workspaces/{workspace}/api/v1/label/{name}/values", 1);
    made.add("GET", "/tags/{arn}", 2);
    return made;
  }();
  return table;
}

}  // namespace

/// URIs, forms and raw paths: what is accepted must be accepted again in its canonical form.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto uri = sluice::http::Uri::parse(text)) {
    const auto again = sluice::http::Uri::parse(uri->scheme + "://" + uri->host_header() + uri->target);
    SLUICE_CHECK(again.has_value(), "a parsed URI parses again");
    SLUICE_CHECK(again->host == uri->host && again->port == uri->port && again->target == uri->target,
                 "a URI keeps its meaning");
  }
  if (const auto form = sluice::http::Form::parse(text)) {
    // find() looks through the list: asking for each of a thousand names would be the slowest thing here by far.
    const auto& parameters = form->parameters();
    for (size_t i = 0; i < std::min<size_t>(parameters.size(), 32); ++i) {
      SLUICE_CHECK(form->find(parameters[i].first) != nullptr, "found by name");
    }
  }
  const auto match = routes().match("GET", text);
  SLUICE_CHECK((match.route >= 0) == (match.kind == sluice::http::RouteTable::Match::Kind::kFound), "one or neither");
  return 0;
}
