#include "aws/request_view.h"

#include <algorithm>

#include "base/encoding.h"

namespace sluice::aws {

const HeaderView* RequestView::find_header(std::string_view name) const {
  const auto found = std::ranges::find_if(headers, [&](const HeaderView& h) { return ascii_iequals(h.name, name); });
  return found == headers.end() ? nullptr : &*found;
}

size_t RequestView::count_headers(std::string_view name) const {
  return static_cast<size_t>(
      std::ranges::count_if(headers, [&](const HeaderView& h) { return ascii_iequals(h.name, name); }));
}

}  // namespace sluice::aws
