// Engines at tcp addresses: the fake engine behind TLS, as a daemon with --tlsverify.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <optional>

#include "docker/engine.h"
#include "docker/fake_engine.h"
#include "docker/test_acceptor.h"
#include "http/test_certificates.h"
#include "http/test_peer.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

// Hands what clients with a certificate of `clients` say on to a Unix socket, and back.
class TlsFront {
 public:
  TlsFront(const http::TestAuthority& authority, const http::TestAuthority& clients,
           const std::string& unix_socket)
      : certificate_(authority.Issue({})), clients_(clients) {
    ::signal(SIGPIPE, SIG_IGN);
    engine_.unix_path = unix_socket;
    acceptor_.emplace(at_, [this](os::Fd client) { Serve(std::move(client)); });
  }

  EngineAddress Address(const os::Path& certificates) const {
    return *EngineAddress::Parse(fmt::format("tcp://127.0.0.1:{}", at_.port), certificates);
  }

 private:
  void Serve(os::Fd fd) {
    http::TlsPeer peer(std::move(fd), certificate_, {.clients = &clients_});
    if (!peer.Handshake()) return;
    const auto address = http::SystemEndpoint(engine_);
    const os::Fd engine(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (::connect(engine.get(), address.data(), static_cast<socklen_t>(address.size())) != 0)
      return;
    std::string bytes(65536, '\0');
    while (true) {
      pollfd waiting[3] = {
          {peer.fd(), POLLIN, 0}, {engine.get(), POLLIN, 0}, {acceptor_->StopFd(), POLLIN, 0}};
      const bool pending = peer.HasPending();
      if (::poll(waiting, 3, pending ? 0 : -1) < 0 || waiting[2].revents != 0) return;
      if (pending || waiting[0].revents != 0) {
        const int n = peer.Read(bytes.data(), static_cast<int>(bytes.size()));
        if (n <= 0 || !os::WriteAll(engine.get(), {bytes.data(), static_cast<size_t>(n)}, "").ok())
          return;
      }
      if (waiting[1].revents != 0) {
        const ssize_t n = ::recv(engine.get(), bytes.data(), bytes.size(), 0);
        if (n <= 0) return peer.Close();
        peer.Send({bytes.data(), static_cast<size_t>(n)});
      }
    }
  }

  http::Certificate certificate_;
  const http::TestAuthority& clients_;
  http::Endpoint engine_;
  http::Endpoint at_ = *http::Endpoint::Parse("127.0.0.1:0");
  std::optional<TestAcceptor> acceptor_;  // last: its threads use the others
};

class EngineTlsTest : public testing::Test {
 protected:
  void Serve(FakeEngine::Handler answer) {
    fake_ = std::make_unique<FakeEngine>(
        [answer](const FakeRequest& request, const FakeEngine::Send& send) {
          if (request.target == "/_ping") {
            send(FakeEngine::Json(200, "OK", "Api-Version: 1.41\r\n"));
          } else if (request.target == "/version" || request.target == "/info") {
            send(FakeEngine::Json(200, R"({"Version":"20.10.24"})"));
          } else {
            return answer(request, send);
          }
          return true;
        });
  }
  void ServeAlways(std::string bytes) {
    Serve([bytes](const FakeRequest&, const FakeEngine::Send& send) {
      send(bytes);
      return true;
    });
  }
  std::string Socket() const { return fake_->Options().address.unix_socket; }

  http::TestAuthority authority_;
  std::unique_ptr<FakeEngine> fake_;
};

TEST_F(EngineTlsTest, CallsAndStreamsWork) {
  Serve([](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.target.find("/logs") != std::string::npos) {
      send(FakeEngine::kChunked);
      send(FakeEngine::Chunk(std::string("\1\0\0\0\0\0\0\3one", 11)));
      send("0\r\n\r\n");
    } else {
      send(FakeEngine::Json(200, R"({"Id":"i1","State":{"Status":"running"}})"));
    }
    return true;
  });
  const TlsFront front(authority_, authority_, Socket());
  {
    Engine engine({.address = front.Address(authority_.folder())});
    const Result<EngineInfo> info = engine.Info();
    ASSERT_TRUE(info.ok()) << info.error().ToString();
    EXPECT_EQ(info->version, "20.10.24");
    std::string log;
    const auto logs = engine.FollowLogs("c1", [&](std::string_view bytes) { log += bytes; });
    EXPECT_EQ(engine.InspectContainer("c1")->status, "running");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!logs->ended() && std::chrono::steady_clock::now() < deadline)
      engine.Poll(milliseconds(100));
    ASSERT_TRUE(logs->ended());
    EXPECT_FALSE(logs->error().has_value()) << logs->error()->ToString();
    EXPECT_EQ(log, "one");
  }
  EXPECT_THAT(fake_->calls(), testing::Contains("GET /containers/c1/logs"));
}

TEST_F(EngineTlsTest, FilesThatAreMissingAreNamed) {
  for (const char* name : {"ca.pem", "cert.pem", "key.pem"}) {
    const http::TestAuthority incomplete;
    std::filesystem::remove(incomplete.folder() / name);
    Engine engine({.address = *EngineAddress::Parse("tcp://127.0.0.1:1", incomplete.folder())});
    const Result<std::string> image = engine.ImageId("debian");
    ASSERT_FALSE(image.ok());
    EXPECT_EQ(image.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(image.error().message(), HasSubstr((incomplete.folder() / name).string()));
    EXPECT_EQ(engine.Wait("c1")->error()->code(), ErrorCode::kInvalidConfig);
  }
}

TEST_F(EngineTlsTest, RefusedCertificatesAreNotTriedAgain) {
  ServeAlways(FakeEngine::Json(200, "{}"));
  const http::TestAuthority another;
  const TlsFront impostor(another, authority_, Socket());
  Engine fooled({.address = impostor.Address(authority_.folder())});
  const Result<EngineInfo> impostors = fooled.Info();
  ASSERT_FALSE(impostors.ok());
  EXPECT_EQ(impostors.error().code(), ErrorCode::kPermission) << impostors.error().ToString();
  EXPECT_THAT(impostors.error().message(), HasSubstr((authority_.folder() / "ca.pem").string()));

  const TlsFront strict(authority_, another, Socket());
  Engine stranger({.address = strict.Address(authority_.folder())});
  const Result<EngineInfo> refused = stranger.Info();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermission) << refused.error().ToString();
  EXPECT_THAT(refused.error().message(), HasSubstr((authority_.folder() / "cert.pem").string()));
  EXPECT_THAT(fake_->calls(), ElementsAre());
}

TEST_F(EngineTlsTest, SaysThatTheEngineDoesNotSeeThisMachinesFolders) {
  ServeAlways(FakeEngine::Json(
      400,
      R"({"message":"invalid mount config for type \"bind\": bind source path does not exist: )"
      R"(/here/only"})"));
  const TlsFront front(authority_, authority_, Socket());
  Engine remote({.address = front.Address(authority_.folder())});
  const Result<std::string> there = remote.CreateContainer("c1", {});
  ASSERT_FALSE(there.ok());
  EXPECT_EQ(there.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(there.error().message(),
              testing::AllOf(HasSubstr("/here/only"), HasSubstr("at the same paths")));

  Engine here(fake_->Options());
  EXPECT_EQ(here.CreateContainer("c1", {}).error().code(), ErrorCode::kInvalidConfig);
}

}  // namespace
}  // namespace vlmhb::docker
