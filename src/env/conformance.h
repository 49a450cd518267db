#pragma once
// What every EnvManager promises, as two suites of tests that a test program instantiates for what
// it has: EnvConformance for all, RealConformance for those that really run commands. A test is
// skipped only by a capability, and says so. Here are the fixtures and EnvConformance; the tests of
// RealConformance are in conformance_commands.h, conformance_isolation.h and
// conformance_reattach.h. Include all of them in one file of a test program.
//
// Commands are scripts for sh with coreutils and util-linux (setsid, flock): of this machine, or of
// Subject::image.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <memory>
#include <ostream>
#include <sstream>
#include <string>

#include "env/env_manager.h"
#include "env/test_support.h"
#include "os/file.h"

namespace vlmhb::env {

// How a command behaves, in a form that both a shell and a fake can do.
enum class Does { kSucceed, kExit7, kRunForEver, kEndOnTerm, kIgnoreTerm };

// An implementation under test.
struct Subject {
  std::string name;  // of the instance: letters and digits
  // Another instance with each call. `scratch` is a folder for private files.
  std::function<std::unique_ptr<EnvManager>(const Path& scratch)> make;
  // Only for one that runs nothing: lets the next command of environment `id` behave so.
  std::function<void(EnvManager&, const std::string& id, Does, const Path& log)> script = nullptr;
  std::string image = "";           // for EnvSpec::image
  bool tells_out_of_memory = true;  // of one that can limit memory
  bool term_needs_handler = false;  // a program without a handler for SIGTERM does not get it
  bool forbids_namespaces = true;   // a command can make no user namespace of its own
  bool must_work = false;           // it fails, and is not skipped, where it cannot be had
};
inline std::ostream& operator<<(std::ostream& out, const Subject& subject) {
  return out << subject.name;
}

class EnvConformance : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override {
    std::filesystem::create_directory(out_);
    std::filesystem::create_directory(in_);
    manager_ = GetParam().make(folder_.path());
    const auto ready = manager_->Probe();
    if (GetParam().must_work) ASSERT_OK(ready);
    if (!ready.ok()) GTEST_SKIP() << ready.error().ToString();
  }

  // What outlives a manager is removed, so that a failed test leaves nothing.
  void TearDown() override {
    if (manager_ == nullptr || !manager_->capabilities().reattach) return;
    for (const Leftover& leftover : Mine()) EXPECT_OK(manager_->Remove(leftover));
  }

  // What this test has made and is still there.
  std::vector<Leftover> Mine() {
    auto all = manager_->List();
    EXPECT_OK(all);
    if (!all.ok()) return {};
    std::erase_if(*all, [&](const Leftover& leftover) {
      return leftover.workspace != folder_.path().string();
    });
    return *std::move(all);
  }

  EnvSpec Spec(const std::string& id) const {
    EnvSpec spec{.id = id};
    spec.identity = "identity-of-" + id;
    spec.workspace = folder_.path().string();
    spec.image = GetParam().image;
    return spec;
  }

  Path LogOf(const std::string& id) const { return folder_.path() / (id + ".log"); }

  // Sets up `id` and starts a command in it.
  Result<void> Begin(const std::string& id, Does does,
                     std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
    if (GetParam().script) GetParam().script(*manager_, id, does, LogOf(id));
    VLMHB_TRY(manager_->Setup(Spec(id)));
    return manager_->Run(
        id, {.argv = {"sh", "-c", ScriptOf(does)}, .log = LogOf(id), .timeout = timeout});
  }

  static std::string ScriptOf(Does does) {
    switch (does) {
      case Does::kSucceed:
        return "echo ready";
      case Does::kExit7:
        return "echo ready; exit 7";
      case Does::kRunForEver:
        return "echo ready; exec sleep 600";
      case Does::kEndOnTerm:
        return "trap 'exit 130' TERM; echo ready; sleep 600 & wait";
      case Does::kIgnoreTerm:
        return "trap '' TERM; echo ready; sleep 600";
    }
    return "";
  }

  void WaitUntilReady(const std::string& id) { WaitForText(*manager_, LogOf(id), "ready"); }

  const os::TempFolder folder_;
  const Path out_ = folder_.path() / "out";
  const Path in_ = folder_.path() / "in";
  std::unique_ptr<EnvManager> manager_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(EnvConformance);

TEST_P(EnvConformance, ACommandsExitCodeIsItsStatusForEver) {
  ASSERT_OK(Begin("a", Does::kExit7));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 7");
  EXPECT_EQ(ToString(manager_->Status("a")), "exit code 7");
  EXPECT_EQ(*os::ReadFile(LogOf("a")), "ready\n");
  EXPECT_OK(manager_->Cleanup("a"));
}

TEST_P(EnvConformance, EnvironmentsRunSideBySide) {
  ASSERT_OK(Begin("long", Does::kRunForEver));
  ASSERT_OK(Begin("short", Does::kSucceed));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "short")), "exit code 0");
  EXPECT_EQ(ToString(manager_->Status("long")), "running");
}

TEST_P(EnvConformance, MisuseIsAnErrorAndHarmsNothing) {
  EXPECT_FALSE(manager_->Run("unknown", {.argv = {"true"}, .log = LogOf("x")}).ok());
  EXPECT_FALSE(manager_->MountData("unknown", in_, "x", Access::kReadOnly).ok());
  EXPECT_EQ(ToString(manager_->Status("unknown")).substr(0, 5), "lost:");
  manager_->Stop("unknown", std::chrono::milliseconds(1));

  EXPECT_FALSE(manager_->Setup(Spec("../escape")).ok());
  ASSERT_OK(manager_->Setup(Spec("a")));
  EXPECT_FALSE(manager_->Setup(Spec("a")).ok());
  EXPECT_EQ(ToString(manager_->Status("a")), "lost: it was never started");
  EXPECT_FALSE(manager_->MountData("a", in_, "../x", Access::kReadOnly).ok());
  ASSERT_OK(manager_->MountData("a", in_, "x", Access::kReadOnly));
  EXPECT_FALSE(manager_->MountData("a", in_, "x", Access::kReadOnly).ok());
  const auto missing = manager_->MountData("a", "/nonexistent/x", "y", Access::kReadOnly);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("/nonexistent/x"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists("/nonexistent"));

  ASSERT_OK(manager_->Run("a", {.argv = {"true"}, .log = LogOf("a")}));
  EXPECT_FALSE(manager_->Run("a", {.argv = {"true"}, .log = LogOf("a")}).ok());
  EXPECT_FALSE(manager_->MountData("a", in_, "z", Access::kReadOnly).ok());
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
}

TEST_P(EnvConformance, AGpuThatIsNotThereIsRefused) {
  if (manager_->capabilities().gpu) GTEST_SKIP() << "GPUs are there";
  EnvSpec spec = Spec("a");
  spec.gpus = 1;
  auto refused = manager_->Setup(spec);
  if (refused.ok()) refused = manager_->Run("a", {.argv = {"true"}, .log = LogOf("a")});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig) << refused.error().ToString();
}

TEST_P(EnvConformance, ACommandPastItsTimeoutIsKilled) {
  ASSERT_OK(Begin("a", Does::kIgnoreTerm, std::chrono::milliseconds(50)));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "timed out");
}

TEST_P(EnvConformance, StopLetsACommandEndInGoodOrder) {
  ASSERT_OK(Begin("a", Does::kEndOnTerm));
  WaitUntilReady("a");
  manager_->Stop("a", kPlenty);
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 130");
}

TEST_P(EnvConformance, StopKillsACommandThatIgnoresIt) {
  ASSERT_OK(Begin("a", Does::kIgnoreTerm));
  WaitUntilReady("a");
  manager_->Stop("a", std::chrono::milliseconds(50));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "killed by signal 9");
}

TEST_P(EnvConformance, StopRightAfterRunIsNotLost) {
  if (GetParam().term_needs_handler) GTEST_SKIP() << "no init program: sleep ignores SIGTERM here";
  ASSERT_OK(Begin("a", Does::kRunForEver));
  manager_->Stop("a", kPlenty);
  const std::string status = ToString(WaitForEnd(*manager_, "a"));
  EXPECT_TRUE(status == "killed by signal 15" || status == "exit code 130") << status;
}

TEST_P(EnvConformance, CleanupEndsWhatRunsAndFreesTheName) {
  ASSERT_OK(Begin("a", Does::kIgnoreTerm));
  WaitUntilReady("a");
  EXPECT_OK(manager_->Cleanup("a"));
  EXPECT_OK(manager_->Cleanup("a"));
  EXPECT_EQ(ToString(manager_->Status("a")).substr(0, 5), "lost:");
  EXPECT_EQ(manager_->Describe("a"), json::object());
  ASSERT_OK(Begin("a", Does::kSucceed));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
}

TEST_P(EnvConformance, WaitForChangeEndsWithTheCommand) {
  ASSERT_OK(Begin("a", Does::kSucceed));
  const auto start = std::chrono::steady_clock::now();
  while (std::holds_alternative<Running>(manager_->Status("a")))
    manager_->WaitForChange(2 * kPlenty);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPlenty);
}

TEST_P(EnvConformance, DescribeNamesMountsAndNetwork) {
  ASSERT_OK(manager_->Setup(Spec("a")));
  const auto seen = manager_->MountData("a", in_, "in", Access::kReadOnly);
  ASSERT_OK(seen);
  const json::object described = manager_->Describe("a");
  const bool isolated = manager_->capabilities().network_isolation;
  EXPECT_EQ(FindString(described, "network"), isolated ? "none" : "host");
  EXPECT_EQ(FindBool(described, "sandbox", !isolated), isolated);
  const json::array* mounts = FindArray(described, "mounts");
  ASSERT_TRUE(mounts != nullptr && mounts->size() == 1);
  const json::object& mount = mounts->at(0).as_object();
  EXPECT_EQ(FindString(mount, "path"), *seen);
  EXPECT_EQ(FindString(mount, "host"), std::filesystem::canonical(in_).string());
  EXPECT_EQ(FindString(mount, "access"), "read_only");
}

TEST_P(EnvConformance, WhatDoesNotExistCannotBeTakenOver) {
  const auto gone = manager_->Reattach(Spec("a"), LogOf("a"));
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code(), ErrorCode::kNotFound) << gone.error().ToString();
}

// Scripts run in environment "t", with `out_` as a writable mount; $OUT is its path inside.
class RealConformance : public EnvConformance {
 protected:
  Result<void> Start(const std::string& script, EnvSpec spec,
                     std::optional<std::chrono::milliseconds> timeout = std::nullopt) {
    const std::string id = spec.id;
    VLMHB_TRY(manager_->Setup(spec));
    VLMHB_ASSIGN(const std::string out, manager_->MountData(id, out_, "out", Access::kReadWrite));
    VLMHB_ASSIGN(const std::string in, manager_->MountData(id, in_, "in", Access::kReadOnly));
    return manager_->Run(id, {.argv = {"sh", "-c", script},
                              .env = {{"OUT", out}, {"IN", in}},
                              .log = LogOf(id),
                              .timeout = timeout});
  }
  Result<void> Start(const std::string& script) { return Start(script, Spec("t")); }

  // The log of a script that ends by itself; its status is in `status_`. Keeps the environment.
  std::string Output(const std::string& script, const EnvSpec& spec) {
    const auto started = Start(script, spec);
    if (!started.ok()) return started.error().ToString();
    status_ = WaitForEnd(*manager_, spec.id);
    const auto log = os::ReadFile(LogOf(spec.id));
    return log.ok() ? *log : log.error().ToString();
  }
  std::string Output(const std::string& script) { return Output(script, Spec("t")); }

  // Takes the lock $OUT/lock in a process that has left its group and session, and says so.
  static std::string Daemon() {
    return "setsid --fork flock $OUT/lock sh -c 'echo daemon; : > $OUT/started; exec sleep 600'; "
           "until [ -e $OUT/started ]; do sleep 0.05; done; ";
  }
  bool CatchesDaemons() const {
    return manager_->capabilities().filesystem_isolation || manager_->capabilities().process_limit;
  }
  bool LockIsFree() const { return !os::FileLock::IsHeld(out_ / "lock"); }
  bool LockBecomesFree() {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (std::chrono::steady_clock::now() < deadline) {
      if (LockIsFree()) return true;
      manager_->WaitForChange(std::chrono::milliseconds(2));
    }
    return false;
  }

  static std::string Numbers(int from, int to) {
    std::ostringstream text;
    for (int i = from; i <= to; ++i) text << i << '\n';
    return text.str();
  }

  TaskStatus status_ = Running{};
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RealConformance);

}  // namespace vlmhb::env
