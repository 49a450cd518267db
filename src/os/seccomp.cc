#include "os/seccomp.h"

#include <fmt/format.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::os {
namespace {

// By name: a call that this library or architecture does not know is left out.
constexpr const char* kRefused[] = {
    // mounts
    "mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen",
    "fsconfig", "fsmount", "fspick", "mount_setattr",
    // namespaces
    "unshare", "setns",
    // the kernel and the machine
    "init_module", "finit_module", "delete_module", "create_module", "kexec_load",
    "kexec_file_load", "reboot", "swapon", "swapoff", "acct", "syslog", "settimeofday", "stime",
    "clock_settime", "clock_settime64", "clock_adjtime", "clock_adjtime64", "adjtimex",
    "sethostname", "setdomainname", "quotactl", "quotactl_fd", "nfsservctl", "iopl", "ioperm",
    "lookup_dcookie", "vhangup", "uselib", "_sysctl", "sysfs",
    // keys of other users
    "add_key", "request_key", "keyctl",
    // wide interfaces
    "bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter",
    "io_uring_register", "fanotify_init", "open_by_handle_at"};

constexpr uint64_t kNamespaceFlags[] = {CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
                                        CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP};
constexpr uint64_t kTypingRequests[] = {TIOCSTI, TIOCLINUX};
constexpr uint64_t kSocketFamilies[] = {AF_VSOCK, AF_ALG};
constexpr uint32_t kRefuse = SCMP_ACT_ERRNO(EPERM);

using Filter = std::unique_ptr<void, decltype(&::seccomp_release)>;

// Both return 0, or what libseccomp says was wrong.
int RefuseCalls(scmp_filter_ctx filter) {
  for (const char* name : kRefused) {
    const int number = ::seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR) continue;
    if (const int error = ::seccomp_rule_add(filter, kRefuse, number, 0); error != 0) return error;
  }
  return ::seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

int RefuseArguments(scmp_filter_ctx filter) {
  int error = 0;
  const auto refuse = [&](int call, scmp_arg_cmp argument) {
    if (error == 0) error = ::seccomp_rule_add_array(filter, kRefuse, call, 1, &argument);
  };
  for (const uint64_t flag : kNamespaceFlags)
    refuse(SCMP_SYS(clone), {0, SCMP_CMP_MASKED_EQ, flag, flag});
  // The kernel reads the lower half of these arguments only.
  for (const uint64_t request : kTypingRequests)
    refuse(SCMP_SYS(ioctl), {1, SCMP_CMP_MASKED_EQ, 0xffffffff, request});
  for (const uint64_t family : kSocketFamilies)
    refuse(SCMP_SYS(socket), {0, SCMP_CMP_MASKED_EQ, 0xffffffff, family});
  return error;
}

}  // namespace

Result<std::string> SandboxSyscallFilter() {
  const auto failed = [](int error) {
    return ErrnoError(-error, "cannot make the filter of system calls");
  };
  const Filter filter(::seccomp_init(SCMP_ACT_ALLOW), &::seccomp_release);
  if (filter == nullptr) return failed(-ENOMEM);
  // A binary tree instead of a chain. An old library keeps the chain.
  (void)::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  if (const int error = RefuseCalls(filter.get()); error != 0) return failed(error);
  if (const int error = RefuseArguments(filter.get()); error != 0) return failed(error);
  const Fd program(::memfd_create("filter", MFD_CLOEXEC));
  if (!program.valid()) return ErrnoError(errno, "cannot make a file in memory");
  if (const int error = ::seccomp_export_bpf(filter.get(), program.get()); error != 0)
    return failed(error);
  return ReadFile(fmt::format("/proc/self/fd/{}", program.get()));
}

Result<bool> FilterSyscalls() {
  VLMHB_ASSIGN(std::string filter, SandboxSyscallFilter());
  const sock_fprog program{static_cast<unsigned short>(filter.size() / sizeof(sock_filter)),
                           reinterpret_cast<sock_filter*>(filter.data())};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return ErrnoError(errno, "cannot set no_new_privs");
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) == 0)
    return true;
  if (errno == ENOSYS || errno == EINVAL) return false;
  return ErrnoError(errno, "cannot filter system calls");
}

}  // namespace vlmhb::os
