#pragma once
// RealConformance: programs, logs, limits, and that a command's whole tree ends.

#include <signal.h>

#include "env/conformance.h"

namespace vlmhb::env {

TEST_P(RealConformance, AProgramThatCannotBeRunIsNoBrokenEnvironment) {
  ASSERT_OK(manager_->Setup(Spec("a")));
  ASSERT_OK(manager_->Run("a", {.argv = {"no-such-program"}, .log = LogOf("a")}));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 127");
  EXPECT_THAT(*os::ReadFile(LogOf("a")), testing::HasSubstr("no-such-program"));
  ASSERT_OK(manager_->Setup(Spec("b")));
  ASSERT_OK(manager_->Run("b", {.argv = {"/usr"}, .log = LogOf("b")}));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "b")), "exit code 126");
}

TEST_P(RealConformance, HostileCommandsAreRefused) {
  ASSERT_OK(manager_->Setup(Spec("a")));
  const std::string nul("x\0y", 3);
  for (const Command& bad :
       {Command{.argv = {}}, Command{.argv = {""}}, Command{.argv = {"-c"}},
        Command{.argv = {"true", nul}}, Command{.argv = {"true"}, .env = {{"A=B", "1"}}},
        Command{.argv = {"true"}, .env = {{"A", nul}}}}) {
    Command command = bad;
    command.log = LogOf("a");
    const auto refused = manager_->Run("a", command);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
  }
}

TEST_P(RealConformance, ArgumentsArePassedLiterally) {
  ASSERT_OK(manager_->Setup(Spec("a")));
  ASSERT_OK(manager_->Run(
      "a", {.argv = {"printf", "%s|", "a b", "$(id)", "--", "", "\n'\""}, .log = LogOf("a")}));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
  EXPECT_EQ(*os::ReadFile(LogOf("a")), "a b|$(id)|--||\n'\"|");
}

TEST_P(RealConformance, TheLogIsCompleteAndAppended) {
  std::ofstream(LogOf("t")) << "before\n";
  const std::string log = Output("seq 100000");
  EXPECT_EQ(ToString(status_), "exit code 0");
  EXPECT_TRUE(log == "before\n" + Numbers(1, 100'000))
      << log.size()
      << " bytes, the last: " << log.substr(log.size() - std::min<size_t>(log.size(), 40));
}

TEST_P(RealConformance, ACommandPastItsMemoryIsCalledOutOfMemory) {
  if (!manager_->capabilities().memory_limit) GTEST_SKIP() << "memory cannot be limited here";
  EnvSpec spec = Spec("t");
  spec.memory_bytes = 64 << 20;
  Output("exec tail /dev/zero", spec);
  const auto* signaled = std::get_if<Signaled>(&status_);
  ASSERT_NE(signaled, nullptr) << ToString(status_);
  EXPECT_EQ(signaled->signal, SIGKILL);
  if (GetParam().tells_out_of_memory) {
    EXPECT_TRUE(signaled->out_of_memory);
  }
}

TEST_P(RealConformance, AChildPastItsMemoryLeavesTheCommandItsExitCode) {
  if (!manager_->capabilities().memory_limit) GTEST_SKIP() << "memory cannot be limited here";
  EnvSpec spec = Spec("t");
  spec.memory_bytes = 64 << 20;
  const std::string log = Output(
      "head -c 10000000000 /dev/zero | tail -c 9999999999 > /dev/null; echo alive; exit 3", spec);
  EXPECT_EQ(ToString(status_), "exit code 3");
  EXPECT_THAT(log, testing::HasSubstr("alive\n"));
  const json::object described = manager_->Describe("t");
  const json::object* observed = FindObject(described, "observed");
  ASSERT_NE(observed, nullptr);
  if (GetParam().tells_out_of_memory) {
    EXPECT_GE(FindInt(*observed, "out_of_memory_kills", 0), 1);
  }
  EXPECT_LE(FindInt(*observed, "peak_memory_bytes", 0), spec.memory_bytes);
}

TEST_P(RealConformance, AForkBombIsContained) {
  if (!manager_->capabilities().process_limit) GTEST_SKIP() << "processes cannot be limited here";
  EnvSpec spec = Spec("t");
  spec.max_processes = 20;
  ASSERT_OK(Start("b() { b & b; }; b 2>/dev/null", spec, std::chrono::milliseconds(500)));
  const std::string status = ToString(WaitForEnd(*manager_, "t"));
  EXPECT_TRUE(status == "timed out" || status == "exit code 2") << status;
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_EQ(Output("echo fine", Spec("next")), "fine\n");
}

TEST_P(RealConformance, TmpIsLimited) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "/tmp is the host's";
  EnvSpec spec = Spec("t");
  spec.tmp_bytes = 1 << 20;
  EXPECT_THAT(Output("head -c 2000000 /dev/zero > /tmp/x", spec),
              testing::HasSubstr("No space left on device"));
}

TEST_P(RealConformance, ADaemonDoesNotOutliveItsCommand) {
  if (!CatchesDaemons()) GTEST_SKIP() << "without isolation this takes a cgroup";
  ASSERT_OK(Start(Daemon() + "exit 5"));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "exit code 5");
  EXPECT_TRUE(LockBecomesFree());
}

TEST_P(RealConformance, ADaemonDoesNotOutliveATimeout) {
  if (!CatchesDaemons()) GTEST_SKIP() << "without isolation this takes a cgroup";
  ASSERT_OK(Start(Daemon() + "sleep 600", Spec("t"), std::chrono::milliseconds(3000)));
  WaitForText(*manager_, LogOf("t"), "daemon");
  EXPECT_FALSE(LockIsFree());
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "timed out");
  EXPECT_TRUE(LockBecomesFree());
}

TEST_P(RealConformance, ADaemonDoesNotOutliveAStop) {
  if (!CatchesDaemons()) GTEST_SKIP() << "without isolation this takes a cgroup";
  ASSERT_OK(Start("trap '' TERM; " + Daemon() + "sleep 600"));
  WaitForText(*manager_, LogOf("t"), "daemon");
  EXPECT_FALSE(LockIsFree());
  manager_->Stop("t", std::chrono::milliseconds(50));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "killed by signal 9");
  EXPECT_TRUE(LockBecomesFree());
}

TEST_P(RealConformance, ADaemonDoesNotOutliveCleanup) {
  if (!CatchesDaemons()) GTEST_SKIP() << "without isolation this takes a cgroup";
  ASSERT_OK(Start(Daemon() + "sleep 600"));
  WaitForText(*manager_, LogOf("t"), "daemon");
  EXPECT_FALSE(LockIsFree());
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_TRUE(LockIsFree()) << "gone when Cleanup returns";
}

}  // namespace vlmhb::env
