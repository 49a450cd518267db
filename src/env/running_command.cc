#include "env/running_command.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "os/system.h"

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;

constexpr size_t kMaxStreamBytes = 16384;
constexpr milliseconds kTermRetry{5};

os::Fd OpenPidfd(pid_t pid) { return os::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

// The pidfd of `pid` if that is a child of `parent`: opened first and asked after, so that it is
// the right one even if the number is used again.
os::Fd OpenChild(pid_t pid, pid_t parent) {
  os::Fd pidfd = OpenPidfd(pid);
  const auto facts = os::ReadProcessFacts(pid);
  if (!facts.has_value() || facts->parent != parent) return {};
  return pidfd;
}

void SignalPidfd(const os::Fd& pidfd, int signal) {
  if (pidfd.valid()) ::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0);
}

bool IsReadable(int fd) {
  pollfd waiting{fd, POLLIN, 0};
  return ::poll(&waiting, 1, 0) == 1;
}

// Appends what is there now, keeping `kMaxStreamBytes` at most.
void ReadAvailable(int fd, std::string& into) {
  char chunk[4096];
  while (true) {
    const ssize_t n = ::read(fd, chunk, sizeof chunk);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    const size_t room = kMaxStreamBytes - std::min(kMaxStreamBytes, into.size());
    into.append(chunk, std::min(room, static_cast<size_t>(n)));
  }
}

}  // namespace

TaskStatus StatusFromExitCode(int code) {
  constexpr int kLastSignal = 31;
  const int signal = code - 128;
  if (signal > 0 && signal <= kLastSignal && signal != SIGINT) return Signaled{.signal = signal};
  return Exited{code};
}

RunningCommand::RunningCommand(os::Process process, std::optional<SandboxStreams> streams,
                               const os::Cgroup& cgroup, std::optional<milliseconds> timeout)
    : process_(std::move(process)), streams_(std::move(streams)), cgroup_(cgroup) {
  if (timeout.has_value()) timeout_at_ = SteadyClock::now() + *timeout;
}

RunningCommand::~RunningCommand() { Kill(); }

const TaskStatus& RunningCommand::Poll() {
  if (ended()) return status_;
  ReadStreams();  // the pid of the sandbox is learnt while it lives
  if (!HasEnded()) {
    EnforceTime();
    return status_;
  }
  ReadStreams();  // what was written just before the end
  // Whoever is left in the group goes before its leader is reaped: until then the number is ours.
  process_.Signal(SIGKILL);
  const auto exit = process_.Poll();
  cgroup_.Kill();
  status_ = Judge(exit.value_or(os::ExitStatusOf{}));
  return status_;
}

void RunningCommand::EnforceTime() {
  const auto now = SteadyClock::now();
  if (term_pending_) term_pending_ = !DeliverTerm();
  if (killed_) return;
  if (timeout_at_.has_value() && now >= *timeout_at_) {
    timed_out_ = true;
    Kill();
  } else if (kill_at_.has_value() && now >= *kill_at_) {
    Kill();
  }
}

void RunningCommand::Stop(milliseconds grace) {
  if (ended()) return;
  const auto at = SteadyClock::now() + grace;
  kill_at_ = kill_at_.has_value() ? std::min(*kill_at_, at) : at;
  term_pending_ = true;
  Poll();
}

void RunningCommand::Kill() {
  if (ended()) return;
  ReadStreams();
  killed_ = true;
  cgroup_.Kill();
  SignalPidfd(init_pidfd_, SIGKILL);  // takes everything in its pid namespace along
  process_.Signal(SIGKILL);
}

RunningCommand::SteadyClock::time_point RunningCommand::next_deadline() const {
  auto deadline = SteadyClock::time_point::max();
  if (term_pending_) deadline = SteadyClock::now() + kTermRetry;
  if (killed_) return deadline;
  if (timeout_at_.has_value()) deadline = std::min(deadline, *timeout_at_);
  if (kill_at_.has_value()) deadline = std::min(deadline, *kill_at_);
  return deadline;
}

bool RunningCommand::WaitForEnd(milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  while (std::holds_alternative<Running>(Poll())) {
    const auto until = std::min(deadline, next_deadline());
    const auto left = std::chrono::ceil<milliseconds>(until - SteadyClock::now());
    if (SteadyClock::now() >= deadline) return false;
    pollfd waiting{pidfd(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(std::clamp<int64_t>(left.count(), 0, 60'000)));
  }
  return true;
}

// When bwrap is killed, its sandbox dies a moment later: both are waited for.
bool RunningCommand::HasEnded() const {
  return IsReadable(process_.pidfd()) && (!init_pidfd_.valid() || IsReadable(init_pidfd_.get()));
}

int RunningCommand::pidfd() const {
  return init_pidfd_.valid() && IsReadable(process_.pidfd()) ? init_pidfd_.get() : process_.pidfd();
}

// In a sandbox the signal must not go to bwrap (it would just die) nor to pid 1 (it ignores what it
// has no handler for), but to the child of pid 1. False if that is not there yet.
bool RunningCommand::DeliverTerm() {
  if (!streams_.has_value()) {
    ::kill(process_.pid(), SIGTERM);
    return true;
  }
  if (init_pid_ < 0) return false;
  const auto child = os::OldestChild(init_pid_);
  if (!child.has_value()) return false;
  const os::Fd pidfd = OpenChild(*child, init_pid_);
  SignalPidfd(pidfd, SIGTERM);
  return pidfd.valid();
}

void RunningCommand::ReadStreams() {
  if (!streams_.has_value()) return;
  ReadAvailable(streams_->errors.get(), error_text_);
  ReadAvailable(streams_->status.get(), status_text_);
  size_t end = 0;
  while ((end = status_text_.find('\n')) != std::string::npos) {
    const std::string line = status_text_.substr(0, end);
    status_text_.erase(0, end + 1);
    TakeStatusLine(line);
  }
}

void RunningCommand::TakeStatusLine(std::string_view line) {
  const auto parsed = ParseJson(line);
  if (!parsed.ok() || !parsed->is_object()) return;
  const json::object& object = parsed->get_object();
  if (const int64_t pid = FindInt(object, "child-pid", -1); pid > 0 && init_pid_ < 0) {
    init_pidfd_ = OpenChild(static_cast<pid_t>(pid), process_.pid());
    if (init_pidfd_.valid()) init_pid_ = static_cast<pid_t>(pid);
  }
  if (const int64_t code = FindInt(object, "exit-code", -1); code >= 0)
    exit_code_ = static_cast<int>(code);
}

TaskStatus RunningCommand::Judge(const os::ExitStatusOf& exit) const {
  if (timed_out_) return TimedOut{};
  const bool out_of_memory = cgroup_.OutOfMemoryKills() > 0;
  if (exit.signal == 0 && exit.exit_code < 0)
    return Lost{"its exit status was taken by somebody else"};
  TaskStatus status = Running{};
  if (!streams_.has_value())
    status = exit.signal != 0 ? TaskStatus(Signaled{.signal = exit.signal})
                              : StatusFromExitCode(exit.exit_code);
  else if (exit_code_.has_value())
    status = StatusFromExitCode(*exit_code_);
  else if (killed_ || out_of_memory)
    status = Signaled{.signal = SIGKILL};
  else if (kill_at_.has_value())
    status = Signaled{.signal = SIGTERM};  // stopped before the command had begun
  else
    return Lost{fmt::format("bwrap ended ({}) without having run the command: {}", exit.ToString(),
                            error_text_.empty() ? "it said nothing" : Trim(error_text_))};
  if (auto* signaled = std::get_if<Signaled>(&status))
    signaled->out_of_memory = out_of_memory && signaled->signal == SIGKILL;
  return status;
}

}  // namespace vlmhb::env
