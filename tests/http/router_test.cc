#include "http/router.h"

#include <gtest/gtest.h>

namespace sluice::http {
namespace {

using Kind = RouteTable::Match::Kind;

RouteTable table() {
  RouteTable routes;
  routes.add("GET", "/workspaces", 1);
  routes.add("POST", "/workspaces", 2);
  routes.add("GET", "/workspaces/{workspace}", 3);
  routes.add("GET", "/workspaces/{workspace}/api/v1/label/{name}/values", 4);
  routes.add("GET", "/tags/{arn}", 5);
  routes.add("GET", "/-/healthy", 6);
  routes.add("HEAD", "/-/healthy", 7);
  routes.add("POST", "/", 8);
  return routes;
}

TEST(RouteTableTest, FindsRoutesByMethodAndSegments) {
  struct Case {
    const char* method;
    const char* path;
    Kind kind;
    int route;
  };
  const Case cases[] = {
      {"GET", "/workspaces", Kind::kFound, 1},
      {"POST", "/workspaces", Kind::kFound, 2},
      {"GET", "/workspaces/", Kind::kNoPath, -1},
      {"GET", "/workspaces/ws-1", Kind::kFound, 3},
      {"GET", "/workspaces/ws-1/", Kind::kNoPath, -1},
      {"GET", "/workspaces//api/v1/label/x/values", Kind::kNoPath, -1},
      {"GET", "/workspaces/w/api/v1/label/job/values", Kind::kFound, 4},
      {"GET", "/w%6Frkspaces", Kind::kFound, 1},
      {"GET", "/workspaces%2Fws-1", Kind::kNoPath, -1},
      {"GET", "/tags/arn%3Aaws%2Fx", Kind::kFound, 5},
      {"GET", "/tags/arn:aws/x", Kind::kNoPath, -1},
      {"GET", "/tags/%zz", Kind::kBadEscape, -1},
      {"GET", "/%zz", Kind::kNoPath, -1},
      {"HEAD", "/workspaces", Kind::kFound, 1},
      {"HEAD", "/-/healthy", Kind::kFound, 7},
      {"POST", "/", Kind::kFound, 8},
      {"GET", "", Kind::kNoPath, -1},
      {"GET", "workspaces", Kind::kNoPath, -1},
      {"get", "/workspaces", Kind::kWrongMethod, -1},
  };
  const auto routes = table();
  for (const auto& c : cases) {
    const auto match = routes.match(c.method, c.path);
    EXPECT_EQ(match.kind, c.kind) << c.method << ' ' << c.path;
    EXPECT_EQ(match.route, c.route) << c.method << ' ' << c.path;
  }
}

TEST(RouteTableTest, DecodesParametersAfterSplitting) {
  const auto routes = table();
  EXPECT_EQ(routes.match("GET", "/tags/arn%3Aaws%3Aaps%3A%3Aworkspace%2Fws-1").parameters.get("arn"),
            "arn:aws:aps::workspace/ws-1");
  const auto match = routes.match("GET", "/workspaces/w/api/v1/label/a+b/values");
  EXPECT_EQ(match.parameters.get("workspace"), "w");
  EXPECT_EQ(match.parameters.get("name"), "a+b") << "'+' is no blank in a path";
  EXPECT_EQ(match.parameters.get("absent"), "");
}

TEST(RouteTableTest, NamesTheMethodsOfAPathThatHasOthers) {
  const auto match = table().match("DELETE", "/workspaces");
  EXPECT_EQ(match.kind, Kind::kWrongMethod);
  EXPECT_EQ(match.allow, "GET, POST");
}

TEST(RouteTableTest, FirstAddedOfSeveralFittingRoutesWins) {
  RouteTable routes;
  routes.add("GET", "/a/special", 1);
  routes.add("GET", "/a/{any}", 2);
  EXPECT_EQ(routes.match("GET", "/a/special").route, 1);
  EXPECT_EQ(routes.match("GET", "/a/other").route, 2);
}

}  // namespace
}  // namespace sluice::http
