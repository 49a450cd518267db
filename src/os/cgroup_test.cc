#include "os/cgroup.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/text.h"
#include "os/process.h"
#include "os/system.h"

namespace vlmhb::os {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kPlenty{20'000};

constexpr char kHybrid[] =
    "32 25 0:28 / /sys/fs/cgroup/memory rw,relatime shared:5 - cgroup cgroup rw,memory\n"
    "33 25 0:29 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
    "34 25 0:30 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate\n"
    "35 25 0:31 / /home rw - ext4 /dev/vda rw\n"
    "broken line\n";

TEST(Cgroup, FindsItsPlacesInAHybridLayout) {
  const CgroupLayout layout =
      ParseCgroupLayout(kHybrid, "9:name=systemd:/\n8:pids:/\n4:memory:/a/b\n0::/user\n");
  ASSERT_TRUE(layout.memory_v1 && layout.pids_v1 && layout.unified);
  EXPECT_EQ(layout.memory_v1->own, "/sys/fs/cgroup/memory/a/b");
  EXPECT_EQ(layout.pids_v1->own, "/sys/fs/cgroup/pids");
  EXPECT_EQ(layout.unified->own, "/sys/fs/cgroup/unified/user");
  EXPECT_EQ(CgroupParent(layout, "memory"), "/sys/fs/cgroup/memory/a/b");
}

TEST(Cgroup, AContainersMountRootIsNotRepeated) {
  const CgroupLayout layout = ParseCgroupLayout(
      "32 25 0:28 /docker/1 /sys/fs/cgroup/cpu,memory rw - cgroup cgroup rw,cpu,memory\n",
      "4:cpu,memory:/docker/1/x\n");
  ASSERT_TRUE(layout.memory_v1.has_value());
  EXPECT_EQ(layout.memory_v1->own, "/sys/fs/cgroup/cpu,memory/x");
  EXPECT_FALSE(layout.unified.has_value());
}

TEST(Cgroup, Version2TakesTheNearestFolderThatHandsTheControllerDown) {
  const TempFolder top;
  const Path scope = top.path() / "user.slice" / "app.slice" / "run.scope";
  std::filesystem::create_directories(scope);
  std::ofstream(top.path() / "cgroup.subtree_control") << "cpu memory pids\n";
  std::ofstream(top.path() / "user.slice" / "app.slice" / "cgroup.subtree_control") << "memory\n";
  std::ofstream(scope / "cgroup.subtree_control") << "\n";
  const CgroupLayout layout{.unified = CgroupPlace{top.path(), scope}};
  EXPECT_EQ(CgroupParent(layout, "memory"), top.path() / "user.slice" / "app.slice");
  EXPECT_EQ(CgroupParent(layout, "pids"), top.path());
  EXPECT_EQ(CgroupParent(layout, "io"), Path());
  EXPECT_EQ(CgroupParent({}, "memory"), Path());
}

TEST(Cgroup, LimitsAreWrittenInTheOrderTheKernelTakes) {
  EXPECT_EQ(
      MemoryLimitFiles(false, 4096),
      (ControlFiles{{"memory.limit_in_bytes", "4096"}, {"?memory.memsw.limit_in_bytes", "4096"}}));
  EXPECT_EQ(MemoryLimitFiles(true, 4096),
            (ControlFiles{{"memory.max", "4096"}, {"?memory.swap.max", "0"}}));
}

TEST(Cgroup, CoresAreAQuotaInEveryPeriod) {
  EXPECT_EQ(CpuLimitFiles(false, 2),
            (ControlFiles{{"cpu.cfs_period_us", "100000"}, {"cpu.cfs_quota_us", "200000"}}));
  EXPECT_EQ(CpuLimitFiles(true, 1), (ControlFiles{{"cpu.max", "100000 100000"}}));
}

// The rest needs the right to make cgroups.
class RealCgroup : public testing::Test {
 protected:
  void SetUp() override {
    if (host_.unified.empty() && host_.memory.empty())
      GTEST_SKIP() << "no cgroups here: " << (host_.problems.empty() ? "" : host_.problems[0]);
  }
  const CgroupHost host_ = DetectCgroups();
};

TEST_F(RealCgroup, KillReachesADaemonThatLeftItsSession) {
  auto cgroup = Cgroup::Create(host_, OwnedName("kill"), {});
  ASSERT_TRUE(cgroup.ok()) << cgroup.error().ToString();
  auto pipe = MakePipe();
  auto process = Spawn({.argv = {"setsid", "--fork", "sleep", "600"},
                        .fds = {{1, pipe->write.get()}},
                        .cgroup_procs = cgroup->ProcsFiles()});
  ASSERT_TRUE(process.ok()) << process.error().ToString();
  ASSERT_TRUE(process->Wait(kPlenty).has_value());
  ASSERT_TRUE(cgroup->Remove(kPlenty).ok());
  EXPECT_TRUE(cgroup->Remove(kPlenty).ok());
  EXPECT_TRUE(cgroup->ProcsFiles().empty());
  // The daemon held the write end.
  pipe->write.Reset();
  pollfd waiting{pipe->read.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&waiting, 1, static_cast<int>(kPlenty.count())), 1);
}

TEST_F(RealCgroup, CountsOutOfMemoryKills) {
  if (host_.memory.empty()) GTEST_SKIP() << "memory cannot be limited here";
  auto cgroup = Cgroup::Create(host_, OwnedName("oom"), {.memory_bytes = 16 << 20});
  ASSERT_TRUE(cgroup.ok()) << cgroup.error().ToString();
  EXPECT_EQ(cgroup->OutOfMemoryKills(), 0);
  // tail keeps a line that never ends in memory.
  auto output =
      RunAndCapture({.argv = {"tail", "/dev/zero"}, .cgroup_procs = cgroup->ProcsFiles()}, kPlenty);
  ASSERT_TRUE(output.ok()) << output.error().ToString();
  EXPECT_EQ(output->status.signal, SIGKILL);
  EXPECT_GE(cgroup->OutOfMemoryKills(), 1);
  EXPECT_GT(cgroup->PeakMemoryBytes().value_or(1 << 20), 0);
  EXPECT_TRUE(cgroup->Remove(kPlenty).ok());
}

TEST_F(RealCgroup, TheKernelHasTheLimitOfCores) {
  if (host_.cpu.empty()) GTEST_SKIP() << "cores cannot be limited here";
  const std::string name = OwnedName("cpu");
  auto cgroup = Cgroup::Create(host_, name, {.cpus = 2});
  ASSERT_TRUE(cgroup.ok()) << cgroup.error().ToString();
  const Path folder = host_.cpu / name;
  const bool version2 = std::filesystem::exists(folder / "cpu.max");
  const auto text = ReadFile(folder / (version2 ? "cpu.max" : "cpu.cfs_quota_us"));
  ASSERT_TRUE(text.ok()) << text.error().ToString();
  EXPECT_EQ(Trim(*text), version2 ? "200000 100000" : "200000");
  EXPECT_TRUE(cgroup->Remove(kPlenty).ok());
}

TEST_F(RealCgroup, WhatADeadProcessLeftCanBeFoundAndRemoved) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  std::string name = OwnedName("left");
  const std::string self = "." + std::to_string(::getpid()) + ".";
  name.replace(name.find(self), self.size(), "." + std::to_string(child) + ".");
  ASSERT_TRUE(Cgroup::Create(host_, name, {}).ok());
  const std::vector<std::string> owned = OwnedCgroups(host_);
  EXPECT_TRUE(std::binary_search(owned.begin(), owned.end(), name));
  EXPECT_TRUE(IsOrphanName(name));
  EXPECT_TRUE(Cgroup::Adopt(host_, name).Remove(kPlenty).ok());
  EXPECT_TRUE(Cgroup::Adopt(host_, name).ProcsFiles().empty());
}

}  // namespace
}  // namespace vlmhb::os
