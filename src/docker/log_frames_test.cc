#include "docker/log_frames.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::docker {
namespace {

using testing::HasSubstr;

std::string Frame(char stream, std::string_view payload) {
  std::string frame{stream, 0, 0, 0};
  for (int shift = 24; shift >= 0; shift -= 8)
    frame += static_cast<char>(payload.size() >> shift & 0xff);
  return frame.append(payload);
}

TEST(LogFrames, SurvivesACutAtEveryByte) {
  const std::string stream = Frame(1, "out\n") + Frame(2, "") + Frame(2, "err\xff\n") +
                             Frame(0, std::string(300, 'x')) + Frame(1, "end");
  const std::string expected = "out\nerr\xff\n" + std::string(300, 'x') + "end";
  for (size_t first = 0; first <= stream.size(); ++first) {
    std::string got;
    LogFrames frames([&](std::string_view bytes) { got += bytes; });
    ASSERT_TRUE(frames.Feed(stream.substr(0, first)).ok());
    ASSERT_TRUE(frames.Feed(stream.substr(first)).ok());
    EXPECT_TRUE(frames.Finish().ok());
    EXPECT_EQ(got, expected) << "cut after " << first;
  }
  std::string got;
  LogFrames frames([&](std::string_view bytes) { got += bytes; });
  for (const char byte : stream) ASSERT_TRUE(frames.Feed(std::string_view(&byte, 1)).ok());
  EXPECT_EQ(got, expected);
}

TEST(LogFrames, KnowsWhetherTheStreamIsComplete) {
  const std::string frame = Frame(1, "abc");
  for (size_t bytes = 0; bytes <= frame.size(); ++bytes) {
    LogFrames frames([](std::string_view) {});
    ASSERT_TRUE(frames.Feed(frame.substr(0, bytes)).ok());
    EXPECT_EQ(frames.Finish().ok(), bytes == 0 || bytes == frame.size()) << bytes;
  }
}

TEST(LogFrames, RefusesWhatIsNoFrame) {
  const std::string hostile[] = {
      "plain text", std::string("\x04\0\0\0\0\0\0\1x", 9), std::string("\1\0\1\0\0\0\0\1x", 9),
      std::string("\1\0\0\0\xff\xff\xff\xff", 8), std::string("\1\0\0\0\4\0\0\1", 8)};
  for (const std::string& bytes : hostile) {
    LogFrames frames([](std::string_view) { ADD_FAILURE() << "no output"; });
    const Result<void> fed = frames.Feed(bytes);
    ASSERT_FALSE(fed.ok());
    EXPECT_EQ(fed.error().code(), ErrorCode::kCorrupt);
  }
}

TEST(LogFrames, PassesTheEnginesOwnErrorOn) {
  std::string got;
  LogFrames frames([&](std::string_view bytes) { got += bytes; });
  const Result<void> fed = frames.Feed(Frame(1, "a") + Frame(3, "error grabbing logs: EOF\n"));
  ASSERT_FALSE(fed.ok());
  EXPECT_EQ(fed.error().code(), ErrorCode::kIo);
  EXPECT_THAT(fed.error().message(), HasSubstr("error grabbing logs: EOF"));
  EXPECT_EQ(got, "a");
  LogFrames long_one([](std::string_view) {});
  EXPECT_LT(long_one.Feed(Frame(3, std::string(100'000, 'y'))).error().message().size(), 1200u);
}

}  // namespace
}  // namespace vlmhb::docker
