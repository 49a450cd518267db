// What only real commands can show: isolation, limits, and that nothing is left behind.

#include "env/process_env_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "env/test_support.h"
#include "os/process.h"
#include "os/system.h"

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

// Runs shell scripts in environment "t", with `out_` as a writable mount. $OUT is its path inside.
class RealCommands : public testing::Test {
 protected:
  void SetUp() override {
    manager_ = MakeProcessManager(mode(), folder_.path());
    if (const auto ready = manager_->Probe(); !ready.ok()) GTEST_SKIP() << ready.error().ToString();
    fs::create_directory(out_);
  }

  virtual SandboxMode mode() const = 0;

  Result<void> Start(const std::string& script, EnvSpec spec = {},
                     std::optional<milliseconds> timeout = std::nullopt) {
    spec.id = "t";
    VLMHB_TRY(manager_->Setup(spec));
    VLMHB_ASSIGN(const std::string out, manager_->MountData("t", out_, "out", Access::kReadWrite));
    return manager_->Run(
        "t",
        {.argv = {"sh", "-c", script}, .env = {{"OUT", out}}, .log = log_, .timeout = timeout});
  }

  // The status and the log of a script that ends by itself.
  std::string Output(const std::string& script, EnvSpec spec = {}) {
    const auto started = Start(script, spec);
    if (!started.ok()) return started.error().ToString();
    status_ = WaitForEnd(*manager_, "t");
    const auto log = os::ReadFile(log_);
    EXPECT_OK(manager_->Cleanup("t"));
    return log.ok() ? *log : log.error().ToString();
  }

  // Whether the lock that a script took with `flock $OUT/lock` is free, now or soon.
  bool LockBecomesFree() {
    const auto deadline = std::chrono::steady_clock::now() + kPlenty;
    while (std::chrono::steady_clock::now() < deadline) {
      if (os::FileLock::TryLock(out_ / "lock").ok()) return true;
      manager_->WaitForChange(milliseconds(2));
    }
    return false;
  }

  const os::TempFolder folder_;
  const Path out_ = folder_.path() / "out";
  const Path log_ = folder_.path() / "log";
  std::unique_ptr<ProcessEnvManager> manager_;
  TaskStatus status_ = Running{};
};

class ProcessEnv : public RealCommands, public testing::WithParamInterface<SandboxMode> {
 protected:
  SandboxMode mode() const override { return GetParam(); }
};

// Takes the lock in a process that has left its group and session, and says so.
constexpr char kDaemon[] =
    "setsid --fork flock $OUT/lock sh -c 'echo daemon; : > $OUT/started; exec sleep 600'; ";

TEST_P(ProcessEnv, TheEnvironmentIsExactlyWhatWasNamed) {
  ASSERT_EQ(::setenv("VLMHB_HOST_SECRET", "x", 1), 0);
  const std::string output = Output("env | cut -d= -f1 | sort | tr '\\n' ' '");
  EXPECT_EQ(output, "HOME LANG OUT PATH PWD TMPDIR ");
}

TEST_P(ProcessEnv, TheLogIsAppendedTo) {
  std::ofstream(log_) << "before\n";
  EXPECT_EQ(Output("echo out; echo err >&2"), "before\nout\nerr\n");
}

TEST_P(ProcessEnv, NoDescriptorIsInherited) {
  EXPECT_EQ(Output("ls /proc/self/fd | tr '\\n' ' '"), "0 1 2 3 ");  // 3 is ls's own
}

TEST_P(ProcessEnv, DeathBySignalIsReported) {
  Output("kill -SEGV $$");
  EXPECT_EQ(ToString(status_), "killed by signal 11");
}

TEST_P(ProcessEnv, AMemoryHogIsKilledAndCalledOutOfMemory) {
  if (!manager_->capabilities().memory_limit) GTEST_SKIP() << "memory cannot be limited here";
  Output("exec tail /dev/zero", {.memory_bytes = 32 << 20});
  const auto* signaled = std::get_if<Signaled>(&status_);
  ASSERT_NE(signaled, nullptr) << ToString(status_);
  EXPECT_TRUE(signaled->out_of_memory);
}

TEST_P(ProcessEnv, ProcessesAreLimited) {
  if (!manager_->capabilities().process_limit) GTEST_SKIP() << "processes cannot be limited here";
  const std::string output = Output(
      "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 600 & echo $i; done", {.max_processes = 8});
  EXPECT_THAT(output, HasSubstr("7\n"));
  EXPECT_THAT(output, HasSubstr("Cannot fork"));
  EXPECT_THAT(output, Not(HasSubstr("8\n")));
}

TEST_P(ProcessEnv, AForkBombIsContained) {
  if (!manager_->capabilities().process_limit) GTEST_SKIP() << "processes cannot be limited here";
  ASSERT_OK(Start("b() { b & b; }; b 2>/dev/null", {.max_processes = 20}, milliseconds(300)));
  // Its first process fails to fork, or goes on until the time is over.
  const std::string status = ToString(WaitForEnd(*manager_, "t"));
  EXPECT_TRUE(status == "timed out" || status == "exit code 2") << status;
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_EQ(Output("echo fine"), "fine\n");
}

TEST_P(ProcessEnv, ADaemonDoesNotOutliveItsCommand) {
  if (mode() == SandboxMode::kNone && !manager_->capabilities().process_limit)
    GTEST_SKIP() << "without a sandbox this takes a cgroup";
  ASSERT_OK(Start(std::string(kDaemon) + "until [ -e $OUT/started ]; do sleep 0.01; done; exit 5"));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "t")), "exit code 5");
  EXPECT_TRUE(LockBecomesFree());
}

TEST_P(ProcessEnv, ADaemonDoesNotOutliveCleanup) {
  if (mode() == SandboxMode::kNone && !manager_->capabilities().process_limit)
    GTEST_SKIP() << "without a sandbox this takes a cgroup";
  ASSERT_OK(Start(std::string(kDaemon) + "exec sleep 600"));
  WaitForText(*manager_, log_, "daemon");
  ASSERT_FALSE(os::FileLock::TryLock(out_ / "lock").ok());
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_TRUE(os::FileLock::TryLock(out_ / "lock").ok()) << "gone when Cleanup returns";
}

std::vector<std::string> LeftOvers(const Path& scratch, pid_t pid) {
  std::vector<std::string> found;
  const os::CgroupHost host = os::DetectCgroups();
  const std::string mine = "." + std::to_string(pid) + ".";
  for (const Path& folder : {scratch, host.memory, host.processes, host.unified}) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
      const std::string name = entry.path().filename().string();
      if (name.starts_with("vlmhb.") && name.find(mine) != name.npos)
        found.push_back(entry.path().string());
    }
  }
  return found;
}

TEST_P(ProcessEnv, CleanupLeavesNothing) {
  ASSERT_OK(Start("echo x > $TMPDIR/file; echo ready; exec sleep 600"));
  WaitForText(*manager_, log_, "ready");
  EXPECT_OK(manager_->Cleanup("t"));
  EXPECT_THAT(LeftOvers(folder_.path(), ::getpid()), testing::IsEmpty());
}

TEST_P(ProcessEnv, EverythingDiesWithTheOrchestratorAndTheNextOneTidiesUp) {
  const pid_t orchestrator = ::fork();
  ASSERT_GE(orchestrator, 0);
  if (orchestrator == 0) {
    manager_ = MakeProcessManager(mode(), folder_.path());
    // The daemon cannot be caught without a cgroup or a pid namespace.
    const bool with_daemon =
        mode() == SandboxMode::kBubblewrap || manager_->capabilities().process_limit;
    const std::string script = with_daemon
                                   ? kDaemon + std::string("exec sleep 600")
                                   : "exec 9> $OUT/lock; flock 9; echo daemon; exec sleep 600";
    if (!Start(script).ok()) ::_exit(1);
    while (true) ::pause();
  }
  WaitForText(*manager_, log_, "daemon");
  EXPECT_FALSE(os::FileLock::TryLock(out_ / "lock").ok());
  ::kill(orchestrator, SIGKILL);
  ASSERT_EQ(::waitpid(orchestrator, nullptr, 0), orchestrator);
  // In a sandbox the kernel does it; without one, the daemon falls to the next orchestrator.
  if (mode() == SandboxMode::kBubblewrap) {
    EXPECT_TRUE(LockBecomesFree());
  }
  manager_ = MakeProcessManager(mode(), folder_.path());
  EXPECT_OK(manager_->Probe());
  EXPECT_TRUE(LockBecomesFree());
  EXPECT_THAT(LeftOvers(folder_.path(), orchestrator), testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(All, ProcessEnv,
                         testing::Values(SandboxMode::kBubblewrap, SandboxMode::kNone),
                         [](const auto& mode) {
                           return mode.param == SandboxMode::kNone ? "Plain" : "Sandbox";
                         });

// What the sandbox keeps in. Each script tries to get out; its output shows how far it came.
class Sandbox : public RealCommands {
 protected:
  SandboxMode mode() const override { return SandboxMode::kBubblewrap; }
};

TEST_F(Sandbox, OnlyTheWritableMountAndTmpCanBeWritten) {
  fs::create_directory(folder_.path() / "in");
  ASSERT_OK(manager_->Setup({.id = "a"}));
  ASSERT_OK(manager_->MountData("a", folder_.path() / "in", "in", Access::kReadOnly));
  ASSERT_OK(manager_->MountData("a", out_, "out", Access::kReadWrite));
  ASSERT_OK(manager_->Run(
      "a",
      {.argv = {"sh", "-c",
                "for f in /x /usr/x /etc/x /dev/x /data/x /data/in/x /proc/sys/kernel/core_pattern "
                "/proc/sys/kernel/hostname /proc/self/oom_score_adj /data/out/x /tmp/x /dev/shm/x; "
                "do (echo 1 > $f) 2>/dev/null && echo $f; done"},
       .log = log_}));
  EXPECT_EQ(ToString(WaitForEnd(*manager_, "a")), "exit code 0");
  EXPECT_EQ(*os::ReadFile(log_), "/data/out/x\n/tmp/x\n/dev/shm/x\n");
  EXPECT_TRUE(fs::exists(out_ / "x"));
  EXPECT_TRUE(fs::is_empty(folder_.path() / "in"));
}

TEST_F(Sandbox, OtherFoldersAndTheHomesOfPeopleDoNotExist) {
  std::ofstream(folder_.path() / "secret") << "x";
  const std::string output =
      Output("ls -A /data /home /root /var /run /srv /sys /etc/shadow /etc/ssh " +
             (folder_.path() / "secret").string() + " 2>/dev/null");
  EXPECT_EQ(output, "/data:\nout\n");
  EXPECT_EQ(Output("ls -A / | tr '\\n' ' '").find("home"), std::string::npos);
}

TEST_F(Sandbox, ALinkDoesNotLeadOut) {
  fs::create_symlink(folder_.path() / "secret", out_ / "link");
  std::ofstream(folder_.path() / "secret") << "host";
  EXPECT_EQ(Output("cat /data/out/link 2>/dev/null; cat /data/out/../../etc/shadow 2>/dev/null"),
            "");
}

TEST_F(Sandbox, NoNetworkButLoopback) {
  EXPECT_EQ(Output("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"), "lo\n");
}

TEST_F(Sandbox, TheHostsNetworkIsSharedWhereAsked) {
  const auto host = os::ReadFile("/proc/net/dev");
  ASSERT_OK(host);
  const std::string output =
      Output("tail -n +3 /proc/net/dev | wc -l", {.network = Network::kOutside});
  EXPECT_EQ(output, std::to_string(std::count(host->begin(), host->end(), '\n') - 2) + "\n");
}

TEST_F(Sandbox, HostProcessesAreNotSeen) {
  EXPECT_EQ(Output("cat /proc/1/comm; echo $$; ls -d /proc/[0-9]*"),
            "bwrap\n2\n/proc/1\n/proc/2\n");
}

TEST_F(Sandbox, ItRunsAsNobodyWithoutPowers) {
  EXPECT_EQ(Output("id -u; id -g; grep -h -E 'Cap(Eff|Prm|Bnd)|NoNewPrivs' /proc/self/status | "
                   "cut -f2 | sort -u"),
            "65534\n65534\n0000000000000000\n1\n");
}

TEST_F(Sandbox, NoFurtherUserNamespaceCanBeMade) {
  EXPECT_EQ(Output("unshare --user true 2>/dev/null && echo made"), "");
}

TEST_F(Sandbox, ASandboxThatCannotBeSetUpIsLostWithTheReason) {
  const Path gone = folder_.path() / "gone";
  fs::create_directory(gone);
  ASSERT_OK(manager_->Setup({.id = "a"}));
  ASSERT_OK(manager_->MountData("a", gone, "gone", Access::kReadOnly));
  fs::remove(gone);
  ASSERT_OK(manager_->Run("a", {.argv = {"true"}, .log = log_}));
  const TaskStatus status = WaitForEnd(*manager_, "a");
  ASSERT_TRUE(std::holds_alternative<Lost>(status)) << ToString(status);
  EXPECT_THAT(ToString(status), HasSubstr(gone.string()));
}

TEST_F(Sandbox, ASandboxThatVanishesIsLost) {
  ASSERT_OK(Start("echo $$; exec sleep 600"));
  WaitForText(*manager_, log_, "\n");
  const auto bwrap = os::OldestChild(::getpid());
  ASSERT_TRUE(bwrap.has_value());
  ::kill(*bwrap, SIGKILL);
  const TaskStatus status = WaitForEnd(*manager_, "t");
  EXPECT_TRUE(std::holds_alternative<Lost>(status)) << ToString(status);
}

TEST(SandboxProbe, SaysWhatIsMissing) {
  ProcessEnvManager manager({.bubblewrap = "no-such-bwrap"});
  const auto probe = manager.Probe();
  ASSERT_FALSE(probe.ok());
  EXPECT_EQ(probe.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(probe.error().message(), HasSubstr("apt-get install bubblewrap"));
  EXPECT_THAT(probe.error().message(), HasSubstr("--sandbox none"));
}

TEST(SandboxProbe, RepeatsWhatBubblewrapSaid) {
  const os::TempFolder folder;
  const Path fake = folder.path() / "bwrap";
  std::ofstream(fake)
      << "#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n";
  ASSERT_EQ(::chmod(fake.c_str(), 0755), 0);
  ProcessEnvManager manager({.bubblewrap = fake.string()});
  const auto probe = manager.Probe();
  ASSERT_FALSE(probe.ok());
  EXPECT_EQ(probe.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(probe.error().message(), HasSubstr("No permissions to create new namespace"));
}

// What a process made that ended without a word: of both modes, the cgroup; without a sandbox, the
// folder of temporary files too.
TEST_P(ProcessEnv, WhatADeadProcessLeftIsListedAndRemoved) {
  const pid_t owner = ::fork();
  ASSERT_GE(owner, 0);
  if (owner == 0) ::_exit(manager_->Setup({.id = "left"}).ok() ? 0 : 1);
  int status = -1;
  ASSERT_EQ(::waitpid(owner, &status, 0), owner);
  ASSERT_EQ(status, 0);
  const auto mine = [&] {
    auto list = manager_->List();
    EXPECT_OK(list);
    std::erase_if(*list, [](const Leftover& found) { return found.id != "left"; });
    return *std::move(list);
  };
  const bool cgroups = manager_->capabilities().memory_limit;
  const bool folder = mode() == SandboxMode::kNone;
  const std::vector<Leftover> left = mine();
  ASSERT_EQ(left.size(), static_cast<size_t>(cgroups) + static_cast<size_t>(folder));
  for (const Leftover& found : left) {
    EXPECT_FALSE(found.owner_alive);
    EXPECT_OK(manager_->Remove(found));
    EXPECT_OK(manager_->Remove(found));
  }
  EXPECT_TRUE(mine().empty());
}

TEST_P(ProcessEnv, WhatIsInUseIsListedAsSuchAndKeptByProbe) {
  ASSERT_OK(Start("sleep 600"));
  EXPECT_OK(manager_->Probe());
  const auto list = manager_->List();
  ASSERT_OK(list);
  for (const Leftover& found : *list) EXPECT_TRUE(found.id != "t" || found.owner_alive);
  EXPECT_EQ(ToString(manager_->Status("t")), "running");
}

TEST_P(ProcessEnv, OnlyItsOwnNamesAreRemoved) {
  fs::create_directory(folder_.path() / "precious");
  EXPECT_FALSE(manager_->Remove({.kind = "folder", .name = "precious"}).ok());
  EXPECT_FALSE(
      manager_->Remove({.kind = "folder", .name = os::OwnedName("x/../../precious")}).ok());
  EXPECT_TRUE(fs::exists(folder_.path() / "precious"));
}

// The whole suite again as an ordinary user without any right to cgroups.
TEST(SandboxAsOrdinaryUser, TheSuitePasses) {
  if (::geteuid() != 0) GTEST_SKIP() << "already an ordinary user";
  if (!os::FindProgram("setpriv").has_value()) GTEST_SKIP() << "setpriv (util-linux) not found";
  const auto output = os::RunAndCapture(
      {.argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                os::SelfExecutable().string(), "--gtest_brief=1",
                "--gtest_filter=*/EnvConformance.*:*/ProcessEnv.*:Sandbox.*:SandboxProbe.*"},
       .env = {{"PATH", "/usr/bin:/bin"}},
       .working_folder = "/"},
      4 * kPlenty);
  ASSERT_OK(output);
  if (output->status.exit_code == 127) GTEST_SKIP() << "the build folder is private";
  if (output->out.find("no sandbox can be made") != std::string::npos) GTEST_SKIP() << output->out;
  EXPECT_EQ(output->status.exit_code, 0) << output->out << output->err;
  EXPECT_THAT(output->out, HasSubstr("[  PASSED  ]"));
}

}  // namespace
}  // namespace vlmhb::env
