#pragma once
// Turns an environment and a command into a call of bubblewrap (bwrap(1)). Pure but for
// InspectHost.
//
// What the command finds: the host's /usr read-only, a handful of files in /etc, its own /proc
// (read-only: a sandbox made by root could otherwise write the host's /proc/sys), /dev, /dev/shm
// and /tmp, and the mounts below /data. Everything else is an empty read-only root. It runs as user
// and group 65534 without capabilities, in namespaces of its own, cannot make further user
// namespaces, and its system calls are filtered (os/seccomp.h). A command that was given GPUs also
// finds their devices and the host's /sys, read-only, from which GPU libraries learn how the
// devices are connected.

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "env/contract.h"
#include "os/gpu.h"

namespace vlmhb::env {

inline constexpr int kSandboxUser = 65534;

// What of the host's system goes into a sandbox.
struct HostSystem {
  std::map<std::string, std::string> links;  // "/bin" -> "usr/bin"
  std::vector<std::string> folders;          // "/usr" and what is not a link into it
  std::vector<std::string> files;            // in /etc, for every sandbox
  std::vector<std::string> network_files;    // in /etc, for sandboxes with the host's network
  std::vector<os::Gpu> gpus;                 // those that EnvSpec::gpu_ids may name
  std::string syscall_filter;                // a program of the kernel's; "": none can be made
};
// Looks at this machine once. GPUs are the caller's to add.
HostSystem InspectHost();

struct BubblewrapVersion {
  int major = 0;
  int minor = 0;
  int patch = 0;
  auto operator<=>(const BubblewrapVersion&) const = default;
};
// From "bubblewrap 0.8.0"; 0.0.0 if it is something else.
BubblewrapVersion ParseBubblewrapVersion(std::string_view text);

// Descriptors as the bwrap process must have them.
inline constexpr int kOptionsFd = 3;    // NUL-separated options
inline constexpr int kStatusFd = 4;     // bwrap reports the child and its exit code here
inline constexpr int kLogFd = 5;        // the command's standard output and error
inline constexpr int kFirstFileFd = 6;  // content of made-up files

struct BubblewrapCall {
  std::vector<std::string> argv;
  // Passed by descriptor and not in argv, which every user of the machine may read: the command's
  // environment can hold secrets.
  std::vector<std::string> options;
  std::map<int, std::string> files;  // descriptor -> content of a file made for this sandbox
};
BubblewrapCall PlanBubblewrap(const Path& program, BubblewrapVersion version,
                              const HostSystem& host, const EnvSpec& spec,
                              const std::vector<Mount>& mounts, const Command& command);

// argv behind a shell that only replaces itself: so a program that cannot be run ends with 127 (not
// found) or 126 (not executable) and a message in its log, and is not mistaken for a broken
// sandbox. `log_fd` becomes standard output and error; -1 leaves them.
std::vector<std::string> BehindShell(const std::vector<std::string>& argv, int log_fd);

// The kernel settings that forbid sandboxes to ordinary users, "" or a number as /proc/sys has
// them.
struct NamespaceSettings {
  std::string unprivileged_userns_clone;              // kernel.*, Debian: "0" forbids
  std::string apparmor_restrict_unprivileged_userns;  // kernel.*, Ubuntu: "1" forbids
  std::string max_user_namespaces;                    // user.*: "0" forbids
};
NamespaceSettings ReadNamespaceSettings();
// Why no sandbox could be made, and what to do about it. `reason` is what bwrap said. Pure.
std::string ExplainNoSandbox(std::string_view reason, const NamespaceSettings& settings);

}  // namespace vlmhb::env
