#pragma once
// One command of the process environment, from its start to its end: with or without a sandbox
// around it. Not thread-safe; must be moved nowhere while it runs (it is held by pointer).

#include <chrono>
#include <optional>
#include <string>

#include "env/env_manager.h"
#include "os/cgroup.h"
#include "os/fd.h"
#include "os/process.h"

namespace vlmhb::env {

// What bwrap tells while it runs. Both are read ends that do not block.
struct SandboxStreams {
  os::Fd status;  // --json-status-fd
  os::Fd errors;  // bwrap's own standard error, never the command's
};

class RunningCommand {
 public:
  using SteadyClock = std::chrono::steady_clock;

  // `process` is bwrap if `streams` is given, else the command itself. `cgroup` must outlive this.
  RunningCommand(os::Process process, std::optional<SandboxStreams> streams,
                 const os::Cgroup& cgroup, std::optional<std::chrono::milliseconds> timeout);
  // Kills what still runs.
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  // Applies time limits, reaps, judges. The rest of the tree is killed when the command has ended.
  const TaskStatus& Poll();

  // SIGTERM to the command alone now (or as soon as it exists), SIGKILL to the tree after `grace`.
  void Stop(std::chrono::milliseconds grace);

  // SIGKILL to the whole tree. Does not wait.
  void Kill();

  // Waits at most `timeout` for the end, the rest of the tree included.
  bool WaitForEnd(std::chrono::milliseconds timeout);

  // When Poll must be called again even if nothing ends.
  SteadyClock::time_point next_deadline() const;
  // Readable when there is something new for Poll. Owned by this object.
  int pidfd() const;
  bool ended() const { return !std::holds_alternative<Running>(status_); }

 private:
  void ReadStreams();
  void TakeStatusLine(std::string_view line);
  void EnforceTime();
  bool DeliverTerm();
  bool HasEnded() const;
  TaskStatus Judge(const os::ExitStatusOf& exit) const;

  os::Process process_;
  std::optional<SandboxStreams> streams_;
  const os::Cgroup& cgroup_;
  std::optional<SteadyClock::time_point> timeout_at_;
  std::optional<SteadyClock::time_point> kill_at_;  // set by Stop
  bool term_pending_ = false;
  bool timed_out_ = false;
  bool killed_ = false;

  std::string status_text_;  // the unfinished line of the status stream
  std::string error_text_;   // what bwrap said, bounded
  pid_t init_pid_ = -1;      // pid 1 of the sandbox, as seen from here
  os::Fd init_pidfd_;
  std::optional<int> exit_code_;  // as bwrap reports it
  TaskStatus status_ = Running{};
};

// A code of 128 + n from a shell or bwrap means "killed by signal n"; 130 stays an exit code, since
// it is what a program that ends in good order on a signal returns (ours does). Pure.
TaskStatus StatusFromExitCode(int code);

}  // namespace vlmhb::env
