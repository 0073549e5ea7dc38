#include "cli/service_notify.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <map>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/temp_directory.h"

namespace sluice::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

/// The manager's end. `address` as NOTIFY_SOCKET has it.
class Manager {
 public:
  explicit Manager(std::string address) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    const size_t size = address.size();
    if (address.front() == '@') address.front() = '\0';
    std::memcpy(at.sun_path, address.data(), size);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size);
    EXPECT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&at), length), 0) << std::strerror(errno);
  }
  ~Manager() { ::close(socket_); }

  /// The next message, "" when there is none.
  std::string receive() {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::recv(socket_, buffer.data(), buffer.size(), 0);
    return got < 0 ? "" : std::string(buffer.data(), static_cast<size_t>(got));
  }

 private:
  int socket_;
};

Environment environment_of(std::map<std::string, std::string> variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(ServiceNotifier, SpeaksToAPathAndToAnAbstractName) {
  const test::TempDirectory directory;
  for (const std::string& address : {directory.file("notify"), fmt::format("@sluice-test-{}", ::getpid())}) {
    Manager manager(address);
    ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", address}}));
    ASSERT_TRUE(notifier.is_active());
    notifier.ready("running");
    EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=running");
    notifier.status("3 of 4");
    EXPECT_EQ(manager.receive(), "STATUS=3 of 4");
    notifier.alive();
    EXPECT_EQ(manager.receive(), "WATCHDOG=1");
    notifier.stopping();
    EXPECT_EQ(manager.receive(), "STOPPING=1");
    EXPECT_EQ(manager.receive(), "");
  }
}

TEST(ServiceNotifier, TellsWhenReloadingBegan) {
  const test::TempDirectory directory;
  Manager manager(directory.file("notify"));
  ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", directory.file("notify")}}));
  notifier.reloading();
  EXPECT_THAT(manager.receive(), testing::MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
}

TEST(ServiceNotifier, AStatusStaysOneShortLine) {
  const test::TempDirectory directory;
  Manager manager(directory.file("notify"));
  ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", directory.file("notify")}}));
  notifier.status("failed:\nREADY=1 " + std::string(5000, 'x'));
  const std::string message = manager.receive();
  EXPECT_THAT(message, AllOf(StartsWith("STATUS=failed:"), Not(HasSubstr("\n"))));
  EXPECT_LT(message.size(), 500u);
}

TEST(ServiceNotifier, DoesNothingWithoutASocketOrWithAnOddOne) {
  for (const std::string& address :
       {std::string(), std::string("/"), std::string("relative"), "/" + std::string(200, 'x')}) {
    ServiceNotifier notifier(environment_of({{"NOTIFY_SOCKET", address}}));
    EXPECT_FALSE(notifier.is_active()) << address;
    notifier.ready("running");
  }
  ServiceNotifier none(environment_of({}));
  EXPECT_FALSE(none.is_active());
  ServiceNotifier nobody_listens(environment_of({{"NOTIFY_SOCKET", "/nonexistent/notify"}}));
  nobody_listens.ready("running");
}

TEST(ServiceNotifier, TheWatchdogIsFedTwiceAsOftenAsAsked) {
  const auto interval = [](std::map<std::string, std::string> variables) {
    variables["NOTIFY_SOCKET"] = "/run/notify";
    return ServiceNotifier(environment_of(std::move(variables))).watchdog_interval();
  };
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "20000000"}}), std::chrono::milliseconds(10'000));
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "20000000"}, {"WATCHDOG_PID", fmt::format("{}", ::getpid())}}),
            std::chrono::milliseconds(10'000));
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "20000000"}, {"WATCHDOG_PID", "1"}}), std::nullopt)
      << "meant for another process";
  EXPECT_EQ(interval({}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "soon"}}), std::nullopt);
  EXPECT_EQ(interval({{"WATCHDOG_USEC", "0"}}), std::nullopt);
}

}  // namespace
}  // namespace sluice::cli
