#include <thread>

#include <gmock/gmock.h>

#include "net/http_server.h"
#include "net/net_fixture.h"

namespace sluice::net {
namespace {

using RequestDeadlineTest = NetTest;

TEST_F(RequestDeadlineTest, CanBeChangedForConnectionsThatAreOpen) {
  ScriptedHandler handler([](const http::Request& request) {
    for (int waited_ms = 0; request.target == "/slow" && waited_ms < 5'000; ++waited_ms) {
      if (request.stop.stop_requested()) return http::Response::text(503, "stopped");
      std::this_thread::sleep_for(milliseconds(1));
    }
    return http::Response::text(200, "done");
  });
  const auto server = serve(handler);
  RawClient client(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), testing::EndsWith("done"));
  server->set_request_deadline(milliseconds(50));
  client.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_THAT(client.read_answer(), testing::EndsWith("stopped"));
}

}  // namespace
}  // namespace sluice::net
