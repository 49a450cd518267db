// Images.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "docker/engine.h"
#include "docker/engine_test_fixture.h"

namespace vlmhb::docker {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST_F(EngineTest, PullTellsProgressAndSendsCredentials) {
  const os::TempFolder folder;
  const os::Path config = folder.path() / "config.json";
  ASSERT_TRUE(os::WriteFileAtomic(config, R"({"auths":{"localhost:5000":{"auth":")" +
                                              Base64Encode("me:hush-hush") + "\"}}}")
                  .ok());
  std::string head;
  std::string target;
  std::string last = "{\"status\":\"Status: Downloaded\"}\n";
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    head = request.head;
    target = request.target;
    send(FakeEngine::kChunked);
    send(FakeEngine::Chunk("{\"status\":\"Pulling fs layer\",\"id\":\"a\"}\n{\"status\":\"Down"));
    send(FakeEngine::Chunk("load complete\",\"id\":\"a\"}\n"));
    send(FakeEngine::Chunk(last));
    send("0\r\n\r\n");
    return true;
  });
  options_.docker_config = config;
  engine_ = std::make_unique<Engine>(options_);
  env::PullProgress seen;
  const auto listen = [&](const env::PullProgress& progress) { seen = progress; };
  const Result<void> pulled = engine_->PullImage("localhost:5000/a/b:1", listen);
  ASSERT_TRUE(pulled.ok()) << pulled.error().ToString();
  EXPECT_EQ(seen.layers_done, 1);
  EXPECT_EQ(seen.layers_total, 1);
  EXPECT_EQ(target, "/images/create?fromImage=localhost%3A5000%2Fa%2Fb&tag=1");
  EXPECT_THAT(head, HasSubstr("X-Registry-Auth: eyJ1c2VybmFtZSI6Im1lIi"));

  last = R"({"errorDetail":{"message":"unauthorized: hush-hush is wrong"}})";
  const Result<void> refused = engine_->PullImage("localhost:5000/a/b", {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kPermission);
  EXPECT_THAT(refused.error().ToString(), Not(HasSubstr("hush-hush")));
}

TEST_F(EngineTest, APullThatBreaksOffFails) {
  Serve([&](const FakeRequest&, const FakeEngine::Send& send) {
    send(FakeEngine::kChunked);
    send(FakeEngine::Chunk("{\"status\":\"Pulling fs layer\",\"id\":\"a\"}\n"));
    return false;
  });
  EXPECT_EQ(engine_->PullImage("debian", {}).error().code(), ErrorCode::kIo);
  ServeAlways(FakeEngine::Json(404, R"({"message":"manifest unknown"})"));
  EXPECT_EQ(engine_->PullImage("debian", {}).error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, ImagesAreLoadedAndNamed) {
  std::string loaded = R"({"stream":"Loaded image: x"})";
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.method == "POST")
      send(FakeEngine::Json(200, loaded));
    else
      send(FakeEngine::Json(200, R"({"Id":")" + std::string(64, 'b') + "\"}"));
    return true;
  });
  EXPECT_TRUE(engine_->LoadImage("tar").ok());
  loaded = R"({"errorDetail":{"message":"bad tar"}})";
  EXPECT_THAT(engine_->LoadImage("tar").error().message(), HasSubstr("bad tar"));
  EXPECT_EQ(*engine_->ImageId("q.io/a/b:1"), "sha256:" + std::string(64, 'b'));
  EXPECT_THAT(Calls(), Contains("GET /images/q.io%2Fa%2Fb%3A1/json"));
}

}  // namespace
}  // namespace vlmhb::docker
