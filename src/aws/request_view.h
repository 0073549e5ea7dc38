#pragma once

#include <string_view>
#include <vector>

namespace sluice::aws {

struct HeaderView {
  std::string_view name;   ///< as received; compared without case
  std::string_view value;
};

/// An HTTP request as SigV4 sees it. Nothing is owned: whoever makes the view keeps the request alive.
struct RequestView {
  std::string_view method;           ///< as on the wire
  std::string_view path;             ///< raw, still percent-encoded, as on the wire; "" counts as "/"
  std::string_view query;            ///< raw, without '?'
  std::vector<HeaderView> headers;   ///< wire order, repeated fields apart
  std::string_view body;             ///< as received, before any content decoding

  /// The first header of that name, or nullptr.
  const HeaderView* find_header(std::string_view name) const;
  size_t count_headers(std::string_view name) const;
};

}  // namespace sluice::aws
