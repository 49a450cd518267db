#pragma once
// For tests only: an Engine that speaks to a fake one.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "docker/engine.h"
#include "docker/fake_engine.h"

namespace vlmhb::docker {

// What an engine says of container "c1" when it is inspected.
inline std::string InspectedAs(std::string_view status) {
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
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!stream.ended() && std::chrono::steady_clock::now() < deadline)
      engine_->Poll(std::chrono::milliseconds(100));
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

}  // namespace vlmhb::docker
