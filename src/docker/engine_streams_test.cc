// What follows a container: its end and its log.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "docker/engine.h"
#include "docker/engine_test_fixture.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

TEST_F(EngineTest, LogsComeInOrderToTheEnd) {
  const std::string frames = std::string("\1\0\0\0\0\0\0\3one\2\0\0\0\0\0\0\3", 19) + "two";
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    EXPECT_THAT(request.target, HasSubstr("follow=1"));
    send(FakeEngine::kChunked);
    for (const char byte : frames) send(FakeEngine::Chunk({&byte, 1}));
    send("0\r\n\r\n");
    return true;
  });
  std::string log;
  const auto stream = engine_->FollowLogs("c1", [&](std::string_view bytes) { log += bytes; });
  ASSERT_TRUE(RunToEnd(*stream));
  EXPECT_FALSE(stream->error().has_value()) << stream->error()->ToString();
  EXPECT_EQ(log, "onetwo");
}

TEST_F(EngineTest, BrokenLogStreamsSaySo) {
  std::string sent;
  bool in_order = true;
  Serve([&](const FakeRequest&, const FakeEngine::Send& send) {
    send(FakeEngine::kChunked);
    send(FakeEngine::Chunk(sent));
    if (in_order) send("0\r\n\r\n");
    return false;
  });
  const struct {
    std::string bytes;
    bool in_order;
    ErrorCode code;
  } cases[] = {{std::string("\1\0\0\0\0\0\0\3one", 11), false, ErrorCode::kIo},
               {std::string("\1\0\0\0\0\0\0\5one", 11), true, ErrorCode::kIo},
               {"no frames", true, ErrorCode::kCorrupt}};
  for (const auto& each : cases) {
    sent = each.bytes;
    in_order = each.in_order;
    std::string log;
    const auto stream = engine_->FollowLogs("c1", [&](std::string_view bytes) { log += bytes; });
    ASSERT_TRUE(RunToEnd(*stream));
    ASSERT_TRUE(stream->error().has_value());
    EXPECT_EQ(stream->error()->code(), each.code) << stream->error()->ToString();
    EXPECT_EQ(log, each.code == ErrorCode::kIo ? "one" : "");
  }
}

TEST_F(EngineTest, WaitEndsWhenTheContainerDoesAndCallsGoOnMeanwhile) {
  Result<os::Pipe> gate = os::MakePipe();
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.target.find("/wait") == std::string::npos) {
      send(FakeEngine::Json(200, InspectedAs("running")));
      return true;
    }
    pollfd waiting[2] = {{gate->read.get(), POLLIN, 0}, {fake_->stop_fd(), POLLIN, 0}};
    ::poll(waiting, 2, -1);
    send(FakeEngine::Json(200, R"({"StatusCode":3})"));
    return true;
  });
  const auto abandoned = engine_->Wait("c2");
  const auto stream = engine_->Wait("c1");
  engine_->Poll(milliseconds(1));
  EXPECT_FALSE(stream->ended());
  EXPECT_TRUE(engine_->InspectContainer("c1").ok());
  EXPECT_FALSE(stream->ended());
  gate->write.Reset();
  ASSERT_TRUE(RunToEnd(*stream));
  EXPECT_FALSE(stream->error().has_value());
  engine_.reset();  // streams may outlive the engine
}

}  // namespace
}  // namespace vlmhb::docker
