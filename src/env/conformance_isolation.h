#pragma once
// RealConformance: what a command must not see, write or do.

#include <sys/stat.h>
#include <unistd.h>

#include "env/conformance.h"

namespace vlmhb::env {

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
  if (GetParam().forbids_namespaces) {
    EXPECT_EQ(Output("unshare --user true 2>/dev/null && echo namespace; true"), "");
    EXPECT_OK(manager_->Cleanup("t"));
    std::filesystem::remove(LogOf("t"));
  }
  EXPECT_EQ(Output("unshare --mount true 2>/dev/null && echo mounts; "
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

}  // namespace vlmhb::env
