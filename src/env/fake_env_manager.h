#pragma once
// An EnvManager that runs nothing: tests script how commands behave and move time by hand. It keeps
// the contract of the real ones (the conformance suite runs on it too).

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "env/env_manager.h"

namespace vlmhb::env {

// An environment as the scripted command would find it.
struct FakeEnvironment {
  EnvSpec spec;
  std::map<std::string, Path> mounts;  // path in the environment -> host path
  std::map<std::string, Access> access;
  Command command;
};

struct FakeBehaviour {
  static constexpr std::chrono::hours kForEver{24 * 365};

  std::chrono::milliseconds run_for{0};
  TaskStatus end = Exited{0};  // how it ends when it is neither stopped nor timed out
  bool ignores_term = false;   // else Stop ends it at once with Exited{130}
  std::optional<Error> setup_error;
  std::optional<Error> mount_error;
  std::optional<Error> run_error;
  std::optional<Error> cleanup_error;  // the environment is gone nevertheless
  // Called on start, and when it has run for `run_for`: the place to write what a stage would.
  std::function<void(const FakeEnvironment&)> on_start;
  std::function<void(const FakeEnvironment&)> on_end;
};

// An environment that an ended process left behind, with a command that runs or has ended.
struct FakeEarlier {
  std::string id;
  std::string identity;   // of its stage
  std::string workspace;  // "" if unknown
  // What its command does from the moment it is taken over; its errors and on_start are not used.
  FakeBehaviour behaviour;
  std::string kind = "container";
  bool owner_alive = false;  // true: it is somebody else's and cannot be taken over
};

class FakeEnvManager final : public EnvManager {
 public:
  // Time is that of `clock`, which must outlive this. Everything is possible but GPUs, images and
  // reattaching; SetCapabilities turns these on.
  explicit FakeEnvManager(FakeClock& clock);

  // For environments whose id contains `part`; the last one given wins. Unscripted commands end at
  // once with exit code 0.
  void Script(std::string part, FakeBehaviour behaviour);
  void SetCapabilities(Capabilities capabilities) { capabilities_ = std::move(capabilities); }
  // Makes `earlier` exist: List() shows it; Reattach takes it over where capabilities().reattach
  // holds.
  void AddEarlier(FakeEarlier earlier) { earlier_.push_back(std::move(earlier)); }
  // From now on PrepareImage fails for this reference, or answers with this digest. By default
  // every image is here, with a digest made from its reference, where capabilities().images holds.
  void FailImage(std::string reference, Error error);
  void SetImageDigest(std::string reference, std::string digest);
  void FailProbe(Error error) { probe_error_ = std::move(error); }
  // By default WaitForChange moves the clock to the next end, or by its timeout. If false it
  // returns at once, and only Advance moves time.
  void SetWaitAdvances(bool advances) { wait_advances_ = advances; }
  void Advance(std::chrono::milliseconds by);

  // Every call but Status, WaitForChange and the constant ones, in order: "setup a", "mount a
  // images read_only", "run a", "stop a", "cleanup a", "image x:1", "reattach a", "list", "remove
  // a".
  const std::vector<std::string>& calls() const { return calls_; }
  size_t running() const;
  size_t most_running() const { return most_running_; }
  // Set up and not cleaned up.
  size_t environments() const { return environments_.size(); }
  // Given by AddEarlier and neither taken over nor removed.
  size_t earlier() const { return earlier_.size(); }

  const Capabilities& capabilities() const override { return capabilities_; }
  Result<void> Probe() override;
  Result<Image> PrepareImage(const std::string& reference, Pull pull,
                             const PullListener& listener) override;
  Result<void> Setup(const EnvSpec& spec) override;
  Result<std::string> MountData(const std::string& id, const Path& host, const std::string& name,
                                Access access) override;
  Result<void> Run(const std::string& id, const Command& command) override;
  Result<void> Reattach(const EnvSpec& spec, const Path& log) override;
  TaskStatus Status(const std::string& id) override;
  void Stop(const std::string& id, std::chrono::milliseconds grace) override;
  void WaitForChange(std::chrono::milliseconds timeout) override;
  Result<void> Cleanup(const std::string& id) override;
  json::object Describe(const std::string& id) const override;
  Result<std::vector<Leftover>> List() override;
  Result<void> Remove(const Leftover& leftover) override;

 private:
  struct State {
    FakeEnvironment seen;
    FakeBehaviour behaviour;
    std::optional<TaskStatus> status;  // nullopt before Run
    // What would end it, by when; the earliest one counts.
    std::multimap<Nanos, TaskStatus> ends;
    Nanos own_end{0};
  };

  const FakeBehaviour& BehaviourOf(const std::string& id) const;
  Result<State*> Find(const std::string& id);
  void Start(State& state);
  // Ends what is due now.
  void Settle();

  FakeClock& clock_;
  Capabilities capabilities_;
  std::optional<Error> probe_error_;
  bool wait_advances_ = true;
  std::vector<std::pair<std::string, FakeBehaviour>> scripts_;
  std::vector<FakeEarlier> earlier_;
  std::map<std::string, Error> image_errors_;
  std::map<std::string, std::string> image_digests_;
  std::map<std::string, State> environments_;
  std::vector<std::string> calls_;
  size_t most_running_ = 0;
};

}  // namespace vlmhb::env
