#include "env/process_env_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>

#include "env/running_command.h"
#include "os/process.h"
#include "os/system.h"

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;
namespace fs = std::filesystem;

constexpr milliseconds kProbeTimeout{10'000};
constexpr milliseconds kRemoveTimeout{5'000};
// bwrap itself and pid 1 of the sandbox are in the cgroup too and count.
constexpr int64_t kSandboxProcesses = 2;

// A descriptor that reads `content` from its start.
Result<os::Fd> ContentFd(std::string_view content) {
  os::Fd fd(::memfd_create("vlmhb", MFD_CLOEXEC));
  if (!fd.valid()) return ErrnoError(errno, "cannot make a file in memory");
  VLMHB_TRY(os::WriteAll(fd.get(), content, "a file in memory"));
  ::lseek(fd.get(), 0, SEEK_SET);
  return fd;
}

Result<os::Pipe> StreamPipe() {
  VLMHB_ASSIGN(os::Pipe pipe, os::MakePipe());
  ::fcntl(pipe.read.get(), F_SETFL, O_NONBLOCK);
  return pipe;
}

BubblewrapVersion AskVersion(const Path& program) {
  const auto output = os::RunAndCapture({.argv = {program.string(), "--version"}}, kProbeTimeout);
  return output.ok() ? ParseBubblewrapVersion(output->out) : BubblewrapVersion{};
}

std::string VersionText(const BubblewrapVersion& version) {
  return fmt::format("{}.{}.{}", version.major, version.minor, version.patch);
}

constexpr std::string_view kCgroup = "cgroup";
constexpr std::string_view kFolder = "folder";

// `owned` is a name by os::OwnedName.
Leftover LeftoverOf(std::string_view kind, const std::string& owned, std::string_view state) {
  const auto parts = os::ParseOwnedName(owned);
  return {.kind = std::string(kind),
          .name = owned,
          .id = parts->id,
          .state = std::string(state),
          .owner_alive = parts->owner_alive};
}

}  // namespace

struct ProcessEnvManager::Environment {
  EnvSpec spec;
  std::vector<Mount> mounts;
  os::Cgroup cgroup;
  Path tmp;                                 // host folder; kNone only
  std::unique_ptr<RunningCommand> command;  // refers to `cgroup`, so it goes first
};

ProcessEnvManager::ProcessEnvManager(ProcessEnvOptions options)
    : options_(std::move(options)), cgroups_(os::DetectCgroups()) {
  if (sandboxed()) {
    program_ = os::FindProgram(options_.bubblewrap);
    if (program_.has_value()) version_ = AskVersion(*program_);
    host_ = InspectHost();
  }
  host_.gpus = os::DetectGpus().gpus;
  DescribeCapabilities();
}

ProcessEnvManager::~ProcessEnvManager() {
  // What cannot be removed now is an orphan for the next start.
  while (!environments_.empty()) {
    const std::string id = environments_.begin()->first;
    (void)Cleanup(id);
    environments_.erase(id);
  }
}

void ProcessEnvManager::DescribeCapabilities() {
  Capabilities& can = capabilities_;
  can.name = "process";
  can.filesystem_isolation = sandboxed();
  can.network_isolation = sandboxed();
  can.memory_limit = !cgroups_.memory.empty();
  can.process_limit = !cgroups_.processes.empty();
  can.cpu_limit = !cgroups_.cpu.empty();
  can.gpu = !host_.gpus.empty();
  if (!sandboxed())
    can.warnings.push_back(
        "no sandbox: commands see all files of this user and the network, and "
        "the size of their temporary files is not limited");
  if (sandboxed() && host_.syscall_filter.empty())
    can.warnings.push_back("system calls are not filtered: no filter could be made");
  for (const std::string& problem : cgroups_.problems)
    can.warnings.push_back(fmt::format(
        "not enforced: {}; run as root, or under 'systemd-run --user --scope'", problem));
}

Result<void> ProcessEnvManager::Probe() {
  VLMHB_ASSIGN(const std::vector<Leftover> found, List());
  for (const Leftover& leftover : found)
    if (!leftover.owner_alive) (void)Remove(leftover);  // it is tried again by the next Probe
  if (!sandboxed()) return {};
  const auto unavailable = [](const std::string& reason) {
    return Error(ErrorCode::kUnavailable, reason);
  };
  if (!program_.has_value())
    return unavailable(fmt::format(
        "no sandbox can be made: program '{}' not found. To do: install it (apt-get install "
        "bubblewrap); or run without isolation: --sandbox none",
        options_.bubblewrap));
  const std::string id = "vlmhb-probe";
  VLMHB_TRY(Cleanup(id));
  VLMHB_TRY(Setup({.id = id, .tmp_bytes = 1 << 20}));
  VLMHB_TRY(Run(id, {.argv = {"/bin/true"}, .log = "/dev/null", .timeout = kProbeTimeout}));
  TaskStatus status = Status(id);
  while (std::holds_alternative<Running>(status)) {
    WaitForChange(kProbeTimeout);
    status = Status(id);
  }
  VLMHB_TRY(Cleanup(id));
  if (const auto* exited = std::get_if<Exited>(&status); exited != nullptr && exited->code == 0)
    return {};
  const auto* lost = std::get_if<Lost>(&status);
  return unavailable(
      ExplainNoSandbox(lost != nullptr ? lost->reason : ToString(status), ReadNamespaceSettings()));
}

Result<void> ProcessEnvManager::Setup(const EnvSpec& spec) {
  VLMHB_TRY(CheckSpec(spec));
  if (environments_.contains(spec.id)) return Misuse(spec.id, "exists already");
  auto environment = std::make_unique<Environment>();
  environment->spec = spec;
  VLMHB_TRY(ChooseGpus(environment->spec));
  const int64_t processes =
      spec.max_processes > 0 ? spec.max_processes + (sandboxed() ? kSandboxProcesses : 0) : 0;
  const std::string name = os::OwnedName(spec.id);
  if (!sandboxed()) {
    environment->tmp = options_.scratch / name;
    VLMHB_TRY(os::MakeFolders(environment->tmp));
    fs::permissions(environment->tmp, fs::perms::owner_all);
  }
  auto cgroup = os::Cgroup::Create(
      cgroups_, name,
      {.memory_bytes = spec.memory_bytes, .processes = processes, .cpus = spec.cpus});
  if (!cgroup.ok()) return std::move(cgroup).error().With("setting up environment " + spec.id);
  environment->cgroup = std::move(*cgroup);
  environments_[spec.id] = std::move(environment);
  return {};
}

Result<void> ProcessEnvManager::ChooseGpus(EnvSpec& spec) const {
  const std::vector<os::Gpu>& here = host_.gpus;
  for (const std::string& id : spec.gpu_ids)
    if (std::none_of(here.begin(), here.end(), [&](const os::Gpu& gpu) { return gpu.id == id; }))
      return BadSpec(spec.id, fmt::format("GPU '{}' is not here", id));
  if (!spec.gpu_ids.empty()) return {};
  if (spec.gpus > std::ssize(here))
    return BadSpec(spec.id,
                   fmt::format("it needs {} GPUs and there are {}", spec.gpus, here.size()));
  for (int64_t i = 0; i < spec.gpus; ++i) spec.gpu_ids.push_back(here[static_cast<size_t>(i)].id);
  return {};
}

Result<ProcessEnvManager::Environment*> ProcessEnvManager::Find(const std::string& id) const {
  const auto found = environments_.find(id);
  if (found == environments_.end()) return Misuse(id, "was not set up");
  return found->second.get();
}

Result<std::string> ProcessEnvManager::MountData(const std::string& id, const Path& host,
                                                 const std::string& name, Access access) {
  VLMHB_ASSIGN(Environment* const environment, Find(id));
  if (environment->command != nullptr) return Misuse(id, "runs already; it takes no more mounts");
  VLMHB_ASSIGN(const Path real, ResolveMount(id, host, name, environment->mounts));
  // An earlier run may have left it to a container's user.
  if (access == Access::kReadWrite && ::geteuid() == 0)
    VLMHB_TRY(os::GiveFolder(real, ::geteuid(), ::getegid()));
  const std::string guest = sandboxed() ? "/data/" + name : real.string();
  environment->mounts.push_back({.name = name, .host = real, .guest = guest, .access = access});
  return guest;
}

Result<void> ProcessEnvManager::Run(const std::string& id, const Command& command) {
  VLMHB_ASSIGN(Environment* const environment, Find(id));
  if (environment->command != nullptr) return Misuse(id, "has run its command already");
  VLMHB_TRY(CheckCommand(command));
  VLMHB_ASSIGN(const os::Fd log, os::OpenFile(command.log, O_WRONLY | O_CREAT | O_APPEND));
  return sandboxed() ? StartSandboxed(*environment, command, log.get())
                     : StartPlain(*environment, command, log.get());
}

Result<void> ProcessEnvManager::StartSandboxed(Environment& environment, const Command& command,
                                               int log_fd) {
  if (!program_.has_value())
    return Error(ErrorCode::kUnavailable, fmt::format("'{}' not found", options_.bubblewrap));
  const BubblewrapCall call =
      PlanBubblewrap(*program_, version_, host_, environment.spec, environment.mounts, command);
  VLMHB_ASSIGN(os::Pipe status, StreamPipe());
  VLMHB_ASSIGN(os::Pipe errors, StreamPipe());
  std::string options_text;
  for (const std::string& option : call.options) options_text += option + '\0';
  VLMHB_ASSIGN(const os::Fd options, ContentFd(options_text));

  os::SpawnOptions spawn{.argv = call.argv, .working_folder = "/"};
  spawn.fds = {{1, errors.write.get()},
               {2, errors.write.get()},
               {kOptionsFd, options.get()},
               {kStatusFd, status.write.get()},
               {kLogFd, log_fd}};
  std::vector<os::Fd> files;
  for (const auto& [number, content] : call.files) {
    VLMHB_ASSIGN(os::Fd file, ContentFd(content));
    spawn.fds[number] = file.get();
    files.push_back(std::move(file));
  }
  spawn.cgroup_procs = environment.cgroup.ProcsFiles();
  VLMHB_ASSIGN(os::Process process, os::Spawn(spawn));
  environment.command = std::make_unique<RunningCommand>(
      std::move(process), SandboxStreams{std::move(status.read), std::move(errors.read)},
      environment.cgroup, command.timeout);
  return {};
}

Result<void> ProcessEnvManager::StartPlain(Environment& environment, const Command& command,
                                           int log_fd) {
  os::SpawnOptions spawn{
      .argv = BehindShell(command.argv, -1),
      .env = CompleteEnvironment(command.env, environment.tmp.string(), environment.spec.gpu_ids),
      .working_folder = environment.tmp,
      .fds = {{1, log_fd}, {2, log_fd}},
      .cgroup_procs = environment.cgroup.ProcsFiles()};
  VLMHB_ASSIGN(os::Process process, os::Spawn(spawn));
  environment.command = std::make_unique<RunningCommand>(std::move(process), std::nullopt,
                                                         environment.cgroup, command.timeout);
  return {};
}

TaskStatus ProcessEnvManager::Status(const std::string& id) {
  const auto found = Find(id);
  if (!found.ok()) return Lost{found.error().message()};
  RunningCommand* const command = (*found)->command.get();
  return command == nullptr ? Lost{"it was never started"} : command->Poll();
}

void ProcessEnvManager::Stop(const std::string& id, milliseconds grace) {
  const auto found = Find(id);
  if (found.ok() && (*found)->command != nullptr) (*found)->command->Stop(grace);
}

void ProcessEnvManager::WaitForChange(milliseconds timeout) {
  auto until = RunningCommand::SteadyClock::now() + timeout;
  std::vector<pollfd> waiting;
  for (const auto& [id, environment] : environments_) {
    const RunningCommand* const command = environment->command.get();
    if (command == nullptr || command->ended()) continue;
    waiting.push_back({command->pidfd(), POLLIN, 0});
    until = std::min(until, command->next_deadline());
  }
  const auto left = std::chrono::ceil<milliseconds>(until - RunningCommand::SteadyClock::now());
  ::poll(waiting.data(), waiting.size(),
         static_cast<int>(std::clamp<int64_t>(left.count(), 0, 3'600'000)));
}

Result<void> ProcessEnvManager::Cleanup(const std::string& id) {
  const auto found = environments_.find(id);
  if (found == environments_.end()) return {};
  Environment& environment = *found->second;
  if (environment.command != nullptr) {
    environment.command->Kill();
    if (!environment.command->WaitForEnd(kRemoveTimeout))
      return Error(ErrorCode::kTimeout,
                   fmt::format("processes of environment '{}' are still there after they were "
                               "killed; they may wait for a disk or network drive",
                               id));
  }
  VLMHB_TRY(environment.cgroup.Remove(kRemoveTimeout));
  if (!environment.tmp.empty()) {
    std::error_code error;
    fs::remove_all(environment.tmp, error);
    if (error)
      return ErrnoError(error.value(), fmt::format("cannot remove {}", environment.tmp.string()));
  }
  environments_.erase(found);
  return {};
}

json::object ProcessEnvManager::Describe(const std::string& id) const {
  const auto found = Find(id);
  if (!found.ok()) return {};
  const Environment& environment = **found;
  const EnvSpec& spec = environment.spec;
  json::object limits{
      {"memory_bytes", LimitToJson(spec.memory_bytes, capabilities_.memory_limit)},
      {"max_processes", LimitToJson(spec.max_processes, capabilities_.process_limit)},
      {"cpus", LimitToJson(spec.cpus, capabilities_.cpu_limit)},
      {"tmp_bytes", LimitToJson(spec.tmp_bytes, sandboxed())}};
  const auto peak = environment.cgroup.PeakMemoryBytes();
  json::object observed{
      {"peak_memory_bytes", peak.has_value() ? json::value(*peak) : json::value(nullptr)},
      {"out_of_memory_kills", environment.cgroup.OutOfMemoryKills()}};
  json::array warnings(capabilities_.warnings.begin(), capabilities_.warnings.end());
  const bool no_network = sandboxed() && spec.network == Network::kNone;
  return {{"environment", "process"},
          {"engine", sandboxed() ? "bubblewrap" : "none"},
          {"engine_version", sandboxed() ? VersionText(version_) : ""},
          {"sandbox", sandboxed()},
          {"network", no_network ? "none" : "host"},
          {"syscalls_filtered", sandboxed() && !host_.syscall_filter.empty()},
          {"gpus", json::array(spec.gpu_ids.begin(), spec.gpu_ids.end())},
          {"uid", sandboxed() ? kSandboxUser : static_cast<int>(::getuid())},
          {"limits", std::move(limits)},
          {"mounts", MountsToJson(environment.mounts)},
          {"observed", std::move(observed)},
          {"warnings", std::move(warnings)}};
}

Result<Image> ProcessEnvManager::PrepareImage(const std::string& reference, Pull,
                                              const PullListener&) {
  return Image{.reference = reference};
}

Result<void> ProcessEnvManager::Reattach(const EnvSpec& spec, const Path&) {
  return Error(ErrorCode::kNotFound, fmt::format("environment '{}' is gone", spec.id));
}

Result<std::vector<Leftover>> ProcessEnvManager::List() {
  std::vector<Leftover> found;
  for (const std::string& name : os::OwnedCgroups(cgroups_)) {
    const bool running = os::Cgroup::Adopt(cgroups_, name).HasMembers();
    found.push_back(LeftoverOf(kCgroup, name, running ? "running" : "empty"));
  }
  std::error_code error;
  for (fs::directory_iterator at(options_.scratch, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (os::ParseOwnedName(name).has_value()) found.push_back(LeftoverOf(kFolder, name, "there"));
  }
  return found;
}

Result<void> ProcessEnvManager::Remove(const Leftover& leftover) {
  if (!os::ParseOwnedName(leftover.name).has_value() ||
      leftover.name.find('/') != leftover.name.npos)
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("'{}' was not made by vlmhb", leftover.name));
  if (leftover.kind == kCgroup)
    return os::Cgroup::Adopt(cgroups_, leftover.name).Remove(kRemoveTimeout);
  std::error_code error;
  fs::remove_all(options_.scratch / leftover.name, error);
  if (error) return ErrnoError(error.value(), fmt::format("cannot remove {}", leftover.name));
  return {};
}

}  // namespace vlmhb::env
