#include "env/fake_env_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;

class Fake : public testing::Test {
 protected:
  void Start(const std::string& id) {
    ASSERT_TRUE(manager_.Setup({.id = id}).ok());
    ASSERT_TRUE(manager_.Run(id, {.argv = {"x"}}).ok());
  }

  FakeClock clock_;
  FakeEnvManager manager_{clock_};
};

TEST_F(Fake, TimeMovesOnlyByAdvanceWhenAskedSo) {
  manager_.SetWaitAdvances(false);
  int ended = 0;
  manager_.Script("a", {.run_for = milliseconds(100),
                        .end = Exited{3},
                        .on_end = [&](const FakeEnvironment&) { ++ended; }});
  Start("a");
  manager_.WaitForChange(milliseconds(1000));
  manager_.Advance(milliseconds(99));
  EXPECT_EQ(ToString(manager_.Status("a")), "running");
  manager_.Advance(milliseconds(1));
  EXPECT_EQ(ToString(manager_.Status("a")), "exit code 3");
  EXPECT_EQ(ended, 1);
}

TEST_F(Fake, WaitingMovesTimeToTheNextEnd) {
  manager_.Script("", {.run_for = milliseconds(500)});
  manager_.Script("short", {.run_for = milliseconds(20)});
  Start("long");
  Start("short");
  EXPECT_EQ(manager_.most_running(), 2u);
  const Nanos before = clock_.Steady();
  manager_.WaitForChange(milliseconds(1000));
  EXPECT_EQ(clock_.Steady() - before, milliseconds(20));
  EXPECT_EQ(manager_.running(), 1u);
  manager_.WaitForChange(milliseconds(100));
  EXPECT_EQ(clock_.Steady() - before, milliseconds(120));
}

TEST_F(Fake, ErrorsAndLossesAreScripted) {
  manager_.FailProbe(Error(ErrorCode::kUnavailable, "no"));
  EXPECT_FALSE(manager_.Probe().ok());
  manager_.Script("bad", {.setup_error = Error(ErrorCode::kNoSpace, "disk is full")});
  EXPECT_EQ(manager_.Setup({.id = "bad-1"}).error().code(), ErrorCode::kNoSpace);
  manager_.Script("gone", {.end = Lost{"power cut"}});
  Start("gone");
  EXPECT_EQ(ToString(manager_.Status("gone")), "lost: power cut");
  EXPECT_EQ(manager_.environments(), 1u);
  EXPECT_TRUE(manager_.Cleanup("gone").ok());
  EXPECT_EQ(manager_.environments(), 0u);
  EXPECT_THAT(manager_.calls(),
              ElementsAre("setup bad-1", "setup gone", "run gone", "cleanup gone"));
}

TEST_F(Fake, AStoppedCommandDoesNotReachItsOwnEnd) {
  bool ended = false;
  manager_.Script(
      "a", {.run_for = milliseconds(100), .on_end = [&](const FakeEnvironment&) { ended = true; }});
  Start("a");
  manager_.Stop("a", milliseconds(50));
  manager_.Advance(milliseconds(1000));
  EXPECT_EQ(ToString(manager_.Status("a")), "exit code 130");
  EXPECT_FALSE(ended);
}

}  // namespace
}  // namespace vlmhb::env
