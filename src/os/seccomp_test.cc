#include "os/seccomp.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <functional>

namespace vlmhb::os {
namespace {

// What errno `call` fails with in a process under the filter; 0 if it does not fail.
int ErrorUnderFilter(const std::function<long()>& call) {
  const pid_t child = ::fork();
  if (child == 0) {
    const auto filtered = FilterSyscalls();
    if (!filtered.ok() || !*filtered) ::_exit(255);
    errno = 0;
    ::_exit(call() == -1 ? errno : 0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
  EXPECT_NE(WEXITSTATUS(status), 255) << "the kernel refuses the filter";
  return WEXITSTATUS(status);
}

TEST(Seccomp, NamespacesAndMountsAreRefused) {
  EXPECT_EQ(ErrorUnderFilter([] { return ::unshare(CLONE_NEWUSER); }), EPERM);
  EXPECT_EQ(ErrorUnderFilter([] {
              return ::syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, nullptr, nullptr, nullptr, 0);
            }),
            EPERM);
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_clone3, nullptr, 0); }), ENOSYS);
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_mount, "x", "/", "tmpfs", 0, nullptr); }),
            EPERM);
}

TEST(Seccomp, WideInterfacesAreRefused) {
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_bpf, 0, nullptr, 0); }), EPERM);
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_keyctl, 0, 0, 0, 0, 0); }), EPERM);
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_perf_event_open, nullptr, 0, 0, 0, 0); }),
            EPERM);
  EXPECT_EQ(ErrorUnderFilter([] { return ::socket(AF_VSOCK, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(ErrorUnderFilter([] { return ::socket(AF_ALG, SOCK_SEQPACKET, 0); }), EPERM);
}

TEST(Seccomp, ArgumentsThatTheKernelCutsAreNoWayAround) {
  constexpr unsigned long kHigh = 1ul << 32;
  EXPECT_EQ(ErrorUnderFilter([] { return ::syscall(SYS_ioctl, 0, kHigh | TIOCSTI, "x"); }), EPERM);
  EXPECT_EQ(
      ErrorUnderFilter([] { return ::syscall(SYS_socket, kHigh | AF_VSOCK, SOCK_STREAM, 0); }),
      EPERM);
}

TEST(Seccomp, WhatProgramsNeedIsAllowed) {
  EXPECT_EQ(ErrorUnderFilter([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(ErrorUnderFilter([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), 0);
  EXPECT_EQ(ErrorUnderFilter([] {
              const pid_t child = ::fork();
              if (child == 0) ::_exit(0);
              int status = 1;
              return ::waitpid(child, &status, 0) == child && status == 0 ? 0L : -1L;
            }),
            0);
}

}  // namespace
}  // namespace vlmhb::os
