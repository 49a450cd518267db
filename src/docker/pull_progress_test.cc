#include "docker/pull_progress.h"

#include <gtest/gtest.h>

namespace vlmhb::docker {
namespace {

constexpr std::string_view kStream =
    R"({"status":"Pulling from library/x","id":"latest"}
{"status":"Pulling fs layer","progressDetail":{},"id":"a1"}
{"status":"Already exists","progressDetail":{},"id":"b2"}
{"status":"Downloading","progressDetail":{"current":50,"total":200},"progress":"[=> ]","id":"a1"}
{"status":"Downloading","progressDetail":{"current":10,"total":30},"id":"c3"}
{"status":"Download complete","progressDetail":{},"id":"a1"}
{"status":"Extracting","progressDetail":{"current":1,"total":9},"id":"a1"}
{"status":"Digest: sha256:00"}
)";

TEST(PullProgress, CountsLayersWhereverTheStreamIsCut) {
  for (size_t cut = 0; cut <= kStream.size(); ++cut) {
    PullProgress progress;
    progress.Feed(kStream.substr(0, cut));
    progress.Feed(kStream.substr(cut));
    progress.Finish();
    EXPECT_EQ(progress.total().layers_total, 3);
    EXPECT_EQ(progress.total().layers_done, 2);
    EXPECT_EQ(progress.total().bytes_done, 210);
    EXPECT_EQ(progress.total().bytes_total, 230);
    EXPECT_FALSE(progress.error_message().has_value());
  }
}

TEST(PullProgress, TellsWhetherSomethingChanged) {
  PullProgress progress;
  EXPECT_FALSE(progress.Feed("{\"status\":\"Pulling from x\",\"id\":\"1\"}\r\n"));
  EXPECT_TRUE(progress.Feed("{\"status\":\"Waiting\",\"id\":\"a\"}\n"));
  EXPECT_FALSE(progress.Feed("{\"status\":\"Waiting\",\"id\":\"a\"}\n"));
}

TEST(PullProgress, FindsTheErrorInASuccessfulResponse) {
  PullProgress progress;
  progress.Feed(R"({"errorDetail":{"message":"toomanyrequests: slow"},"error":"e"})");
  progress.Finish();
  EXPECT_EQ(progress.error_message(), "toomanyrequests: slow");
  PullProgress podman;
  podman.Feed("{\"error\":\"manifest unknown\"}\n");
  EXPECT_EQ(podman.error_message(), "manifest unknown");
}

TEST(PullProgress, SurvivesRubbish) {
  PullProgress progress;
  progress.Feed("rubbish\n[]\n{\"id\":7}\n\n\xff\n");
  progress.Feed(std::string(3u << 20, 'x'));
  progress.Feed(
      "\n{\"status\":\"Downloading\",\"id\":\"a\",\"progressDetail\":{\"current\":-5}}\n");
  progress.Feed(
      "{\"status\":\"Downloading\",\"id\":\"b\",\"progressDetail\":{\"total\":"
      "9223372036854775807,\"current\":9223372036854775807}}\n");
  progress.Feed("{\"status\":\"Downloading\",\"id\":\"c\",\"progressDetail\":7}\n");
  std::string many;
  for (int i = 0; i < 10'500; ++i)
    many += "{\"status\":\"Waiting\",\"id\":\"" + std::to_string(i) + "\"}\n";
  progress.Feed(many);
  EXPECT_EQ(progress.total().layers_total, 10'000);
  EXPECT_EQ(progress.total().bytes_done, int64_t{1} << 50);
}

TEST(PullProgress, KnowsTheKindOfAFailure) {
  EXPECT_EQ(PullErrorCode("pull access denied for x, repository does not exist or may require"),
            ErrorCode::kPermission);
  EXPECT_EQ(PullErrorCode("unauthorized: authentication required"), ErrorCode::kPermission);
  EXPECT_EQ(PullErrorCode("manifest for x:9 not found: manifest unknown"), ErrorCode::kNotFound);
  EXPECT_EQ(PullErrorCode("dial tcp: lookup r.io: no such host"), ErrorCode::kUnavailable);
  EXPECT_EQ(PullErrorCode("dial tcp 127.0.0.1:1: connect: connection refused"),
            ErrorCode::kUnavailable);
  EXPECT_EQ(PullErrorCode("write /x: no space left on device"), ErrorCode::kNoSpace);
  EXPECT_EQ(PullErrorCode("odd"), ErrorCode::kInternal);
}

}  // namespace
}  // namespace vlmhb::docker
