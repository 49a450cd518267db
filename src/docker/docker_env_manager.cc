#include "docker/docker_env_manager.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/text.h"
#include "docker/container_spec.h"
#include "docker/image_archive.h"
#include "env/running_command.h"
#include "os/system.h"

namespace vlmhb::docker {
namespace {

using env::BadSpec;
using env::EnvSpec;
using env::LimitToJson;
using env::Misuse;
using env::TaskStatus;
using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;
namespace fs = std::filesystem;

constexpr int64_t kMaxLogBytes = int64_t{256} << 20;
constexpr milliseconds kRetry{200};
constexpr milliseconds kSampleEvery{2000};
// Logs of an ended container that do not end by themselves are asked for again, then given up.
constexpr milliseconds kLogPatience{1500};
constexpr int kMostLogTries = 4;
constexpr uid_t kNobody = 65534;

bool IsUnreachable(const Error& error) {
  return error.code() == ErrorCode::kUnavailable || error.code() == ErrorCode::kIo ||
         error.code() == ErrorCode::kTimeout;
}

// A command's log: what is there before stays, the rest can be written anew.
class LogFile {
 public:
  static Result<std::shared_ptr<LogFile>> Open(const Path& path, std::optional<int64_t> start) {
    VLMHB_ASSIGN(os::Fd fd, os::OpenFile(path, O_WRONLY | O_CREAT | O_APPEND));
    const int64_t size = ::lseek(fd.get(), 0, SEEK_END);
    return std::make_shared<LogFile>(std::move(fd), start.value_or(std::max<int64_t>(size, 0)));
  }
  LogFile(os::Fd fd, int64_t start) : fd_(std::move(fd)), start_(start) {}

  int64_t start() const { return start_; }
  // Of everything that came, in this stream and before it: it grows while there is progress.
  int64_t received() const { return received_; }
  void Rewind() {
    if (::ftruncate(fd_.get(), start_) == 0) written_ = 0;
  }
  void Append(std::string_view bytes) {
    received_ += static_cast<int64_t>(bytes.size());
    if (written_ >= kMaxLogBytes) return;
    written_ += static_cast<int64_t>(bytes.size());
    // A full disk stops a stage where it loses answers, not here.
    (void)os::WriteAll(fd_.get(), bytes, "a log");
    if (written_ >= kMaxLogBytes)
      (void)os::WriteAll(fd_.get(), "\n[vlmhb: the log is too long; the rest is left out]\n",
                         "a log");
  }

 private:
  os::Fd fd_;
  int64_t start_;
  int64_t written_ = 0;
  int64_t received_ = 0;
};

int64_t NumberIn(const std::map<std::string, std::string>& labels, const char* name) {
  const auto found = labels.find(name);
  int64_t number = 0;
  if (found != labels.end())
    std::from_chars(found->second.data(), found->second.data() + found->second.size(), number);
  return number;
}

std::string LabelIn(const std::map<std::string, std::string>& labels, const char* name) {
  const auto found = labels.find(name);
  return found == labels.end() ? "" : found->second;
}

env::Leftover LeftoverOf(std::string kind, std::string name, std::string state,
                         std::string created_at, const std::map<std::string, std::string>& labels) {
  return {.kind = std::move(kind),
          .name = std::move(name),
          .id = LabelIn(labels, kLabelEnv),
          .identity = LabelIn(labels, kLabelIdentity),
          .workspace = LabelIn(labels, kLabelWorkspace),
          .state = std::move(state),
          .created_at = std::move(created_at),
          .owner_alive = !os::IsOrphanName(LabelIn(labels, kLabelOwner))};
}

struct Environment {
  ContainerPlan plan;
  std::vector<Path> given;  // folders that belong to the container's user for now
  bool container = false;   // created
  bool network = false;
  std::shared_ptr<LogFile> log;
  std::unique_ptr<EngineStream> wait;
  std::unique_ptr<EngineStream> logs;
  std::optional<TaskStatus> end;
  std::optional<ContainerState> ended;  // not running any more; its logs may not be complete
  SteadyClock::time_point logs_due{};
  int log_tries = 0;
  int64_t log_received = 0;  // when it was last looked at
  std::optional<SteadyClock::time_point> timeout_at;
  std::optional<SteadyClock::time_point> kill_at;
  bool timed_out = false;
  bool killed = false;  // by us
  std::optional<SteadyClock::time_point> unreachable_since;
  bool engine_was_lost = false;
  SteadyClock::time_point next_try{};
  SteadyClock::time_point next_sample{};
  std::optional<int64_t> peak_memory;
};

}  // namespace

struct DockerEnvManager::State {
  explicit State(DockerEnvOptions given) : options(std::move(given)), engine(options.engine) {
    can = {.name = options.name,
           .filesystem_isolation = true,
           .network_isolation = true,
           .memory_limit = true,
           .process_limit = true,
           .cpu_limit = true,
           .images = true,
           .reattach = true};
  }

  DockerEnvOptions options;
  Engine engine;
  EngineInfo info;
  env::Capabilities can;
  bool known = false;
  bool has_init = true;
  std::map<std::string, Environment> environments;

  Result<void> Learn() {
    if (known) return {};
    Result<EngineInfo> asked = engine.Info();
    if (!asked.ok())
      return std::move(asked).error().With(
          fmt::format("asking {} at {}", options.name, options.engine.address.ToString()));
    info = *std::move(asked);
    can.memory_limit = info.memory_limit;
    can.process_limit = info.pids_limit;
    can.gpu = info.gpus;
    if (!info.memory_limit) can.warnings.push_back("not enforced: memory limits, by this engine");
    if (!info.pids_limit) can.warnings.push_back("not enforced: process limits, by this engine");
    known = true;
    return {};
  }

  ContainerUser User() const {
    const bool root = ::geteuid() == 0;
    return root ? ContainerUser{kNobody, kNobody} : ContainerUser{::geteuid(), ::getegid()};
  }

  Result<Environment*> Find(const std::string& id) {
    const auto found = environments.find(id);
    if (found == environments.end()) return Misuse(id, "was not set up");
    return &found->second;
  }

  Result<std::string> ImageFor(const std::string& reference) {
    if (!reference.empty()) return engine.ImageId(reference);
    Result<std::string> empty = engine.ImageId(kEmptyImage);
    if (empty.ok() || empty.error().code() != ErrorCode::kNotFound) return empty;
    VLMHB_TRY(engine.LoadImage(EmptyImageArchive()));
    return engine.ImageId(kEmptyImage);
  }

  void Follow(Environment& environment) {
    environment.wait = engine.Wait(environment.plan.name);
    OpenLogs(environment);
  }

  void OpenLogs(Environment& environment) {
    environment.logs.reset();  // else it goes on writing while the engine is asked for the next one
    environment.log->Rewind();
    environment.logs =
        engine.FollowLogs(environment.plan.name,
                          [log = environment.log](std::string_view bytes) { log->Append(bytes); });
  }

  // Starting what runs or has run does nothing, so it can be asked for again.
  Result<void> StartDespiteLostReplies(const std::string& name) {
    const auto until = SteadyClock::now() + options.patience;
    while (true) {
      Result<void> started = engine.StartContainer(name);
      if (started.ok() || !IsUnreachable(started.error()) || SteadyClock::now() >= until)
        return started;
      std::this_thread::sleep_for(kRetry);
    }
  }

  Result<void> CreateAndStart(Environment& environment) {
    ContainerPlan& plan = environment.plan;
    plan.init = has_init;
    const auto started = [&]() -> Result<void> {
      VLMHB_ASSIGN(const std::string id,
                   engine.CreateContainer(plan.name, ContainerBody(plan, info)));
      environment.container = true;
      return StartDespiteLostReplies(plan.name);
    }();
    if (started.ok()) {
      Follow(environment);
      return {};
    }
    const std::string message = started.error().ToString();
    const StartFailure failure = ClassifyStartFailure(message, plan);
    if (!environment.container && failure != StartFailure::kNoInitBinary) return started;
    switch (failure) {
      case StartFailure::kNoProgram:
        environment.log->Append(message + "\n");
        environment.end = env::Exited{127};
        return {};
      case StartFailure::kNotRunnable:
        environment.log->Append(message + "\n");
        environment.end = env::Exited{126};
        return {};
      case StartFailure::kNoInitBinary:
        has_init = false;
        VLMHB_TRY(engine.RemoveContainer(plan.name));
        environment.container = false;
        return CreateAndStart(environment);
      case StartFailure::kNoGpu:
        return Error(ErrorCode::kInvalidConfig,
                     fmt::format("GPUs are not available in {}: {}", options.name, message));
      case StartFailure::kOther:
        break;
    }
    return started;
  }

  void EnforceTime(Environment& environment) {
    const auto now = SteadyClock::now();
    const bool timed_out = environment.timeout_at.has_value() && now >= *environment.timeout_at;
    const bool due = environment.kill_at.has_value() && now >= *environment.kill_at;
    if (environment.killed || !(timed_out || due) || now < environment.next_try) return;
    environment.timed_out = timed_out;
    const Result<void> killed = engine.KillContainer(environment.plan.name, "SIGKILL");
    environment.killed = killed.ok() || killed.error().code() == ErrorCode::kNotFound;
    environment.next_try = now + kRetry;
  }

  void Sample(Environment& environment) {
    const auto now = SteadyClock::now();
    if (now < environment.next_sample) return;
    environment.next_sample = now + kSampleEvery;
    const Result<json::object> stats = engine.Stats(environment.plan.name);
    if (!stats.ok()) return;
    if (const auto peak = PeakMemoryOf(*stats); peak.has_value())
      environment.peak_memory = std::max(environment.peak_memory.value_or(0), *peak);
  }

  // Asks the engine how the container is. A connection that comes back is no end.
  void LookAgain(Environment& environment) {
    const auto now = SteadyClock::now();
    if (now < environment.next_try) return;
    environment.next_try = now + kRetry;
    Result<ContainerState> state = engine.InspectContainer(environment.plan.name);
    if (!state.ok() && IsUnreachable(state.error())) {
      environment.engine_was_lost = true;
      if (!environment.unreachable_since.has_value()) environment.unreachable_since = now;
      if (now - *environment.unreachable_since > options.patience)
        environment.end = env::Lost{state.error().ToString()};
      return;
    }
    environment.unreachable_since.reset();
    if (!state.ok()) {
      environment.end =
          env::Lost{"the engine does not have the container any more: " + state.error().ToString()};
    } else if (state->running()) {
      Follow(environment);
    } else {
      environment.ended = *std::move(state);
      environment.logs_due = now + kLogPatience;
      // What was followed until the end may lack the last lines, of both engines: they close it
      // when the container ends, not when all was read. Only a stream from now on is complete.
      OpenLogs(environment);
    }
  }

  void FinishLogs(Environment& environment) {
    const bool complete = environment.logs != nullptr && environment.logs->ended() &&
                          !environment.logs->error().has_value();
    if (!complete) {
      const auto now = SteadyClock::now();
      const bool progress = environment.log->received() != environment.log_received;
      environment.log_received = environment.log->received();
      if (progress) environment.logs_due = now + kLogPatience;
      if (now < environment.logs_due && !environment.logs->ended()) return;
      if (environment.log_tries < kMostLogTries) {
        ++environment.log_tries;
        environment.logs_due = now + kLogPatience;
        OpenLogs(environment);
        return;
      }
    }
    environment.end = Judge(environment, *environment.ended);
    environment.wait.reset();
    environment.logs.reset();
  }

  TaskStatus Judge(const Environment& environment, const ContainerState& state) const {
    if (environment.timed_out) return env::TimedOut{};
    if (state.started_at.empty() || state.status == "created")
      return env::Lost{"the container never ran: " + state.error};
    TaskStatus status = env::StatusFromExitCode(state.exit_code);
    auto* const signaled = std::get_if<env::Signaled>(&status);
    if (signaled == nullptr) return status;
    signaled->out_of_memory = state.out_of_memory && signaled->signal == SIGKILL;
    const bool stopped = environment.killed || environment.kill_at.has_value();
    if (environment.engine_was_lost && !stopped && !signaled->out_of_memory)
      return env::Lost{"the engine ended, and the container with it"};
    return status;
  }

  void Advance(Environment& environment) {
    engine.Poll(milliseconds(0));
    EnforceTime(environment);
    if (environment.ended.has_value()) return FinishLogs(environment);
    if (environment.wait != nullptr && environment.wait->ended()) {
      if (environment.wait->error().has_value()) environment.engine_was_lost = true;
      return LookAgain(environment);
    }
    Sample(environment);
  }

  SteadyClock::time_point NextDeadline() const {
    auto next = SteadyClock::time_point::max();
    for (const auto& [id, environment] : environments) {
      if (environment.end.has_value() || environment.wait == nullptr) continue;
      const auto consider = [&](SteadyClock::time_point at) { next = std::min(next, at); };
      if (environment.ended.has_value())
        consider(environment.logs_due);
      else if (environment.wait->ended())
        consider(environment.next_try);
      if (environment.killed) continue;
      if (environment.timeout_at.has_value()) consider(*environment.timeout_at);
      if (environment.kill_at.has_value()) consider(*environment.kill_at);
    }
    return next;
  }

  Result<void> Release(Environment& environment) {
    environment.wait.reset();
    environment.logs.reset();
    if (environment.container) VLMHB_TRY(engine.RemoveContainer(environment.plan.name));
    environment.container = false;
    if (environment.network) VLMHB_TRY(engine.RemoveNetwork(environment.plan.name));
    environment.network = false;
    if (::geteuid() == 0)
      for (const Path& folder : environment.given)
        VLMHB_TRY(os::GiveFolder(folder, ::geteuid(), ::getegid()));
    environment.given.clear();
    return {};
  }
};

DockerEnvManager::DockerEnvManager(DockerEnvOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

DockerEnvManager::~DockerEnvManager() {
  for (auto& [id, environment] : state_->environments)
    if (environment.wait == nullptr || environment.end.has_value())
      (void)state_->Release(environment);
}

const env::Capabilities& DockerEnvManager::capabilities() const { return state_->can; }

Result<void> DockerEnvManager::Probe() {
  VLMHB_TRY(state_->Learn());
  VLMHB_ASSIGN(const std::string id, state_->ImageFor(""));
  return {};
}

Result<env::Image> DockerEnvManager::PrepareImage(const std::string& reference, env::Pull pull,
                                                  const env::PullListener& listener) {
  if (reference.empty()) return env::Image{};
  VLMHB_TRY(state_->Learn());
  Result<std::string> id = state_->engine.ImageId(reference);
  if (!id.ok() && id.error().code() == ErrorCode::kNotFound && pull == env::Pull::kIfMissing) {
    VLMHB_TRY(state_->engine.PullImage(reference, listener));
    id = state_->engine.ImageId(reference);
  }
  if (!id.ok()) return id.error();
  return env::Image{.reference = reference, .digest = *id};
}

Result<void> DockerEnvManager::Setup(const EnvSpec& spec) {
  VLMHB_TRY(env::CheckSpec(spec));
  if (state_->environments.contains(spec.id)) return Misuse(spec.id, "exists already");
  VLMHB_TRY(state_->Learn());
  if (spec.gpus > 0 && !state_->can.gpu) return BadSpec(spec.id, "this engine offers no GPUs");
  Result<std::string> image = state_->ImageFor(spec.image);
  if (!image.ok()) return std::move(image).error().With("setting up environment " + spec.id);
  Environment environment;
  environment.plan = {
      .spec = spec, .name = os::OwnedName(spec.id), .image_id = *image, .user = state_->User()};
  state_->environments.emplace(spec.id, std::move(environment));
  return {};
}

Result<std::string> DockerEnvManager::MountData(const std::string& id, const Path& host,
                                                const std::string& name, env::Access access) {
  VLMHB_ASSIGN(Environment* const environment, state_->Find(id));
  ContainerPlan& plan = environment->plan;
  if (environment->container) return Misuse(id, "runs already; it takes no more mounts");
  VLMHB_ASSIGN(const Path real, env::ResolveMount(id, host, name, plan.mounts));
  if (access == env::Access::kReadOnly) {
    VLMHB_TRY(CheckReadable(real, plan.user));
  } else if (::geteuid() == 0) {
    VLMHB_TRY(os::GiveFolder(real, plan.user.uid, plan.user.gid));
    environment->given.push_back(real);
  }
  const std::string guest = "/data/" + name;
  plan.mounts.push_back({.name = name, .host = real, .guest = guest, .access = access});
  return guest;
}

Result<void> DockerEnvManager::Run(const std::string& id, const env::Command& command) {
  VLMHB_ASSIGN(Environment* const environment, state_->Find(id));
  if (environment->container) return Misuse(id, "has run its command already");
  VLMHB_TRY(env::CheckCommand(command));
  VLMHB_ASSIGN(environment->log, LogFile::Open(command.log, std::nullopt));
  environment->plan.command = command;
  environment->plan.log_start = environment->log->start();
  if (environment->plan.spec.network == env::Network::kOutside) {
    VLMHB_ASSIGN(
        const std::string network,
        state_->engine.CreateNetwork(environment->plan.name, NetworkBody(environment->plan)));
    environment->network = true;
  }
  Result<void> started = state_->CreateAndStart(*environment);
  if (!started.ok()) return std::move(started).error().With("starting environment " + id);
  if (command.timeout.has_value()) environment->timeout_at = SteadyClock::now() + *command.timeout;
  return {};
}

Result<void> DockerEnvManager::Reattach(const EnvSpec& spec, const Path& log) {
  const auto gone = [&] {
    return Error(ErrorCode::kNotFound, fmt::format("environment '{}' is gone", spec.id));
  };
  VLMHB_TRY(state_->Learn());
  VLMHB_ASSIGN(const auto found, state_->engine.ListContainers(
                                     {{kLabelEnv, spec.id}, {kLabelWorkspace, spec.workspace}}));
  bool taken = state_->environments.contains(spec.id);
  for (const ContainerState& listed : found) {
    Result<ContainerState> state = state_->engine.InspectContainer(listed.name);
    if (!state.ok()) continue;
    const bool wanted = !taken && !state->started_at.empty() && state->status != "created" &&
                        LabelIn(state->labels, kLabelIdentity) == spec.identity;
    if (!wanted) {
      VLMHB_TRY(state_->engine.RemoveContainer(listed.name));
      VLMHB_TRY(state_->engine.RemoveNetwork(listed.name));
      continue;
    }
    Environment environment;
    environment.plan = {.spec = spec, .name = listed.name, .user = state_->User()};
    environment.plan.image_id = FindString(state->inspected, "Image");
    environment.plan.mounts = MountsOf(state->inspected);
    environment.container = true;
    environment.network = spec.network == env::Network::kOutside;
    VLMHB_ASSIGN(environment.log, LogFile::Open(log, NumberIn(state->labels, kLabelLogStart)));
    for (const env::Mount& mount : environment.plan.mounts)
      if (mount.access == env::Access::kReadWrite) environment.given.push_back(mount.host);
    // A command that has ended by itself did so in time, however long ago.
    const bool ended = state->status == "exited" || state->status == "dead";
    if (const int64_t timeout = NumberIn(state->labels, kLabelTimeout); timeout > 0 && !ended) {
      const auto began = ParseTimestamp(state->started_at);
      const auto since = std::chrono::system_clock::now().time_since_epoch() -
                         began.value_or(std::chrono::nanoseconds(0));
      environment.timeout_at = SteadyClock::now() + milliseconds(timeout) -
                               std::chrono::duration_cast<milliseconds>(since);
    }
    state_->Follow(environment);
    state_->environments.emplace(spec.id, std::move(environment));
    taken = true;
  }
  return taken ? Result<void>() : Result<void>(gone());
}

TaskStatus DockerEnvManager::Status(const std::string& id) {
  const auto found = state_->Find(id);
  if (!found.ok()) return env::Lost{found.error().message()};
  Environment& environment = **found;
  if (environment.end.has_value()) return *environment.end;
  if (environment.wait == nullptr) return env::Lost{"it was never started"};
  state_->Advance(environment);
  return environment.end.value_or(env::Running{});
}

void DockerEnvManager::Stop(const std::string& id, milliseconds grace) {
  const auto found = state_->Find(id);
  if (!found.ok()) return;
  Environment& environment = **found;
  if (environment.end.has_value() || environment.wait == nullptr) return;
  (void)state_->engine.KillContainer(environment.plan.name, "SIGTERM");
  const auto at = SteadyClock::now() + grace;
  environment.kill_at = std::min(environment.kill_at.value_or(at), at);
}

void DockerEnvManager::WaitForChange(milliseconds timeout) {
  const auto left = std::chrono::ceil<milliseconds>(state_->NextDeadline() - SteadyClock::now());
  state_->engine.Poll(std::clamp(left, milliseconds(0), timeout));
}

Result<void> DockerEnvManager::Cleanup(const std::string& id) {
  const auto found = state_->environments.find(id);
  if (found == state_->environments.end()) return {};
  Result<void> released = state_->Release(found->second);
  if (!released.ok()) return std::move(released).error().With("cleaning up environment " + id);
  state_->environments.erase(found);
  return {};
}

json::object DockerEnvManager::Describe(const std::string& id) const {
  const auto found = state_->Find(id);
  if (!found.ok()) return {};
  const Environment& environment = **found;
  const ContainerPlan& plan = environment.plan;
  const env::Capabilities& can = state_->can;
  json::object limits{{"memory_bytes", LimitToJson(plan.spec.memory_bytes, can.memory_limit)},
                      {"max_processes", LimitToJson(plan.spec.max_processes, can.process_limit)},
                      {"cpus", LimitToJson(plan.spec.cpus)},
                      {"tmp_bytes", LimitToJson(plan.spec.tmp_bytes)}};
  const bool out_of_memory = environment.ended.has_value() && environment.ended->out_of_memory;
  json::object observed{{"peak_memory_bytes", environment.peak_memory.has_value()
                                                  ? json::value(*environment.peak_memory)
                                                  : json::value(nullptr)},
                        {"out_of_memory_kills", nullptr}};
  // Engines tell whether, not how often; a "no" of Podman means nothing.
  if (environment.ended.has_value() && (out_of_memory || !state_->info.podman))
    observed["out_of_memory_kills"] = out_of_memory ? 1 : 0;
  json::object described{{"environment", can.name},
                         {"engine", state_->info.podman ? "podman" : "docker"},
                         {"engine_version", state_->info.version},
                         {"api_version", state_->info.api_version},
                         {"image", {{"reference", plan.spec.image}, {"digest", plan.image_id}}},
                         {"sandbox", true},
                         {"uid", plan.user.uid},
                         {"root", plan.user.uid == 0},
                         {"limits", std::move(limits)},
                         {"mounts", env::MountsToJson(plan.mounts)},
                         {"observed", std::move(observed)}};
  described["network"] = plan.spec.network == env::Network::kNone ? "none" : "outside";
  described["warnings"] = json::array(can.warnings.begin(), can.warnings.end());
  return described;
}

Result<std::vector<env::Leftover>> DockerEnvManager::List() {
  VLMHB_TRY(state_->Learn());
  std::vector<env::Leftover> list;
  VLMHB_ASSIGN(const auto containers, state_->engine.ListContainers({{kLabelMade, "1"}}));
  for (const ContainerState& state : containers)
    list.push_back(
        LeftoverOf("container", state.name, state.status, state.created_at, state.labels));
  VLMHB_ASSIGN(const json::array networks, state_->engine.ListNetworks({{kLabelMade, "1"}}));
  for (const json::value& value : networks) {
    if (!value.is_object()) continue;
    const json::object& network = value.get_object();
    list.push_back(LeftoverOf("network", FindString(network, "Name"), "there",
                              FindString(network, "Created"),
                              TextLabels(FindObject(network, "Labels"))));
  }
  std::sort(list.begin(), list.end(),
            [](const auto& a, const auto& b) { return a.created_at < b.created_at; });
  return list;
}

Result<void> DockerEnvManager::Remove(const env::Leftover& leftover) {
  VLMHB_TRY(state_->Learn());
  if (leftover.kind != "container") return state_->engine.RemoveNetwork(leftover.name);
  const Result<ContainerState> container = state_->engine.InspectContainer(leftover.name);
  if (!container.ok() && container.error().code() != ErrorCode::kNotFound) return container.error();
  if (container.ok() && LabelIn(container->labels, kLabelMade) != "1")
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("container '{}' was not made by vlmhb", leftover.name));
  VLMHB_TRY(state_->engine.RemoveContainer(leftover.name));
  VLMHB_TRY(state_->engine.RemoveNetwork(leftover.name));
  if (!container.ok() || ::geteuid() != 0) return {};
  std::error_code error;
  for (const env::Mount& mount : MountsOf(container->inspected))
    if (mount.access == env::Access::kReadWrite && fs::exists(mount.host, error))
      VLMHB_TRY(os::GiveFolder(mount.host, ::geteuid(), ::getegid()));
  return {};
}

}  // namespace vlmhb::docker
