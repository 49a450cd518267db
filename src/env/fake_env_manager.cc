#include "env/fake_env_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "env/contract.h"

namespace vlmhb::env {
namespace {

using std::chrono::milliseconds;

constexpr int kStoppedExit = 130;

std::string_view AccessName(Access access) {
  return access == Access::kReadOnly ? "read_only" : "read_write";
}

}  // namespace

FakeEnvManager::FakeEnvManager(FakeClock& clock) : clock_(clock) {
  capabilities_ = {.name = "fake",
                   .filesystem_isolation = true,
                   .network_isolation = true,
                   .memory_limit = true,
                   .process_limit = true,
                   .cpu_limit = true};
}

void FakeEnvManager::Script(std::string part, FakeBehaviour behaviour) {
  scripts_.emplace_back(std::move(part), std::move(behaviour));
}

const FakeBehaviour& FakeEnvManager::BehaviourOf(const std::string& id) const {
  static const FakeBehaviour kDefault;
  for (auto script = scripts_.rbegin(); script != scripts_.rend(); ++script)
    if (id.find(script->first) != std::string::npos) return script->second;
  return kDefault;
}

Result<FakeEnvManager::State*> FakeEnvManager::Find(const std::string& id) {
  const auto found = environments_.find(id);
  if (found == environments_.end()) return Misuse(id, "was not set up");
  return &found->second;
}

size_t FakeEnvManager::running() const {
  return static_cast<size_t>(
      std::count_if(environments_.begin(), environments_.end(), [](const auto& entry) {
        const auto& status = entry.second.status;
        return status.has_value() && std::holds_alternative<Running>(*status);
      }));
}

Result<void> FakeEnvManager::Probe() {
  return probe_error_.has_value() ? Result<void>(*probe_error_) : Result<void>();
}

Result<void> FakeEnvManager::Setup(const EnvSpec& spec) {
  calls_.push_back("setup " + spec.id);
  if (Slug(spec.id) != spec.id)
    return Error(ErrorCode::kInvalidConfig, fmt::format("'{}' is not a slug", spec.id));
  if (environments_.contains(spec.id)) return Misuse(spec.id, "exists already");
  if (spec.gpus > 0 && !capabilities_.gpu)
    return Error(ErrorCode::kInvalidConfig, "GPUs are not available here");
  const FakeBehaviour& behaviour = BehaviourOf(spec.id);
  if (behaviour.setup_error.has_value()) return *behaviour.setup_error;
  State state;
  state.seen.spec = spec;
  state.behaviour = behaviour;
  environments_.emplace(spec.id, std::move(state));
  return {};
}

Result<std::string> FakeEnvManager::MountData(const std::string& id, const Path& host,
                                              const std::string& name, Access access) {
  calls_.push_back(fmt::format("mount {} {} {}", id, name, AccessName(access)));
  VLMHB_ASSIGN(State* const state, Find(id));
  if (state->status.has_value()) return Misuse(id, "runs already; it takes no more mounts");
  if (Slug(name) != name)
    return Error(ErrorCode::kInvalidConfig, fmt::format("mount name '{}' is not a slug", name));
  if (state->behaviour.mount_error.has_value()) return *state->behaviour.mount_error;
  std::error_code ignored;
  if (!std::filesystem::exists(host, ignored))
    return Error(ErrorCode::kNotFound, fmt::format("cannot mount {}: no such file", host.string()));
  const std::string guest = "/data/" + name;
  if (!state->seen.mounts.emplace(guest, host).second)
    return Misuse(id, fmt::format("has a mount '{}' already", name));
  state->seen.access[guest] = access;
  return guest;
}

Result<void> FakeEnvManager::Run(const std::string& id, const Command& command) {
  calls_.push_back("run " + id);
  VLMHB_ASSIGN(State* const state, Find(id));
  if (state->status.has_value()) return Misuse(id, "has run its command already");
  if (state->behaviour.run_error.has_value()) return *state->behaviour.run_error;
  state->seen.command = command;
  Start(*state);
  if (command.timeout.has_value())
    state->ends.emplace(clock_.Steady() + *command.timeout, TimedOut{});
  if (state->behaviour.on_start) state->behaviour.on_start(state->seen);
  return {};
}

void FakeEnvManager::Start(State& state) {
  state.status = Running{};
  state.own_end = clock_.Steady() + state.behaviour.run_for;
  state.ends.emplace(state.own_end, state.behaviour.end);
  most_running_ = std::max(most_running_, running());
}

void FakeEnvManager::Settle() {
  for (auto& [id, state] : environments_) {
    if (!state.status.has_value() || !std::holds_alternative<Running>(*state.status)) continue;
    const auto& [when, how] = *state.ends.begin();
    if (when > clock_.Steady()) continue;
    // Equal keys keep the order of insertion, so the command's own end wins a draw.
    if (when == state.own_end && state.behaviour.on_end) state.behaviour.on_end(state.seen);
    state.status = how;
  }
}

TaskStatus FakeEnvManager::Status(const std::string& id) {
  Settle();
  const auto found = Find(id);
  if (!found.ok()) return Lost{found.error().message()};
  return (*found)->status.value_or(Lost{"it was never started"});
}

void FakeEnvManager::Stop(const std::string& id, milliseconds grace) {
  calls_.push_back("stop " + id);
  const auto found = Find(id);
  if (!found.ok() || !(*found)->status.has_value()) return;
  State& state = **found;
  if (!state.behaviour.ignores_term) state.ends.emplace(clock_.Steady(), Exited{kStoppedExit});
  state.ends.emplace(clock_.Steady() + grace, Signaled{.signal = 9});
}

void FakeEnvManager::Advance(milliseconds by) {
  clock_.Advance(by);
  Settle();
}

void FakeEnvManager::WaitForChange(milliseconds timeout) {
  if (!wait_advances_) return;
  Nanos until = clock_.Steady() + timeout;
  for (const auto& [id, state] : environments_)
    if (state.status.has_value() && std::holds_alternative<Running>(*state.status))
      until = std::min(until, state.ends.begin()->first);
  if (until > clock_.Steady()) clock_.Advance(until - clock_.Steady());
  Settle();
}

Result<void> FakeEnvManager::Cleanup(const std::string& id) {
  calls_.push_back("cleanup " + id);
  const auto found = environments_.find(id);
  if (found == environments_.end()) return {};
  const std::optional<Error> error = found->second.behaviour.cleanup_error;
  environments_.erase(found);
  return error.has_value() ? Result<void>(*error) : Result<void>();
}

json::object FakeEnvManager::Describe(const std::string& id) const {
  const auto found = environments_.find(id);
  if (found == environments_.end()) return {};
  const FakeEnvironment& seen = found->second.seen;
  json::array mounts;
  for (const auto& [guest, host] : seen.mounts)
    mounts.push_back(
        {{"host", host.string()}, {"path", guest}, {"access", AccessName(seen.access.at(guest))}});
  return {{"environment", capabilities_.name},
          {"engine", "fake"},
          {"sandbox", capabilities_.filesystem_isolation},
          {"network", seen.spec.network == Network::kNone ? "none" : "host"},
          {"mounts", std::move(mounts)}};
}

void FakeEnvManager::FailImage(std::string reference, Error error) {
  image_errors_.insert_or_assign(std::move(reference), std::move(error));
}

void FakeEnvManager::SetImageDigest(std::string reference, std::string digest) {
  image_errors_.erase(reference);
  image_digests_.insert_or_assign(std::move(reference), std::move(digest));
}

Result<Image> FakeEnvManager::PrepareImage(const std::string& reference, Pull,
                                           const PullListener& listener) {
  calls_.push_back("image " + reference);
  if (const auto error = image_errors_.find(reference); error != image_errors_.end())
    return error->second;
  if (!capabilities_.images) return Image{};
  if (listener) listener({.layers_done = 1, .layers_total = 1, .bytes_done = 1, .bytes_total = 1});
  const auto digest = image_digests_.find(reference);
  return Image{
      .reference = reference,
      .digest = digest != image_digests_.end() ? digest->second : "sha256:" + Sha256Hex(reference)};
}

Result<void> FakeEnvManager::Reattach(const EnvSpec& spec, const Path& log) {
  calls_.push_back("reattach " + spec.id);
  const auto gone = [&](std::string_view why) {
    return Error(ErrorCode::kNotFound,
                 fmt::format("environment '{}' cannot be taken over: {}", spec.id, why));
  };
  if (environments_.contains(spec.id)) return Misuse(spec.id, "exists already");
  const auto found = std::find_if(
      earlier_.begin(), earlier_.end(),
      [&](const FakeEarlier& earlier) { return earlier.id == spec.id && !earlier.owner_alive; });
  if (!capabilities_.reattach || found == earlier_.end()) return gone("there is none");
  FakeEarlier earlier = std::move(*found);
  earlier_.erase(found);
  if (earlier.identity != spec.identity) return gone("it belongs to another stage");
  State state;
  state.seen.spec = spec;
  state.seen.command.log = log;
  state.behaviour = std::move(earlier.behaviour);
  Start(environments_.emplace(spec.id, std::move(state)).first->second);
  return {};
}

Result<std::vector<Leftover>> FakeEnvManager::List() {
  calls_.push_back("list");
  std::vector<Leftover> all;
  for (const FakeEarlier& earlier : earlier_)
    all.push_back({.kind = earlier.kind,
                   .name = "vlmhb-" + earlier.id,
                   .id = earlier.id,
                   .identity = earlier.identity,
                   .workspace = earlier.workspace,
                   .state = earlier.behaviour.run_for.count() > 0 ? "running" : "exited",
                   .owner_alive = earlier.owner_alive});
  for (const auto& [id, state] : environments_) {
    const bool runs = state.status.has_value() && std::holds_alternative<Running>(*state.status);
    all.push_back({.kind = "container",
                   .name = "vlmhb-" + id,
                   .id = id,
                   .identity = state.seen.spec.identity,
                   .workspace = state.seen.spec.workspace,
                   .state = runs                       ? "running"
                            : state.status.has_value() ? "exited"
                                                       : "created"});
  }
  return all;
}

Result<void> FakeEnvManager::Remove(const Leftover& leftover) {
  calls_.push_back("remove " + leftover.id);
  std::erase_if(earlier_, [&](const FakeEarlier& earlier) { return earlier.id == leftover.id; });
  environments_.erase(leftover.id);
  return {};
}

}  // namespace vlmhb::env
