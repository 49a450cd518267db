// Containers and networks.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "docker/engine.h"
#include "docker/engine_test_fixture.h"

namespace vlmhb::docker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(EngineTest, InspectAndListSayTheSame) {
  Serve([](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.target.starts_with("/containers/json")) {
      EXPECT_THAT(request.target, HasSubstr("all=1"));
      EXPECT_THAT(request.target, HasSubstr("%7B%22label%22%3A%5B%22a%3Db%22%2C%22only%22%5D%7D"));
      send(FakeEngine::Json(200, R"([{"Id":"i1","Names":["/c1"],"State":"exited",
                                      "Created":1763942400,"Labels":{"a":"b"}}, 7])"));
    } else {
      send(FakeEngine::Json(200, InspectedAs("stopped")));
    }
    return true;
  });
  const Result<ContainerState> inspected = engine_->InspectContainer("c1");
  ASSERT_TRUE(inspected.ok()) << inspected.error().ToString();
  EXPECT_EQ(inspected->id, "i1");
  EXPECT_EQ(inspected->name, "c1");
  EXPECT_EQ(inspected->status, "exited");
  EXPECT_EQ(inspected->exit_code, 3);
  EXPECT_TRUE(inspected->out_of_memory);
  EXPECT_EQ(inspected->started_at, "2026-11-24T00:00:01Z");
  EXPECT_EQ(inspected->finished_at, "");
  EXPECT_EQ(inspected->labels.at("more"), "x");
  const auto listed = engine_->ListContainers({{"a", "b"}, {"only", ""}});
  ASSERT_TRUE(listed.ok()) << listed.error().ToString();
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().name, "c1");
  EXPECT_EQ(listed->front().status, "exited");
  EXPECT_EQ(listed->front().created_at, "2025-11-24T00:00:00.000Z");
}

TEST_F(EngineTest, ALostReplyToCreateIsLookedForFirst) {
  std::atomic<int> creates = 0;
  std::atomic<bool> made = false;
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.method == "POST" && ++creates == 1) return false;  // the reply is lost
    if (request.method == "POST")
      send(FakeEngine::Json(201, R"({"Id":"i2","Warnings":[]})"));
    else
      send(made ? FakeEngine::Json(200, InspectedAs("created")) : FakeEngine::Json(404, "{}"));
    return true;
  });
  json::object body;
  body["Labels"] = json::object{{"vlmhb.env", "e"}};
  EXPECT_EQ(*engine_->CreateContainer("c1", body), "i2");  // it had not been carried out
  EXPECT_THAT(Calls(), ElementsAre("POST /containers/create", "GET /containers/c1/json",
                                   "POST /containers/create"));
  creates = 0;
  made = true;
  EXPECT_EQ(*engine_->CreateContainer("c1", body), "i1");  // it had
  EXPECT_EQ(creates, 1);
  creates = 0;
  body["Labels"] = json::object{{"vlmhb.env", "another"}};
  EXPECT_EQ(engine_->CreateContainer("c1", body).error().code(), ErrorCode::kInternal);
}

TEST_F(EngineTest, ATakenNameIsOursOnlyWithOurLabels) {
  Serve([](const FakeRequest& request, const FakeEngine::Send& send) {
    send(request.method == "POST" ? FakeEngine::Json(409, R"({"message":"name in use"})")
                                  : FakeEngine::Json(200, InspectedAs("created")));
    return true;
  });
  json::object body;
  EXPECT_EQ(engine_->CreateContainer("c1", body).error().code(), ErrorCode::kInternal);
  body["Labels"] = json::object{{"vlmhb.env", "e"}, {"vlmhb.identity", "1"}};
  EXPECT_EQ(engine_->CreateContainer("c1", body).error().code(), ErrorCode::kInternal);
  body["Labels"] = json::object{{"vlmhb.env", "e"}};
  EXPECT_EQ(*engine_->CreateContainer("c1", body), "i1");
}

TEST_F(EngineTest, AnEndedContainerIsNotStartedAgain) {
  for (const char* status : {"running", "exited", "dead", "paused"}) {
    ServeAlways(FakeEngine::Json(200, InspectedAs(status)));
    EXPECT_TRUE(engine_->StartContainer("c1").ok());
    EXPECT_THAT(Calls(), ElementsAre("GET /containers/c1/json"));
  }
}

TEST_F(EngineTest, ALostReplyToStartIsLookedForFirst) {
  std::atomic<int> starts = 0;
  std::atomic<bool> works = true;
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.method == "POST") {
      ++starts;
      return false;
    }
    send(FakeEngine::Json(200, InspectedAs(works && starts > 0 ? "exited" : "created")));
    return true;
  });
  EXPECT_TRUE(engine_->StartContainer("c1").ok());
  EXPECT_EQ(starts, 1);
  starts = 0;
  works = false;
  EXPECT_EQ(engine_->StartContainer("c1").error().code(), ErrorCode::kIo);
  EXPECT_EQ(starts, 2);
}

TEST_F(EngineTest, RemovalIsIdempotentAndWaitsForOneInProgress) {
  std::atomic<int> asked = 0;
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    EXPECT_EQ(request.method, "DELETE");
    if (++asked == 1) return false;
    send(FakeEngine::Json(asked == 2 ? 409 : 404, R"({"message":"in progress"})"));
    return true;
  });
  EXPECT_TRUE(engine_->RemoveContainer("c1").ok());
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(engine_->RemoveNetwork("n1").ok());
}

TEST_F(EngineTest, KillingWhatHasEndedIsFine) {
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    send(request.method == "POST" ? FakeEngine::Json(409, R"({"message":"is not running"})")
                                  : FakeEngine::Json(200, InspectedAs("exited")));
    return true;
  });
  EXPECT_TRUE(engine_->KillContainer("c1", "KILL").ok());
  EXPECT_EQ(engine_->KillContainer("c1", "K&x").error().code(), ErrorCode::kInvalidConfig);
  EXPECT_EQ(engine_->Stats("c1").error().code(), ErrorCode::kNotFound);
}

TEST_F(EngineTest, ANetworkIsMadeOnce) {
  Serve([&](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.method == "POST") {
      EXPECT_THAT(request.body, HasSubstr(R"("Name":"n1")"));
      return false;
    }
    send(FakeEngine::Json(200, R"({"Id":"net","Labels":{"a":"b"}})"));
    return true;
  });
  EXPECT_EQ(*engine_->CreateNetwork("n1", {{"Labels", {{"a", "b"}}}}), "net");
  EXPECT_EQ(engine_->CreateNetwork("n1", {{"Labels", {{"a", "c"}}}}).error().code(),
            ErrorCode::kInternal);
}

}  // namespace
}  // namespace vlmhb::docker
