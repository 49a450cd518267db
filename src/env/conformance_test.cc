// What every EnvManager promises, run on the fake, on the sandbox and on plain processes. What only
// real commands can show is in process_env_manager_test.cc.

#include <gtest/gtest.h>

#include <fstream>
#include <memory>

#include "env/fake_env_manager.h"
#include "env/process_env_manager.h"
#include "env/test_support.h"

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;

enum class Kind { kFake, kSandbox, kPlain };

// How a command behaves, in a form that both a shell and the fake can do.
enum class Does { kSucceed, kExit7, kRunForEver, kEndOnTerm, kIgnoreTerm };

class EnvConformance : public testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    if (GetParam() == Kind::kFake) {
      auto fake = std::make_unique<FakeEnvManager>(clock_);
      fake_ = fake.get();
      manager_ = std::move(fake);
      return;
    }
    manager_ = MakeProcessManager(
        GetParam() == Kind::kPlain ? SandboxMode::kNone : SandboxMode::kBubblewrap, folder_.path());
    if (const auto ready = manager_->Probe(); !ready.ok()) GTEST_SKIP() << ready.error().ToString();
  }

  Path LogOf(const std::string& id) const { return folder_.path() / (id + ".log"); }

  // Sets up `id` and starts a command in it.
  Result<void> Start(const std::string& id, Does does,
                     std::optional<milliseconds> timeout = std::nullopt) {
    if (fake_ != nullptr) fake_->Script(id, FakeOf(does));
    VLMHB_TRY(manager_->Setup({.id = id}));
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

  static FakeBehaviour FakeOf(Does does) {
    FakeBehaviour behaviour;
    if (does == Does::kExit7) behaviour.end = Exited{7};
    if (does != Does::kSucceed && does != Does::kExit7) behaviour.run_for = FakeBehaviour::kForEver;
    behaviour.ignores_term = does == Does::kIgnoreTerm;
    behaviour.on_start = [](const FakeEnvironment& seen) {
      std::ofstream(seen.command.log, std::ios::app) << "ready\n";
    };
    return behaviour;
  }

  void WaitUntilReady(const std::string& id) { WaitForText(*manager_, LogOf(id), "ready"); }

  FakeClock clock_;
  const os::TempFolder folder_;
  FakeEnvManager* fake_ = nullptr;
  std::unique_ptr<EnvManager> manager_;
};

TEST_P(EnvConformance, ACommandsExitCodeIsItsStatusForEver) {
  ASSERT_OK(Start("a", Does::kExit7));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 7");
  EXPECT_EQ(ToString(manager_->Status("a")), "exit code 7");
  EXPECT_EQ(*os::ReadFile(LogOf("a")), "ready\n");
  EXPECT_OK(manager_->Cleanup("a"));
}

TEST_P(EnvConformance, EnvironmentsRunSideBySide) {
  ASSERT_OK(Start("long", Does::kRunForEver));
  ASSERT_OK(Start("short", Does::kSucceed));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "short")), "exit code 0");
  EXPECT_EQ(ToString(manager_->Status("long")), "running");
}

TEST_P(EnvConformance, MisuseIsAnErrorAndHarmsNothing) {
  EXPECT_FALSE(manager_->Run("unknown", {.argv = {"true"}, .log = LogOf("x")}).ok());
  EXPECT_FALSE(manager_->MountData("unknown", folder_.path(), "x", Access::kReadOnly).ok());
  EXPECT_EQ(ToString(manager_->Status("unknown")).substr(0, 5), "lost:");
  manager_->Stop("unknown", milliseconds(1));

  EXPECT_FALSE(manager_->Setup({.id = "../escape"}).ok());
  ASSERT_OK(manager_->Setup({.id = "a"}));
  EXPECT_FALSE(manager_->Setup({.id = "a"}).ok());
  EXPECT_EQ(ToString(manager_->Status("a")), "lost: it was never started");
  EXPECT_FALSE(manager_->MountData("a", folder_.path(), "../x", Access::kReadOnly).ok());
  ASSERT_OK(manager_->MountData("a", folder_.path(), "x", Access::kReadOnly));
  EXPECT_FALSE(manager_->MountData("a", folder_.path(), "x", Access::kReadOnly).ok());
  const auto missing = manager_->MountData("a", "/nonexistent/x", "y", Access::kReadOnly);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code(), ErrorCode::kNotFound);
  EXPECT_NE(missing.error().message().find("/nonexistent/x"), std::string::npos);

  ASSERT_OK(manager_->Run("a", {.argv = {"true"}, .log = LogOf("a")}));
  EXPECT_FALSE(manager_->Run("a", {.argv = {"true"}, .log = LogOf("a")}).ok());
  EXPECT_FALSE(manager_->MountData("a", folder_.path(), "z", Access::kReadOnly).ok());
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
}

TEST_P(EnvConformance, AGpuThatIsNotThereIsRefused) {
  ASSERT_FALSE(manager_->capabilities().gpu);
  const auto refused = manager_->Setup({.id = "a", .gpus = 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code(), ErrorCode::kInvalidConfig);
}

TEST_P(EnvConformance, ACommandPastItsTimeoutIsKilled) {
  ASSERT_OK(Start("a", Does::kIgnoreTerm, milliseconds(50)));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "timed out");
}

TEST_P(EnvConformance, StopLetsACommandEndInGoodOrder) {
  ASSERT_OK(Start("a", Does::kEndOnTerm));
  WaitUntilReady("a");
  manager_->Stop("a", kPlenty);
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 130");
}

TEST_P(EnvConformance, StopKillsACommandThatIgnoresIt) {
  ASSERT_OK(Start("a", Does::kIgnoreTerm));
  WaitUntilReady("a");
  manager_->Stop("a", milliseconds(50));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "killed by signal 9");
}

TEST_P(EnvConformance, StopRightAfterRunIsNotLost) {
  ASSERT_OK(Start("a", Does::kRunForEver));
  manager_->Stop("a", kPlenty);
  const std::string status = ToString(WaitForEnd(*manager_, "a"));
  EXPECT_TRUE(status == "killed by signal 15" || status == "exit code 130") << status;
}

TEST_P(EnvConformance, CleanupEndsWhatRunsAndFreesTheName) {
  ASSERT_OK(Start("a", Does::kIgnoreTerm));
  WaitUntilReady("a");
  EXPECT_OK(manager_->Cleanup("a"));
  EXPECT_OK(manager_->Cleanup("a"));
  EXPECT_EQ(ToString(manager_->Status("a")).substr(0, 5), "lost:");
  EXPECT_EQ(manager_->Describe("a"), json::object());
  ASSERT_OK(Start("a", Does::kSucceed));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
}

TEST_P(EnvConformance, WaitForChangeEndsWithTheCommand) {
  ASSERT_OK(Start("a", Does::kSucceed));
  const auto start = std::chrono::steady_clock::now();
  while (std::holds_alternative<Running>(manager_->Status("a")))
    manager_->WaitForChange(2 * kPlenty);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kPlenty);
}

TEST_P(EnvConformance, DescribeNamesMountsAndNetwork) {
  ASSERT_OK(manager_->Setup({.id = "a"}));
  const auto seen = manager_->MountData("a", folder_.path(), "in", Access::kReadOnly);
  ASSERT_OK(seen);
  const json::object described = manager_->Describe("a");
  const bool isolated = manager_->capabilities().network_isolation;
  EXPECT_EQ(FindString(described, "network"), isolated ? "none" : "host");
  EXPECT_EQ(FindBool(described, "sandbox", !isolated), isolated);
  const json::array* mounts = FindArray(described, "mounts");
  ASSERT_TRUE(mounts != nullptr && mounts->size() == 1);
  const json::object& mount = mounts->at(0).as_object();
  EXPECT_EQ(FindString(mount, "path"), *seen);
  EXPECT_EQ(FindString(mount, "host"), std::filesystem::canonical(folder_.path()).string());
  EXPECT_EQ(FindString(mount, "access"), "read_only");
}

INSTANTIATE_TEST_SUITE_P(All, EnvConformance,
                         testing::Values(Kind::kFake, Kind::kSandbox, Kind::kPlain),
                         [](const auto& kind) {
                           return kind.param == Kind::kFake      ? "Fake"
                                  : kind.param == Kind::kSandbox ? "Sandbox"
                                                                 : "Plain";
                         });

}  // namespace
}  // namespace vlmhb::env
