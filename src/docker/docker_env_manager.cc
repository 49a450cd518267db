#include "docker/docker_env_manager.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <thread>

#include "docker/container_facts.h"
#include "docker/container_spec.h"
#include "docker/container_watch.h"
#include "docker/image_archive.h"
#include "docker/start_failure.h"
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

constexpr milliseconds kRetry{200};
constexpr uid_t kNobody = 65534;

struct Environment {
  ContainerPlan plan;
  bool container = false;  // created
  bool network = false;
  std::shared_ptr<LogFile> log;
  std::unique_ptr<ContainerWatch> watch;  // once it was started
  std::optional<TaskStatus> never_ran;    // its program could not be run
  LimitsInForce in_force;

  bool idle() const { return watch == nullptr || watch->over(); }
};

std::vector<Path> WritableFolders(const std::vector<env::Mount>& mounts) {
  std::vector<Path> folders;
  for (const env::Mount& mount : mounts)
    if (mount.access == env::Access::kReadWrite) folders.push_back(mount.host);
  return folders;
}

// Where this is root, containers write as somebody else.
Result<void> Give(const ContainerPlan& plan) {
  if (::geteuid() != 0) return {};
  for (const Path& folder : WritableFolders(plan.mounts))
    VLMHB_TRY(os::GiveFolder(folder, plan.user.uid, plan.user.gid));
  return {};
}
Result<void> TakeBack(const std::vector<Path>& folders) {
  std::error_code error;
  if (::geteuid() != 0) return {};
  for (const Path& folder : folders)
    if (fs::exists(folder, error)) VLMHB_TRY(os::GiveFolder(folder, ::geteuid(), ::getegid()));
  return {};
}

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
  std::optional<SteadyClock::time_point> unreachable_since;
  std::map<std::string, Environment> environments;

  Result<void> Learn() {
    if (known) return {};
    Result<EngineInfo> asked = engine.Info();
    if (!asked.ok())
      return std::move(asked).error().With(
          fmt::format("asking {} at {}", options.name, options.engine.address.ToString()));
    info = *std::move(asked);
    // Podman calls limits possible that control groups of version 1 give to root only.
    const bool none = info.podman && info.rootless && info.cgroup_version == "1";
    can.memory_limit = info.memory_limit && !none;
    can.process_limit = info.pids_limit && !none;
    can.cpu_limit = !none;
    can.gpu = info.gpus;
    const std::string why =
        none ? "by an engine without root and control groups of version 2" : "by this engine";
    if (!can.memory_limit) can.warnings.push_back("not enforced: memory limits, " + why);
    if (!can.process_limit) can.warnings.push_back("not enforced: process limits, " + why);
    if (!can.cpu_limit) can.warnings.push_back("not enforced: CPU limits, " + why);
    known = true;
    return {};
  }

  // A call that may be made twice, again and again while the engine cannot be reached: for
  // `patience` altogether, so that a lost engine is waited for once and not by every call.
  template <typename Call>
  auto Insist(const Call& call) -> decltype(call()) {
    while (true) {
      auto done = call();
      const auto now = SteadyClock::now();
      if (done.ok() || !IsUnreachable(done.error())) {
        unreachable_since.reset();
        return done;
      }
      if (!unreachable_since.has_value()) unreachable_since = now;
      if (now - *unreachable_since >= options.patience) return done;
      std::this_thread::sleep_for(kRetry);
    }
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

  void Watch(Environment& environment) {
    environment.watch = std::make_unique<ContainerWatch>(engine, environment.plan.name,
                                                         environment.log, options.patience);
  }

  Result<void> CreateAndStart(Environment& environment) {
    ContainerPlan& plan = environment.plan;
    plan.init = has_init;
    const auto started = [&]() -> Result<void> {
      VLMHB_ASSIGN(const std::string id, Insist([&] {
                     return engine.CreateContainer(plan.name, ContainerBody(plan, info));
                   }));
      environment.container = true;
      VLMHB_TRY(Give(plan));
      // Starting what runs or has run does nothing.
      return Insist([&] { return engine.StartContainer(plan.name); });
    }();
    if (started.ok()) {
      Watch(environment);
      if (const Result<ContainerState> state = engine.InspectContainer(plan.name); state.ok())
        environment.in_force = LimitsOf(state->inspected, plan.spec);
      return {};
    }
    const std::string message = started.error().ToString();
    const StartFailure failure = ClassifyStartFailure(message, plan);
    if (!environment.container && failure != StartFailure::kNoInitBinary) return started;
    switch (failure) {
      case StartFailure::kNoProgram:
        environment.log->Append(message + "\n");
        environment.never_ran = env::Exited{127};
        return {};
      case StartFailure::kNotRunnable:
        environment.log->Append(message + "\n");
        environment.never_ran = env::Exited{126};
        return {};
      case StartFailure::kNoInitBinary:
        has_init = false;
        VLMHB_TRY(RemoveContainer(plan.name));
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

  Result<void> RemoveContainer(const std::string& name) {
    return Insist([&] { return engine.RemoveContainer(name); });
  }
  Result<void> RemoveNetwork(const std::string& name) {
    return Insist([&] { return engine.RemoveNetwork(name); });
  }

  // Folders are given once there is a container, and taken back before it is removed, but after it
  // has ended: whoever is killed in between leaves a container, by which the next one finds them.
  Result<void> Dismantle(const std::string& name, const std::vector<Path>& given) {
    const Result<void> ended = Insist([&] { return engine.KillContainer(name, "SIGKILL"); });
    if (!ended.ok() && IsUnreachable(ended.error())) return ended;
    if (ended.ok()) VLMHB_TRY(TakeBack(given));
    VLMHB_TRY(RemoveContainer(name));
    if (!ended.ok()) VLMHB_TRY(TakeBack(given));
    return RemoveNetwork(name);
  }

  Result<void> Release(Environment& environment) {
    const std::string& name = environment.plan.name;
    environment.watch.reset();
    if (environment.container)
      VLMHB_TRY(Dismantle(name, WritableFolders(environment.plan.mounts)));
    else if (environment.network)
      VLMHB_TRY(RemoveNetwork(name));
    environment.container = environment.network = false;
    return {};
  }

  // Takes over the container, whose command was started.
  Result<void> Adopt(const EnvSpec& spec, const ContainerState& state, const Path& log) {
    Environment environment;
    environment.plan = {.spec = spec, .name = state.name, .user = User()};
    environment.plan.image_id = FindString(state.inspected, "Image");
    environment.plan.mounts = MountsOf(state.inspected);
    environment.container = true;
    environment.network = spec.network == env::Network::kOutside;
    environment.in_force = LimitsOf(state.inspected, spec);
    VLMHB_ASSIGN(environment.log, LogFile::Open(log, NumberIn(state.labels, kLabelLogStart)));
    Watch(environment);
    // A command that has ended by itself did so in time, however long ago.
    const bool ended = state.status == "exited" || state.status == "dead";
    if (const int64_t timeout = NumberIn(state.labels, kLabelTimeout); timeout > 0 && !ended) {
      const auto began = ParseTimestamp(state.started_at);
      const auto since = std::chrono::system_clock::now().time_since_epoch() -
                         began.value_or(std::chrono::nanoseconds(0));
      environment.watch->set_timeout_at(SteadyClock::now() + milliseconds(timeout) -
                                        std::chrono::duration_cast<milliseconds>(since));
    }
    environments.emplace(spec.id, std::move(environment));
    return {};
  }
};

DockerEnvManager::DockerEnvManager(DockerEnvOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

DockerEnvManager::~DockerEnvManager() {
  for (auto& [id, environment] : state_->environments)
    if (environment.idle()) (void)state_->Release(environment);
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
  Result<std::string> image = state_->Insist([&] { return state_->ImageFor(spec.image); });
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
  if (access == env::Access::kReadOnly) VLMHB_TRY(CheckReadable(real, plan.user));
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
    const ContainerPlan& plan = environment->plan;
    VLMHB_ASSIGN(const std::string network, state_->Insist([&] {
      return state_->engine.CreateNetwork(plan.name, NetworkBody(plan));
    }));
    environment->network = true;
  }
  Result<void> started = state_->CreateAndStart(*environment);
  if (!started.ok()) return std::move(started).error().With("starting environment " + id);
  if (command.timeout.has_value() && environment->watch != nullptr)
    environment->watch->set_timeout_at(SteadyClock::now() + *command.timeout);
  return {};
}

Result<void> DockerEnvManager::Reattach(const EnvSpec& spec, const Path& log) {
  const auto gone = [&] {
    return Error(ErrorCode::kNotFound, fmt::format("environment '{}' is gone", spec.id));
  };
  VLMHB_TRY(state_->Learn());
  VLMHB_ASSIGN(const auto found, state_->Insist([&] {
    return state_->engine.ListContainers({{kLabelEnv, spec.id}, {kLabelWorkspace, spec.workspace}});
  }));
  bool taken = state_->environments.contains(spec.id);
  for (const ContainerState& listed : found) {
    const Result<ContainerState> state =
        state_->Insist([&] { return state_->engine.InspectContainer(listed.name); });
    if (!state.ok()) continue;
    const bool wanted = !taken && !state->started_at.empty() && state->status != "created" &&
                        LabelIn(state->labels, kLabelIdentity) == spec.identity;
    if (!wanted) {
      VLMHB_TRY(state_->Dismantle(listed.name, WritableFolders(MountsOf(state->inspected))));
      continue;
    }
    VLMHB_TRY(state_->Adopt(spec, *state, log));
    taken = true;
  }
  return taken ? Result<void>() : Result<void>(gone());
}

TaskStatus DockerEnvManager::Status(const std::string& id) {
  const auto found = state_->Find(id);
  if (!found.ok()) return env::Lost{found.error().message()};
  Environment& environment = **found;
  if (environment.never_ran.has_value()) return *environment.never_ran;
  if (environment.watch == nullptr) return env::Lost{"it was never started"};
  return environment.watch->Poll();
}

void DockerEnvManager::Stop(const std::string& id, milliseconds grace) {
  const auto found = state_->Find(id);
  if (found.ok() && (*found)->watch != nullptr) (*found)->watch->Stop(grace);
}

void DockerEnvManager::WaitForChange(milliseconds timeout) {
  auto next = SteadyClock::time_point::max();
  for (const auto& [id, environment] : state_->environments)
    if (environment.watch != nullptr) next = std::min(next, environment.watch->next_deadline());
  const auto left = std::chrono::ceil<milliseconds>(next - SteadyClock::now());
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
  const LimitsInForce& in_force = environment.in_force;
  std::vector<std::string> warnings = can.warnings;
  const auto limit = [&](int64_t value, bool possible, bool there, const char* what) {
    if (possible && !there)
      warnings.push_back(fmt::format("not enforced: {}, which the engine has dropped", what));
    return LimitToJson(value, possible && there);
  };
  json::object limits{
      {"memory_bytes",
       limit(plan.spec.memory_bytes, can.memory_limit, in_force.memory, "the memory limit")},
      {"max_processes",
       limit(plan.spec.max_processes, can.process_limit, in_force.processes, "the process limit")},
      {"cpus", limit(plan.spec.cpus, can.cpu_limit, in_force.cpus, "the CPU limit")},
      {"tmp_bytes", LimitToJson(plan.spec.tmp_bytes)}};
  const auto ended =
      environment.watch != nullptr ? environment.watch->ended() : std::optional<ContainerState>();
  const auto peak =
      environment.watch != nullptr ? environment.watch->peak_memory() : std::optional<int64_t>();
  json::object observed{{"peak_memory_bytes", nullptr}, {"out_of_memory_kills", nullptr}};
  if (peak.has_value()) observed["peak_memory_bytes"] = *peak;
  // Engines tell whether, not how often; a "no" of Podman means nothing.
  if (ended.has_value() && (ended->out_of_memory || !state_->info.podman))
    observed["out_of_memory_kills"] = ended->out_of_memory ? 1 : 0;
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
  described["warnings"] = json::array(warnings.begin(), warnings.end());
  return described;
}

Result<std::vector<env::Leftover>> DockerEnvManager::List() {
  VLMHB_TRY(state_->Learn());
  std::vector<env::Leftover> list;
  const Labels all{{kLabelMade, "1"}};
  VLMHB_ASSIGN(const auto containers,
               state_->Insist([&] { return state_->engine.ListContainers(all); }));
  for (const ContainerState& state : containers)
    list.push_back(
        LeftoverOf("container", state.name, state.status, state.created_at, state.labels));
  VLMHB_ASSIGN(const json::array networks,
               state_->Insist([&] { return state_->engine.ListNetworks(all); }));
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
  if (leftover.kind != "container") return state_->RemoveNetwork(leftover.name);
  const Result<ContainerState> container =
      state_->Insist([&] { return state_->engine.InspectContainer(leftover.name); });
  if (!container.ok() && container.error().code() != ErrorCode::kNotFound) return container.error();
  if (container.ok() && LabelIn(container->labels, kLabelMade) != "1")
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("container '{}' was not made by vlmhb", leftover.name));
  if (!container.ok()) return state_->RemoveNetwork(leftover.name);
  return state_->Dismantle(leftover.name, WritableFolders(MountsOf(container->inspected)));
}

}  // namespace vlmhb::docker
