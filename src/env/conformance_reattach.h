#pragma once
// RealConformance: commands that outlive the process that started them.

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "env/conformance.h"

namespace vlmhb::env {

TEST_P(RealConformance, AnotherInstanceTakesOver) {
  if (!manager_->capabilities().reattach) GTEST_SKIP() << "commands end with this process";
  ASSERT_OK(
      Start("seq 1000; echo half; until [ -e $OUT/go ]; do sleep 0.05; done; "
            "seq 1001 2000; exit 7"));
  WaitForText(*manager_, LogOf("t"), "half");
  manager_.reset();
  manager_ = GetParam().make(folder_.path());
  ASSERT_OK(manager_->Reattach(Spec("t"), LogOf("t")));
  EXPECT_EQ(ToString(manager_->Status("t")), "running");
  std::ofstream(out_ / "go") << "";
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "exit code 7");
  EXPECT_EQ(*os::ReadFile(LogOf("t")), Numbers(1, 1000) + "half\n" + Numbers(1001, 2000));
  const json::object described = manager_->Describe("t");
  const json::array* mounts = FindArray(described, "mounts");
  ASSERT_NE(mounts, nullptr);
  EXPECT_EQ(mounts->size(), 2u);
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_TRUE(Mine().empty());
}

TEST_P(RealConformance, AnEndThatNobodySawIsToldLater) {
  if (!manager_->capabilities().reattach) GTEST_SKIP() << "commands end with this process";
  const std::chrono::milliseconds timeout(5000);
  const auto timeout_at = std::chrono::steady_clock::now() + timeout;
  ASSERT_OK(Start("echo begun; until [ -e $OUT/go ]; do sleep 0.05; done; printf over; exit 9",
                  Spec("t"), timeout));
  WaitForText(*manager_, LogOf("t"), "begun");
  manager_.reset();
  std::ofstream(out_ / "go") << "";
  manager_ = GetParam().make(folder_.path());
  ASSERT_OK(manager_->Probe());
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  while (std::chrono::steady_clock::now() < deadline) {
    const auto mine = Mine();
    if (!mine.empty() && mine.front().state != "running") break;
    manager_->WaitForChange(std::chrono::milliseconds(20));
  }
  // Its time is over only after its end.
  while (std::chrono::steady_clock::now() < timeout_at + std::chrono::seconds(2))
    manager_->WaitForChange(std::chrono::milliseconds(100));
  ASSERT_OK(manager_->Reattach(Spec("t"), LogOf("t")));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "exit code 9");
  EXPECT_EQ(*os::ReadFile(LogOf("t")), "begun\nover");
}

TEST_P(RealConformance, ATimeoutHoldsForWhoeverTakesOver) {
  if (!manager_->capabilities().reattach) GTEST_SKIP() << "commands end with this process";
  ASSERT_OK(Start("echo begun; sleep 600", Spec("t"), std::chrono::milliseconds(4000)));
  WaitForText(*manager_, LogOf("t"), "begun");
  manager_.reset();
  manager_ = GetParam().make(folder_.path());
  ASSERT_OK(manager_->Reattach(Spec("t"), LogOf("t")));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "timed out");
}

TEST_P(RealConformance, AnotherStageDoesNotTakeOver) {
  if (!manager_->capabilities().reattach) GTEST_SKIP() << "commands end with this process";
  ASSERT_OK(Start("echo begun; exec sleep 600"));
  WaitForText(*manager_, LogOf("t"), "begun");
  manager_.reset();
  manager_ = GetParam().make(folder_.path());
  EnvSpec other = Spec("t");
  other.identity = "another";
  const auto refused = manager_->Reattach(other, LogOf("t"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kNotFound) << refused.error().ToString();
  EXPECT_TRUE(Mine().empty()) << "it was removed";
}

TEST_P(RealConformance, WhatADeadProcessLeftIsListedAndRemoved) {
  if (!manager_->capabilities().reattach) GTEST_SKIP() << "commands end with this process";
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) {
    manager_ = GetParam().make(folder_.path());
    ::_exit(Start(Daemon() + "sleep 600").ok() ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(owner, &status, 0), owner);
  ASSERT_EQ(status, 0);
  const auto deadline = std::chrono::steady_clock::now() + kPlenty;
  while (LockIsFree() && std::chrono::steady_clock::now() < deadline)
    manager_->WaitForChange(std::chrono::milliseconds(5));
  EXPECT_FALSE(LockIsFree());
  const auto left = Mine();
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].id, "t");
  EXPECT_EQ(left[0].identity, "identity-of-t");
  EXPECT_EQ(left[0].state, "running");
  EXPECT_FALSE(left[0].created_at.empty());
  EXPECT_FALSE(left[0].owner_alive);
  EXPECT_OK(manager_->Remove(left[0]));
  EXPECT_OK(manager_->Remove(left[0]));
  EXPECT_TRUE(Mine().empty());
  EXPECT_TRUE(LockBecomesFree());
  struct stat seen {};
  ASSERT_EQ(::stat((out_ / "started").c_str(), &seen), 0);
  EXPECT_EQ(seen.st_uid, ::geteuid()) << "what was written belongs to this user again";
}

}  // namespace vlmhb::env
