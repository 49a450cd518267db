#pragma once
// Child processes: started with exactly the arguments, environment and descriptors named
// (no shell, nothing inherited), watched by pidfd, killed as a group. Never as a string.

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::os {

struct SpawnOptions {
  std::vector<std::string> argv;           // argv[0] is a path, or a name looked up in PATH
  std::map<std::string, std::string> env;  // the whole environment of the child
  Path working_folder;                     // empty: the parent's
  // Child descriptor number -> parent descriptor. 0, 1 and 2 default to /dev/null; every other
  // descriptor is closed in the child.
  std::map<int, int> fds;
  // Files ("…/cgroup.procs") to which the child writes "0" before exec, so that no code of its
  // own ever runs outside of the cgroup.
  std::vector<Path> cgroup_procs;
  // Most bytes of private memory (RLIMIT_DATA), the descendants' each; 0: as the parent.
  int64_t memory_bytes = 0;
  bool die_with_parent = true;  // SIGKILL when the spawning thread ends
  bool new_process_group = true;
};

struct ExitStatusOf {
  int exit_code = -1;  // 0..255, or -1 when a signal ended it
  int signal = 0;      // 0 when it exited by itself
  bool ok() const { return exit_code == 0; }
  std::string ToString() const;  // "exit code 3", "killed by signal 9 (Killed)"
};

// A running or ended child. Move-only. Destroying it while it runs kills its group and reaps it.
class Process {
 public:
  Process() = default;
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;
  ~Process();

  pid_t pid() const { return pid_; }
  // Readable (poll) once the child has ended. Owned by this object.
  int pidfd() const { return pidfd_.get(); }

  // The status if it has ended, nullopt if it runs. Reaps. Idempotent.
  std::optional<ExitStatusOf> Poll();
  // Waits at most `timeout` for the end.
  std::optional<ExitStatusOf> Wait(std::chrono::milliseconds timeout);
  // Sends `signal` to the child's process group (or the child if it has none). No-op once ended.
  void Signal(int signal);

 private:
  friend Result<Process> Spawn(const SpawnOptions&);
  pid_t pid_ = -1;
  bool own_group_ = false;
  Fd pidfd_;
  std::optional<ExitStatusOf> status_;
};

// kNotFound if argv[0] does not exist, kPermission if it may not be run, else by errno.
Result<Process> Spawn(const SpawnOptions& options);

struct Pipe {
  Fd read;
  Fd write;
};
Result<Pipe> MakePipe();

// Runs to the end and captures at most `max_output_bytes` of each stream (the rest is dropped).
struct Output {
  ExitStatusOf status;
  std::string out;
  std::string err;
};
Result<Output> RunAndCapture(SpawnOptions options, std::chrono::milliseconds timeout,
                             size_t max_output_bytes = 1u << 20);

// The value of `name` in this process's environment. Only cli/ may decide to use it.
std::optional<std::string> GetEnv(const std::string& name);
// First executable file of that name in PATH (or `name` itself if it has a slash).
std::optional<Path> FindProgram(const std::string& name);

}  // namespace vlmhb::os
