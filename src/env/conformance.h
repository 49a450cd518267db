#pragma once
// What every EnvManager promises, as two suites of tests that a test program instantiates for what
// it has: EnvConformance for all, RealConformance for those that really run commands. A test is
// skipped only by a capability, and says so. Include it in one file of a test program.
//
// Commands are scripts for sh with coreutils and util-linux (setsid, flock): of this machine, or of
// Subject::image.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

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
  std::string unusable = "";        // why it cannot be tested now
};
inline std::ostream& operator<<(std::ostream& out, const Subject& subject) {
  return out << subject.name;
}

class EnvConformance : public testing::TestWithParam<Subject> {
 protected:
  void SetUp() override {
    if (!GetParam().unusable.empty()) GTEST_SKIP() << GetParam().unusable;
    std::filesystem::create_directory(out_);
    std::filesystem::create_directory(in_);
    manager_ = GetParam().make(folder_.path());
    if (const auto ready = manager_->Probe(); !ready.ok()) GTEST_SKIP() << ready.error().ToString();
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

TEST_P(RealConformance, TheHostsEnvironmentIsNotInside) {
  ASSERT_EQ(::setenv("VLMHB_HOST_SECRET", "x", 1), 0);
  const std::string names = Output("env | cut -d= -f1 | sort | tr '\\n' ' '");
  EXPECT_THAT(names, testing::Not(testing::HasSubstr("VLMHB_HOST_SECRET")));
  for (const char* name : {"HOME ", "LANG ", "OUT ", "PATH ", "TMPDIR "})
    EXPECT_THAT(names, testing::HasSubstr(name));
}

TEST_P(RealConformance, NoNetworkButLoopback) {
  if (!manager_->capabilities().network_isolation) GTEST_SKIP() << "the network is the host's";
  EXPECT_EQ(Output("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"), "lo\n");
}

TEST_P(RealConformance, OnlyTheOutputFolderAndTmpCanBeWritten) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "the files are the host's";
  EXPECT_EQ(Output("for f in /x /usr/x /etc/x /dev/x /data/x $IN/x /run/x /var/x "
                   "/proc/sys/kernel/core_pattern /proc/sys/kernel/hostname $OUT/x /tmp/x "
                   "/dev/shm/x; do (echo 1 > $f) 2>/dev/null && echo $f; done; true"),
            "/data/out/x\n/tmp/x\n/dev/shm/x\n");
  EXPECT_TRUE(std::filesystem::exists(out_ / "x"));
  EXPECT_TRUE(std::filesystem::is_empty(in_));
}

TEST_P(RealConformance, WhatWasWrittenBelongsToThisUserAfterCleanup) {
  Output("mkdir $OUT/sub && echo x > $OUT/sub/file && ln -s /etc/passwd $OUT/link");
  EXPECT_EQ(ToString(status_), "exit code 0");
  EXPECT_OK(manager_->Cleanup("t"));
  for (const Path& path : {out_, out_ / "sub", out_ / "sub/file"}) {
    struct stat seen {};
    ASSERT_EQ(::lstat(path.c_str(), &seen), 0) << path;
    if (manager_->capabilities().images) {
      EXPECT_EQ(seen.st_uid, ::geteuid()) << path;
    }
  }
  struct stat passwd {};
  ASSERT_EQ(::stat("/etc/passwd", &passwd), 0);
  EXPECT_EQ(passwd.st_uid, 0u) << "a link was followed";
}

TEST_P(RealConformance, OtherFilesAreNotSeen) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "the files are the host's";
  const Path secret = folder_.path() / "secret";
  std::ofstream(secret) << "of another run";
  EXPECT_EQ(Output("ls -A /data | tr '\\n' ' '; cat " + secret.string() + " 2>/dev/null; true"),
            "in out ");
}

TEST_P(RealConformance, ALinkDoesNotLeadOut) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "the files are the host's";
  const Path secret = folder_.path() / "secret";
  std::ofstream(secret) << "of another run";
  std::filesystem::create_symlink(secret, out_ / "link");
  std::filesystem::create_symlink("../secret", out_ / "relative");
  EXPECT_EQ(Output("cat $OUT/link $OUT/relative $OUT/../../secret 2>/dev/null; "
                   "echo x 2>/dev/null > $OUT/link; true"),
            "");
  EXPECT_EQ(*os::ReadFile(secret), "of another run");
}

TEST_P(RealConformance, HostProcessesAreNotSeen) {
  if (!manager_->capabilities().filesystem_isolation)
    GTEST_SKIP() << "the processes are the host's";
  const auto mine = os::ReadFile("/proc/self/comm", 4096);
  ASSERT_OK(mine);
  const std::string seen = Output("cat /proc/[0-9]*/comm");
  EXPECT_THAT(seen, testing::Not(testing::HasSubstr(*mine)));
  EXPECT_LT(std::count(seen.begin(), seen.end(), '\n'), 8) << seen;
}

TEST_P(RealConformance, ItRunsWithoutPowers) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "it is this user";
  EXPECT_EQ(
      Output("grep -h -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs|Seccomp:' /proc/self/status | cut -f2 | "
             "sort -u; [ $(id -u) != 0 ] && echo no root"),
      "0000000000000000\n1\n2\nno root\n")
      << "no capabilities, no new privileges, filtered system calls";
}

TEST_P(RealConformance, TheKernelIsOutOfReach) {
  if (!manager_->capabilities().filesystem_isolation) GTEST_SKIP() << "it is this user";
  EXPECT_EQ(Output("unshare --user true 2>/dev/null && echo namespace; "
                   "unshare --mount true 2>/dev/null && echo mounts; "
                   "mount -t tmpfs x /tmp 2>/dev/null && echo mounted; "
                   "dmesg >/dev/null 2>&1 && echo log; true"),
            "");
}

TEST_P(RealConformance, TheLimitsInForceAreTold) {
  EnvSpec spec = Spec("t");
  spec.cpus = 1;
  spec.memory_bytes = 256 << 20;
  spec.max_processes = 50;
  Output("true", spec);
  EXPECT_EQ(ToString(status_), "exit code 0");
  const json::object described = manager_->Describe("t");
  const json::object* limits = FindObject(described, "limits");
  ASSERT_NE(limits, nullptr);
  const Capabilities& can = manager_->capabilities();
  EXPECT_EQ(FindInt(*limits, "cpus", 0), can.cpu_limit ? 1 : 0);
  EXPECT_EQ(FindInt(*limits, "memory_bytes", 0), can.memory_limit ? 256 << 20 : 0);
  EXPECT_EQ(FindInt(*limits, "max_processes", 0), can.process_limit ? 50 : 0);
}

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
