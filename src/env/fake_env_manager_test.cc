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

class FakeThatReattaches : public Fake {
 protected:
  FakeThatReattaches() {
    Capabilities can = manager_.capabilities();
    can.reattach = true;
    can.images = true;
    manager_.SetCapabilities(can);
  }
};

TEST_F(FakeThatReattaches, AnEarlierEnvironmentOfTheSameStageGoesOn) {
  bool ended = false;
  manager_.AddEarlier({.id = "a",
                       .identity = "i1",
                       .workspace = "/w",
                       .behaviour = {.run_for = milliseconds(100),
                                     .end = Exited{4},
                                     .on_end = [&](const FakeEnvironment&) { ended = true; }}});
  EXPECT_EQ(manager_.Reattach({.id = "b", .identity = "i1"}, "/log").error().code(),
            ErrorCode::kNotFound);
  const auto listed = manager_.List();
  ASSERT_TRUE(listed.ok() && listed->size() == 1);
  EXPECT_EQ(listed->front().state, "running");
  EXPECT_EQ(listed->front().identity, "i1");
  EXPECT_EQ(listed->front().workspace, "/w");
  EXPECT_FALSE(listed->front().owner_alive);

  ASSERT_TRUE(manager_.Reattach({.id = "a", .identity = "i1"}, "/log").ok());
  EXPECT_EQ(manager_.earlier(), 0u);
  EXPECT_EQ(manager_.running(), 1u);
  EXPECT_EQ(ToString(manager_.Status("a")), "running");
  manager_.Advance(milliseconds(100));
  EXPECT_EQ(ToString(manager_.Status("a")), "exit code 4");
  EXPECT_TRUE(ended);
  EXPECT_FALSE(manager_.Reattach({.id = "a", .identity = "i1"}, "/log").ok());
}

TEST_F(FakeThatReattaches, AnotherIdentityIsRemovedAndALivingOwnerIsLeftAlone) {
  manager_.AddEarlier({.id = "a", .identity = "old"});
  manager_.AddEarlier({.id = "theirs", .identity = "i1", .owner_alive = true});
  for (const char* id : {"a", "theirs"}) {
    const auto refused = manager_.Reattach({.id = id, .identity = "i1"}, "/log");
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound);
  }
  EXPECT_EQ(manager_.earlier(), 1u);
  const auto listed = manager_.List();
  ASSERT_TRUE(listed.ok() && listed->size() == 1);
  EXPECT_TRUE(manager_.Remove(listed->front()).ok());
  EXPECT_TRUE(manager_.Remove(listed->front()).ok());
  EXPECT_EQ(manager_.earlier(), 0u);
}

TEST_F(Fake, NothingIsTakenOverWithoutThatCapability) {
  manager_.AddEarlier({.id = "a", .identity = "i1"});
  EXPECT_EQ(manager_.Reattach({.id = "a", .identity = "i1"}, "/log").error().code(),
            ErrorCode::kNotFound);
  EXPECT_EQ(manager_.PrepareImage("x:1", Pull::kNever, {})->digest, "");
}

TEST_F(FakeThatReattaches, ImagesAreHereUnlessScripted) {
  const auto image = manager_.PrepareImage("x:1", Pull::kNever, {});
  ASSERT_TRUE(image.ok());
  EXPECT_EQ(image->reference, "x:1");
  EXPECT_EQ(image->digest.size(), std::string("sha256:").size() + 64);
  manager_.SetImageDigest("x:1", "sha256:1");
  EXPECT_EQ(manager_.PrepareImage("x:1", Pull::kNever, {})->digest, "sha256:1");
  manager_.FailImage("x:1", Error(ErrorCode::kNotFound, "no such image"));
  EXPECT_EQ(manager_.PrepareImage("x:1", Pull::kIfMissing, {}).error().code(),
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace vlmhb::env
