#include "docker/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"
#include "docker/engine_client.h"
#include "docker/fake_engine.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr milliseconds kPatience{20'000};

std::string State(std::string_view status) {
  return fmt::format(R"({{"Id":"i1","Name":"/c1","Created":"2026-11-24T00:00:00Z",
      "State":{{"Status":"{}","ExitCode":3,"OOMKilled":true,"Error":"","StartedAt":
      "2026-11-24T00:00:01Z","FinishedAt":"0001-01-01T00:00:00Z"}},
      "Config":{{"Labels":{{"vlmhb.env":"e","more":"x"}}}}}})",
                     status);
}

class EngineTest : public testing::Test {
 protected:
  // Answers what every engine is asked first; the rest is `answer`'s.
  void Serve(FakeEngine::Handler answer) {
    fake_ = std::make_unique<FakeEngine>(
        [this, answer](const FakeRequest& request, const FakeEngine::Send& send) {
          if (request.target == "/_ping") {
            send(FakeEngine::Json(200, "OK", ping_headers_));
          } else if (request.target == "/version") {
            send(FakeEngine::Json(200, version_));
          } else if (request.target == "/info") {
            send(FakeEngine::Json(200, info_));
          } else {
            return answer(request, send);
          }
          return true;
        });
    options_ = fake_->Options();
    engine_ = std::make_unique<Engine>(options_);
  }
  void ServeAlways(std::string bytes) {
    Serve([bytes](const FakeRequest&, const FakeEngine::Send& send) {
      send(bytes);
      return true;
    });
  }
  std::vector<std::string> Calls() {
    std::vector<std::string> calls = fake_->calls();
    std::erase_if(calls, [](const std::string& call) {
      return call == "GET /_ping" || call == "GET /version" || call == "GET /info";
    });
    return calls;
  }
  bool RunToEnd(const EngineStream& stream) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!stream.ended() && std::chrono::steady_clock::now() < deadline)
      engine_->Poll(milliseconds(100));
    return stream.ended();
  }

  std::string ping_headers_ = "Api-Version: 1.41\r\n";
  std::string version_ = R"({"Version":"20.10.24","MinAPIVersion":"1.12"})";
  std::string info_ = R"({"CgroupVersion":"2","MemoryLimit":false,"Warnings":["no swap"],
      "Runtimes":{"nvidia":{}},"SecurityOptions":["name=seccomp","name=rootless"]})";
  std::unique_ptr<FakeEngine> fake_;
  Engine::Options options_;
  std::unique_ptr<Engine> engine_;
};

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

TEST_F(EngineTest, InspectAndListSayTheSame) {
  Serve([](const FakeRequest& request, const FakeEngine::Send& send) {
    if (request.target.starts_with("/containers/json")) {
      EXPECT_THAT(request.target, HasSubstr("all=1"));
      EXPECT_THAT(request.target, HasSubstr("%7B%22label%22%3A%5B%22a%3Db%22%2C%22only%22%5D%7D"));
      send(FakeEngine::Json(200, R"([{"Id":"i1","Names":["/c1"],"State":"exited",
                                      "Created":1763942400,"Labels":{"a":"b"}}, 7])"));
    } else {
      send(FakeEngine::Json(200, State("stopped")));
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
      send(made ? FakeEngine::Json(200, State("created")) : FakeEngine::Json(404, "{}"));
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
                                  : FakeEngine::Json(200, State("created")));
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
    ServeAlways(FakeEngine::Json(200, State(status)));
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
    send(FakeEngine::Json(200, State(works && starts > 0 ? "exited" : "created")));
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
                                  : FakeEngine::Json(200, State("exited")));
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
      send(FakeEngine::Json(200, State("running")));
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
