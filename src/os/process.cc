#include "os/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/text.h"

namespace vlmhb::os {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

// Everything the child needs after fork, prepared before it: between fork and exec only
// async-signal-safe calls are allowed.
struct ChildPlan {
  std::vector<char*> argv;
  std::vector<std::string> env_text;
  std::vector<char*> env;
  std::string program;
  std::string folder;
  std::vector<std::pair<int, int>> fds;
  std::vector<std::string> cgroup_procs;
  rlimit memory{};  // rlim_max 0: none
  bool die_with_parent;
  bool new_group;
  pid_t parent;
};

[[noreturn]] void FailInChild(int report_fd) {
  const int error = errno;
  [[maybe_unused]] const ssize_t n = ::write(report_fd, &error, sizeof error);
  ::_exit(127);
}

bool JoinCgroup(const char* procs_file) {
  const int fd = ::open(procs_file, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool written = ::write(fd, "0", 1) == 1;
  ::close(fd);
  return written;
}

// Moves the wanted descriptors above every number in use first, so that no dup2 overwrites one
// that is still to be copied.
bool ArrangeDescriptors(const std::vector<std::pair<int, int>>& fds, int& report_fd) {
  int lowest_free = 3;
  for (const auto& [child, parent] : fds) lowest_free = std::max(lowest_free, child + 1);
  const int devnull = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (devnull < 0) return false;
  report_fd = ::fcntl(report_fd, F_DUPFD_CLOEXEC, lowest_free);
  if (report_fd < 0) return false;
  int moved[64];
  if (fds.size() > 64) return false;
  for (size_t i = 0; i < fds.size(); ++i) {
    moved[i] = ::fcntl(fds[i].second, F_DUPFD_CLOEXEC, lowest_free);
    if (moved[i] < 0) return false;
  }
  const int null_copy = ::fcntl(devnull, F_DUPFD_CLOEXEC, lowest_free);
  if (null_copy < 0) return false;
  for (int standard = 0; standard < 3; ++standard)
    if (::dup2(null_copy, standard) < 0) return false;
  for (size_t i = 0; i < fds.size(); ++i)
    if (::dup2(moved[i], fds[i].first) < 0) return false;
  // Close-on-exec for all that was not asked for: those in `fds` lost the flag by dup2.
  for (int fd = 3; fd < lowest_free; ++fd) {
    const bool wanted =
        std::any_of(fds.begin(), fds.end(), [fd](const auto& pair) { return pair.first == fd; });
    if (!wanted && fd != report_fd) ::close(fd);
  }
  ::syscall(SYS_close_range, lowest_free, ~0U, CLOSE_RANGE_CLOEXEC);
  return true;
}

[[noreturn]] void RunChild(const ChildPlan& plan, int report_fd) {
  if (plan.new_group) ::setpgid(0, 0);
  if (plan.die_with_parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != plan.parent) ::_exit(127);  // the parent died before the line above
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int sig : {SIGPIPE, SIGINT, SIGTERM, SIGCHLD}) ::signal(sig, SIG_DFL);
  if (!ArrangeDescriptors(plan.fds, report_fd)) FailInChild(report_fd);
  for (const std::string& procs : plan.cgroup_procs)
    if (!JoinCgroup(procs.c_str())) FailInChild(report_fd);
  if (plan.memory.rlim_max != 0 && ::setrlimit(RLIMIT_DATA, &plan.memory) != 0)
    FailInChild(report_fd);
  if (!plan.folder.empty() && ::chdir(plan.folder.c_str()) != 0) FailInChild(report_fd);
  ::execve(plan.program.c_str(), plan.argv.data(), plan.env.data());
  FailInChild(report_fd);
}

ChildPlan MakePlan(const SpawnOptions& options, std::string program) {
  ChildPlan plan;
  for (const std::string& arg : options.argv) plan.argv.push_back(const_cast<char*>(arg.c_str()));
  plan.argv.push_back(nullptr);
  for (const auto& [name, value] : options.env) plan.env_text.push_back(name + "=" + value);
  for (std::string& entry : plan.env_text) plan.env.push_back(entry.data());
  plan.env.push_back(nullptr);
  plan.program = std::move(program);
  plan.folder = options.working_folder.string();
  plan.fds.assign(options.fds.begin(), options.fds.end());
  for (const Path& procs : options.cgroup_procs) plan.cgroup_procs.push_back(procs.string());
  plan.memory.rlim_cur = plan.memory.rlim_max = static_cast<rlim_t>(options.memory_bytes);
  plan.die_with_parent = options.die_with_parent;
  plan.new_group = options.new_process_group;
  plan.parent = ::getpid();
  return plan;
}

// Appends what `fd` has; false at its end. Past `limit` bytes are read and dropped.
bool Drain(int fd, std::string& into, size_t limit) {
  char chunk[16384];
  const ssize_t n = ::read(fd, chunk, sizeof chunk);
  if (n < 0) return errno == EINTR;
  if (n == 0) return false;
  const size_t room = limit - std::min(limit, into.size());
  into.append(chunk, std::min<size_t>(room, static_cast<size_t>(n)));
  return true;
}

}  // namespace

std::string ExitStatusOf::ToString() const {
  if (signal == 0) return fmt::format("exit code {}", exit_code);
  const char* name = ::strsignal(signal);
  return fmt::format("killed by signal {} ({})", signal, name == nullptr ? "?" : name);
}

Process::Process(Process&& other) noexcept { *this = std::move(other); }

Process& Process::operator=(Process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(own_group_, other.own_group_);
  std::swap(pidfd_, other.pidfd_);
  std::swap(status_, other.status_);
  return *this;
}

Process::~Process() {
  if (pid_ < 0 || Poll().has_value()) return;
  Signal(SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

std::optional<ExitStatusOf> Process::Poll() {
  if (status_.has_value() || pid_ < 0) return status_;
  int raw = 0;
  const pid_t ended = ::waitpid(pid_, &raw, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return std::nullopt;
  ExitStatusOf status;
  if (ended == pid_ && WIFEXITED(raw)) status.exit_code = WEXITSTATUS(raw);
  if (ended == pid_ && WIFSIGNALED(raw)) status.signal = WTERMSIG(raw);
  status_ = status;
  return status_;
}

std::optional<ExitStatusOf> Process::Wait(milliseconds timeout) {
  const auto deadline = SteadyClock::now() + timeout;
  while (true) {
    if (const auto status = Poll()) return status;
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd waiting{pidfd_.get(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left.count() + 1, 60'000)));
  }
}

void Process::Signal(int signal) {
  if (pid_ < 0 || status_.has_value()) return;
  if (!own_group_ || ::kill(-pid_, signal) != 0) ::kill(pid_, signal);
}

Result<Process> Spawn(const SpawnOptions& options) {
  CHECK(!options.argv.empty(), "a program to run is named");
  const std::optional<Path> program = FindProgram(options.argv[0]);
  if (!program.has_value())
    return Error(ErrorCode::kNotFound, fmt::format("program '{}' not found", options.argv[0]));
  const ChildPlan plan = MakePlan(options, program->string());
  VLMHB_ASSIGN(Pipe report, MakePipe());

  const pid_t pid = ::fork();
  if (pid < 0) return ErrnoError(errno, fmt::format("cannot start {}", plan.program));
  if (pid == 0) RunChild(plan, report.write.get());

  Process process;
  process.pid_ = pid;
  process.own_group_ = options.new_process_group;
  if (options.new_process_group) ::setpgid(pid, pid);  // whoever comes first
  process.pidfd_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  report.write.Reset();
  int child_errno = 0;
  ssize_t n = 0;
  do {
    n = ::read(report.read.get(), &child_errno, sizeof child_errno);
  } while (n < 0 && errno == EINTR);
  if (n == sizeof child_errno)
    return ErrnoError(child_errno, fmt::format("cannot start {}", plan.program));
  return process;
}

Result<Pipe> MakePipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) return ErrnoError(errno, "cannot make a pipe");
  return Pipe{Fd(fds[0]), Fd(fds[1])};
}

Result<Output> RunAndCapture(SpawnOptions options, milliseconds timeout, size_t max_output_bytes) {
  VLMHB_ASSIGN(Pipe out, MakePipe());
  VLMHB_ASSIGN(Pipe err, MakePipe());
  options.fds[1] = out.write.get();
  options.fds[2] = err.write.get();
  VLMHB_ASSIGN(Process process, Spawn(options));
  out.write.Reset();
  err.write.Reset();

  Output output;
  bool out_open = true;
  bool err_open = true;
  const auto deadline = SteadyClock::now() + timeout;
  while (out_open || err_open) {
    const auto left = std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now());
    if (left.count() <= 0) break;
    pollfd waiting[2] = {{out_open ? out.read.get() : -1, POLLIN, 0},
                         {err_open ? err.read.get() : -1, POLLIN, 0}};
    if (::poll(waiting, 2, static_cast<int>(left.count()) + 1) <= 0) continue;
    if (waiting[0].revents != 0) out_open = Drain(out.read.get(), output.out, max_output_bytes);
    if (waiting[1].revents != 0) err_open = Drain(err.read.get(), output.err, max_output_bytes);
  }
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - SteadyClock::now());
  const auto status = process.Wait(std::max(left, milliseconds(0)));
  if (!status.has_value())
    return Error(ErrorCode::kTimeout,
                 fmt::format("{} did not end within {} ms", options.argv[0], timeout.count()));
  output.status = *status;
  return output;
}

std::optional<std::string> GetEnv(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::optional<Path> FindProgram(const std::string& name) {
  const auto runnable = [](const Path& path) { return ::access(path.c_str(), F_OK) == 0; };
  if (name.find('/') != std::string::npos)
    return runnable(name) ? std::optional<Path>(name) : std::nullopt;
  const std::string search = GetEnv("PATH").value_or("/usr/local/bin:/usr/bin:/bin");
  for (const std::string_view folder : Split(search, ':')) {
    const Path candidate = Path(folder) / name;
    if (!folder.empty() && ::access(candidate.c_str(), X_OK) == 0 &&
        !std::filesystem::is_directory(candidate))
      return candidate;
  }
  return std::nullopt;
}

}  // namespace vlmhb::os
