#include "promql/extract_selectors.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "promql/parser.h"

namespace sluice::promql {
namespace {

std::string selectors_of(std::string_view query) {
  const auto expr = parse_expr(query, ParserOptions::everything());
  EXPECT_TRUE(expr) << query;
  std::string text;
  for (const auto& matchers : extract_selectors(**expr)) {
    if (!text.empty()) text += ' ';
    text += '{';
    for (const auto& matcher : matchers) text += (text.ends_with('{') ? "" : ",") + matcher.to_string();
    text += '}';
  }
  return text;
}

TEST(ExtractSelectors, FindsAllOfThem) {
  const std::pair<const char*, const char*> cases[] = {
      {"1 + 2", ""},
      {"up", R"({__name__="up"})"},
      {R"({a="b",c!~"d"} offset 5m)", R"({a="b",c!~"d"})"},
      {"rate(a[5m]) / -(b)", R"({__name__="a"} {__name__="b"})"},
      {"max_over_time(rate(a[5m])[1h:1m])", R"({__name__="a"})"},
      {"topk(scalar(n), sum by (x) (a)) or vector(1)", R"({__name__="n"} {__name__="a"})"},
      {"label_replace(a, 'x', '$1', 'y', '.*') > bool 3", R"({__name__="a"})"},
      {"histogram_quantile(0.9, sum(rate(a_bucket{le='1'}[5m])) by (le))", R"({le="1",__name__="a_bucket"})"},
      {"info(a, {data=~'x.*'})", R"({__name__="a"} {data=~"x.*"})"},
  };
  for (const auto& [query, wanted] : cases) EXPECT_EQ(selectors_of(query), wanted) << query;
}

}  // namespace
}  // namespace sluice::promql
