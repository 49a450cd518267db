#include "docker/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "docker/engine_test_fixture.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(EngineTest, AsksOnceWhatTheEngineIs) {
  ServeAlways("");
  for (int i = 0; i < 2; ++i) {
    const Result<EngineInfo> info = engine_->Info();
    ASSERT_TRUE(info.ok()) << info.error().ToString();
    EXPECT_FALSE(info->podman);
    EXPECT_EQ(info->version, "20.10.24");
    EXPECT_EQ(info->api_version, "1.41");
    EXPECT_EQ(info->cgroup_version, "2");
    EXPECT_TRUE(info->rootless);
    EXPECT_TRUE(info->gpus);
    EXPECT_FALSE(info->memory_limit);
    EXPECT_TRUE(info->pids_limit);
    EXPECT_THAT(info->warnings, ElementsAre("no swap"));
  }
  EXPECT_EQ(fake_->calls().size(), 3u);
}

TEST_F(EngineTest, UsesTheNewestVersionBothKnow) {
  ping_headers_ = "Libpod-Api-Version: 4.3.1\r\nApi-Version: 1.56\r\n";
  ServeAlways("");
  EXPECT_EQ(engine_->Info()->api_version, "1.44");
  EXPECT_TRUE(engine_->Info()->podman);
}

TEST_F(EngineTest, RefusesEnginesItCannotSpeakTo) {
  for (const auto& [ping, version] : std::vector<std::pair<std::string, std::string>>{
           {"Api-Version: 1.39\r\n", "{}"},
           {"Api-Version: 2.0\r\n", "{}"},
           {"Api-Version: 1.x\r\n", "{}"},
           {"", "{}"},
           {"Api-Version: 1.60\r\n", R"({"MinAPIVersion":"1.45"})"}}) {
    ping_headers_ = ping;
    version_ = version;
    ServeAlways("");
    const Result<EngineInfo> info = engine_->Info();
    ASSERT_FALSE(info.ok());
    EXPECT_EQ(info.error().code(), ErrorCode::kUnsupported);
  }
}

TEST_F(EngineTest, NobodyThereIsUnavailable) {
  const os::TempFolder folder;
  Engine engine({.address = {.unix_socket = (folder.path() / "none.sock").string()}});
  const Result<void> started = engine.StartContainer("c1");
  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(started.error().message(), HasSubstr("none.sock"));
  const std::unique_ptr<EngineStream> stream = engine.Wait("c1");
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(stream->error()->code(), ErrorCode::kUnavailable);
}

TEST_F(EngineTest, ASilentEngineTimesOut) {
  Serve([this](const FakeRequest&, const FakeEngine::Send&) {
    pollfd waiting{fake_->stop_fd(), POLLIN, 0};
    ::poll(&waiting, 1, -1);
    return false;
  });
  options_.call_timeout = milliseconds(100);
  options_.pull_stall = milliseconds(100);
  engine_ = std::make_unique<Engine>(options_);
  EXPECT_EQ(engine_->InspectContainer("c1").error().code(), ErrorCode::kTimeout);
  EXPECT_EQ(engine_->PullImage("debian", {}).error().code(), ErrorCode::kTimeout);
}

TEST_F(EngineTest, ShowsTheEnginesOwnMessage) {
  for (const auto& [status, code] : {std::pair{404, ErrorCode::kNotFound},
                                     {400, ErrorCode::kInvalidConfig},
                                     {403, ErrorCode::kPermission},
                                     {500, ErrorCode::kInternal}}) {
    ServeAlways(FakeEngine::Json(status, R"({"message":"its own words"})"));
    const auto answer = engine_->InspectContainer("c1");
    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code(), code);
    EXPECT_THAT(answer.error().message(), HasSubstr("its own words"));
  }
  ServeAlways(FakeEngine::Json(200, "[]"));
  EXPECT_EQ(engine_->InspectContainer("c1").error().code(), ErrorCode::kInternal);
}

TEST_F(EngineTest, NamesAreCheckedBeforeAnythingIsSent) {
  ServeAlways(FakeEngine::Json(200, "{}"));
  for (const char* name : {"", "../x", "a/b", "a?b", "-a", "a b", "a%2f"}) {
    EXPECT_EQ(engine_->InspectContainer(name).error().code(), ErrorCode::kInvalidConfig);
    EXPECT_EQ(engine_->RemoveContainer(name).error().code(), ErrorCode::kInvalidConfig);
    EXPECT_EQ(engine_->RemoveNetwork(name).error().code(), ErrorCode::kInvalidConfig);
    EXPECT_EQ(engine_->Wait(name)->error()->code(), ErrorCode::kInvalidConfig);
  }
  EXPECT_THAT(Calls(), ElementsAre());
  EXPECT_EQ(PercentEncode("a/b c%?\xff-._~"), "a%2Fb%20c%25%3F%FF-._~");
}

TEST(EngineAddress, IsASocketOrTls) {
  EXPECT_EQ(EngineAddress::Parse("unix:///run/docker.sock", "")->unix_socket, "/run/docker.sock");
  const EngineAddress tcp = *EngineAddress::Parse("tcp://host.example", "/certs");
  EXPECT_EQ(tcp.host, "host.example");
  EXPECT_EQ(tcp.port, 2376);
  EXPECT_EQ(EngineAddress::Parse("tcp://[::1]:99", "/c")->ToString(), "tcp://[::1]:99");
  for (const char* text : {"", "unix://", "unix://relative", "/run/docker.sock", "http://a",
                           "ssh://u@h", "tcp://", "tcp://a:0", "tcp://a:b", "tcp://a:70000",
                           "tcp://a b", "tcp://u@a", "tcp://a/b", "tcp://[::1", "tcp://[x]:1"})
    EXPECT_EQ(EngineAddress::Parse(text, "/c").error().code(), ErrorCode::kInvalidConfig) << text;
  EXPECT_EQ(EngineAddress::Parse("tcp://host:2376", "").error().code(), ErrorCode::kInvalidConfig);
}

}  // namespace
}  // namespace vlmhb::docker
