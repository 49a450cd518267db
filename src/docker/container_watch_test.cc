#include "docker/container_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "docker/engine_test_fixture.h"

namespace vlmhb::docker {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class ContainerWatchTest : public EngineTest {
 protected:
  // Answers to streams until `ended`, to inspections, and to signals as `on_signal` says.
  void ServeContainer(std::function<bool(const std::string& signal)> on_signal) {
    Serve([this, on_signal](const FakeRequest& request, const FakeEngine::Send& send) {
      if (const size_t at = request.target.find("signal="); at != std::string::npos) {
        const std::string signal = request.target.substr(at + 7);
        {
          const std::lock_guard lock(mutex_);
          signals_.push_back(signal);
        }
        if (!on_signal(signal)) return false;
        send(FakeEngine::Json(204, ""));
        return true;
      }
      if (request.target.find("/wait") != std::string::npos ||
          request.target.find("/logs") != std::string::npos) {
        while (!ended_ && !fake_->stopping()) std::this_thread::sleep_for(milliseconds(1));
        send(FakeEngine::Json(200, ""));
        return true;
      }
      send(FakeEngine::Json(200, InspectedAs(ended_ ? "exited" : "running")));
      return true;
    });
    auto log = LogFile::Open(folder_.path() / "log", std::nullopt);
    ASSERT_TRUE(log.ok());
    watch_ = std::make_unique<ContainerWatch>(*engine_, "c1", *log, milliseconds(20'000));
  }
  env::TaskStatus RunToEnd() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!watch_->over() && std::chrono::steady_clock::now() < deadline) {
      watch_->Poll();
      engine_->Poll(milliseconds(10));
    }
    return watch_->Poll();
  }
  std::vector<std::string> signals() {
    const std::lock_guard lock(mutex_);
    return signals_;
  }

  os::TempFolder folder_;
  std::atomic<bool> ended_ = false;
  std::mutex mutex_;
  std::vector<std::string> signals_;
  std::unique_ptr<ContainerWatch> watch_;
};

TEST_F(ContainerWatchTest, ASigtermWhoseReplyWasLostIsSentAgain) {
  std::atomic<int> sent = 0;
  ServeContainer([&](const std::string&) {
    if (++sent < 4) return false;  // a call is repeated once by itself
    ended_ = true;
    return true;
  });
  watch_->Stop(milliseconds(20'000));
  EXPECT_EQ(env::ToString(RunToEnd()), "exit code 3");
  EXPECT_THAT(signals(), ElementsAre("SIGTERM", "SIGTERM", "SIGTERM", "SIGTERM"));
}

TEST_F(ContainerWatchTest, ADeliveredSigtermIsNot) {
  ServeContainer([&](const std::string& signal) {
    ended_ = signal == "SIGKILL";
    return true;
  });
  watch_->Stop(milliseconds(100));
  watch_->Stop(milliseconds(20'000));
  RunToEnd();
  EXPECT_THAT(signals(), ElementsAre("SIGTERM", "SIGTERM", "SIGKILL"))
      << "once a call of Stop; the earlier end of the grace holds";
}

}  // namespace
}  // namespace vlmhb::docker
