// A container with a network of its own, on the engines that VLMHB_TEST_ENGINES names. What it
// reaches is this machine at its end of that network, so nothing leaves it.

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "docker/docker_env_manager.h"
#include "docker/engines_under_test.h"
#include "env/test_support.h"

namespace vlmhb::docker {
namespace {

constexpr std::string_view kGreeting = "a word from outside\n";

// Tells its gateway, waits until somebody listens there, and prints what it hears.
constexpr char kScript[] = R"(
import os, socket, struct, time
routes = [line.split() for line in open("/proc/net/route")]
gateway = next(route[2] for route in routes if route[1] == "00000000")
host = socket.inet_ntoa(struct.pack("<L", int(gateway, 16)))
with open("/data/out/new", "w") as file: file.write(host)
os.rename("/data/out/new", "/data/out/gateway")
while not os.path.exists("/data/out/port"): time.sleep(0.01)
port = int(open("/data/out/port").read())
print(socket.create_connection((host, port), 20).makefile().read(), end="")
)";

// Listens at `host`, on a free port; that is the second. -1: it cannot.
std::pair<os::Fd, int> Listen(const std::string& host) {
  os::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  socklen_t size = sizeof at;
  if (::inet_pton(AF_INET, host.c_str(), &at.sin_addr) != 1 ||
      ::bind(fd.get(), reinterpret_cast<sockaddr*>(&at), size) != 0 || ::listen(fd.get(), 1) != 0 ||
      ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&at), &size) != 0)
    return {os::Fd(), -1};
  return {std::move(fd), ntohs(at.sin_port)};
}

bool GreetOne(const os::Fd& listener) {
  pollfd waiting{listener.get(), POLLIN, 0};
  if (::poll(&waiting, 1, 20'000) != 1) return false;
  const os::Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  return ::send(client.get(), kGreeting.data(), kGreeting.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(kGreeting.size());
}

void ExpectANetworkThatGoesWithItsContainer(const EngineUnderTest& real) {
  const os::TempFolder folder;
  const Path out = folder.path() / "out";
  std::filesystem::create_directory(out);
  DockerEnvOptions options{.name = real.kind};
  options.engine.address = real.address;
  DockerEnvManager manager(std::move(options));
  env::EnvSpec spec{.id = "online", .network = env::Network::kOutside};
  spec.workspace = folder.path().string();
  spec.image = ImageUnderTest();
  ASSERT_OK(manager.Setup(spec));
  ASSERT_OK(manager.MountData("online", out, "out", env::Access::kReadWrite));
  ASSERT_OK(
      manager.Run("online", {.argv = {"python3", "-c", kScript}, .log = folder.path() / "log"}));
  while (!std::filesystem::exists(out / "gateway") &&
         std::holds_alternative<env::Running>(manager.Status("online")))
    manager.WaitForChange(std::chrono::milliseconds(20));
  const auto gateway = os::ReadFile(out / "gateway");
  ASSERT_OK(gateway);
  const auto [listener, port] = Listen(*gateway);
  ASSERT_GT(port, 0) << "cannot listen at " << *gateway;
  ASSERT_OK(os::WriteFileAtomic(out / "port", std::to_string(port)));
  EXPECT_TRUE(GreetOne(listener));
  EXPECT_EQ(env::ToString(env::WaitForEnd(manager, "online")), "exit code 0");
  EXPECT_EQ(*os::ReadFile(folder.path() / "log"), kGreeting);
  EXPECT_EQ(FindString(manager.Describe("online"), "network"), "outside");
  EXPECT_OK(manager.Cleanup("online"));
  const auto left = manager.List();
  ASSERT_OK(left);
  for (const env::Leftover& found : *left) EXPECT_NE(found.workspace, spec.workspace) << found.name;
}

TEST(NetworkReal, ReachesWhatIsOutside) {
  if (EnginesUnderTest().empty() || ImageUnderTest().empty())
    GTEST_SKIP() << "set VLMHB_TEST_ENGINES and VLMHB_TEST_IMAGE";
  for (const EngineUnderTest& real : EnginesUnderTest()) {
    SCOPED_TRACE(real.kind);
    ExpectANetworkThatGoesWithItsContainer(real);
  }
}

}  // namespace
}  // namespace vlmhb::docker
