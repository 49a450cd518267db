#include "orchestrator/orchestrator.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"
#include "orchestrator/event_log.h"
#include "orchestrator/handle.h"
#include "orchestrator/manifest.h"
#include "orchestrator/reuse.h"
#include "orchestrator/stage_launcher.h"
#include "store/confinement.h"
#include "store/events.h"

namespace vlmhb::orchestrator {
namespace {

using plan::Stage;
using plan::StageKind;
using plan::StageState;

constexpr Millis kTick{100};
// Together under the two seconds within which Ctrl-C must have stopped everything.
constexpr Millis kStopGrace{1500};
// How often a stage is started again whose environment went away under it.
constexpr int kMostRestarts = 2;

// The exit status that a stage's failure stands for (docs/errors.md): a sample or stage that failed
// is 1, an environment that could not do its work 3, a bug 4.
int StatusOf(ErrorCode code) {
  const int status = ExitStatus(code);
  return status == 3 || status == 4 ? status : 1;
}

}  // namespace

// One run of the plan. Files are read to decide, never memory of an earlier run.
class BenchmarkOrchestrator::Execution {
 public:
  Execution(const registry::ResolvedExperiment& experiment,
            const std::vector<plan::RunInputs>& inputs, const plan::Plan& plan,
            const Workspace& workspace, WorkerManager& workers, env::EnvManager& environments,
            const Clock& clock, Listener& listener, Options options)
      : experiment_(experiment),
        inputs_(inputs),
        plan_(plan),
        folder_(workspace.Experiment(experiment.name)),
        workers_(workers),
        env_(environments),
        clock_(clock),
        listener_(listener),
        options_(std::move(options)),
        launcher_(experiment, folder_, environments, options_),
        graph_(plan),
        reports_(plan.stages.size()),
        results_(plan.stages.size()),
        failures_(plan.stages.size()),
        identities_(plan.stages.size()),
        restarts_(plan.stages.size()),
        slots_(plan.stages.size()),
        log_(folder_ / "events.jsonl", clock) {}

  ~Execution() {
    for (auto& [stage, running] : running_) (void)env_.Cleanup(running.env_id);
  }

  Result<Summary> Run(const std::atomic<bool>& stop) {
    VLMHB_TRY(WriteDescription());
    RemoveLeftovers([&](const env::Leftover& found) { return !IsPlanned(found.id); });
    for (FoundHandle& found : FindHandles(folder_))
      earlier_[found.handle.id] = std::move(found.handle);
    bool interrupted = false;
    while (true) {
      if (stop.load() && !interrupted) {
        interrupted = true;
        StopAll();
      }
      if (!interrupted) VLMHB_TRY(StartReady());
      if (graph_.Settled()) break;
      env_.WaitForChange(kTick);
      VLMHB_TRY(Follow());
      listener_.OnTick();
    }
    RemoveLeftovers([](const env::Leftover&) { return true; });
    return Summarize(interrupted);
  }

 private:
  struct RunningStage {
    std::string env_id;
    std::string identity;
    StagePaths paths;
    std::string started_at;
    store::EventReader events;
    json::object described;   // the environment, for the manifest
    store::StageEvent error;  // the last one told, type "" if none
  };

  Result<void> WriteDescription() {
    VLMHB_TRY(os::MakeFolders(folder_));
    json::array stages;
    for (const Stage& stage : plan_.stages) {
      const StagePaths paths = PathsFor(experiment_, stage, folder_);
      stages.push_back({{"id", stage.id},
                        {"kind", plan::StageKindName(stage.kind)},
                        {"folder", paths.folder.lexically_relative(folder_).string()},
                        {"recipe", stage.recipe}});
    }
    json::object description{{"schema", "vlmhb.plan/1"},
                             {"experiment", experiment_.name},
                             {"config", experiment_.file},
                             {"stages", std::move(stages)}};
    return os::WriteFileAtomic(folder_ / "plan.json", ToPrettyJson(description));
  }

  // Ready stages, first those that an earlier process started: they may run still, and use what
  // they were given.
  std::vector<size_t> ReadyOnes() const {
    std::vector<size_t> ready = graph_.Ready();
    if (earlier_.empty()) return ready;
    std::stable_partition(ready.begin(), ready.end(), [&](size_t index) {
      return earlier_.contains(launcher_.EnvironmentId(plan_.stages[index]));
    });
    return ready;
  }

  bool TryTake(size_t index) {
    const Stage& stage = plan_.stages[index];
    const auto earlier = earlier_.find(launcher_.EnvironmentId(stage));
    const auto held = earlier == earlier_.end() ? std::vector<std::string>() : earlier->second.gpus;
    std::optional<Slots> slots = workers_.TryTake(stage.resources, held);
    if (!slots.has_value()) return false;
    slots_[index] = *std::move(slots);
    if (earlier != earlier_.end()) earlier_.erase(earlier);
    return true;
  }

  // Gives ready stages to free slots, and finishes at once those whose result is complete. A
  // finished stage may make others ready, so it goes on until nothing moves.
  Result<void> StartReady() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (const size_t index : ReadyOnes()) {
        const Stage& stage = plan_.stages[index];
        if (identities_[index].empty()) {  // what a ready stage reads does not change any more
          identities_[index] =
              plan::Identity(stage, InputDigests(plan_, stage, results_, failures_));
          if (TryReuse(index)) {
            moved = true;
            continue;
          }
        }
        if (const Result<void> fits = workers_.CheckFits(stage); !fits.ok()) {
          VLMHB_TRY(EndStage(index, StageState::kFailed, fits.error()));
          moved = true;
        } else if (TryTake(index)) {
          VLMHB_TRY(Start(index));
          moved = true;
        }
      }
    }
    return {};
  }

  bool TryReuse(size_t index) {
    const Stage& stage = plan_.stages[index];
    const std::string& identity = identities_[index];
    const StagePaths paths = PathsFor(experiment_, stage, folder_);
    std::optional<store::StageResult> result = CompleteResult(paths.folder, identity);
    if (!result.has_value()) return false;
    const bool retry =
        options_.retry_failed && stage.kind == StageKind::kInfer && result->failed > 0;
    if (retry) return false;
    RemoveHandle(paths.handle);  // of a stage that has ended since its vlmhb was killed
    reports_[index].reused = true;
    TakeResult(index, std::move(*result));
    reports_[index].done_before = reports_[index].done;
    graph_.End(index, StageState::kDone);
    Publish(index);
    return true;
  }

  void TakeResult(size_t index, store::StageResult result) {
    StageReport& report = reports_[index];
    report.total = static_cast<int64_t>(result.total);
    report.failed = static_cast<int64_t>(result.failed);
    report.done = report.total;
    results_[index] = std::move(result);
  }

  bool IsPlanned(const std::string& env_id) const {
    return std::any_of(plan_.stages.begin(), plan_.stages.end(), [&](const Stage& stage) {
      return launcher_.EnvironmentId(stage) == env_id;
    });
  }

  // Environments of this experiment that an earlier process left. The workspace's lock is held, so
  // nobody else follows them.
  void RemoveLeftovers(const std::function<bool(const env::Leftover&)>& unwanted) {
    const Result<std::vector<env::Leftover>> list = env_.List();
    if (!list.ok()) return;
    for (const env::Leftover& found : *list) {
      if (found.workspace != folder_.string() || !unwanted(found)) continue;
      const Result<void> removed = env_.Remove(found);
      if (!removed.ok() && !plan_.stages.empty())
        listener_.OnLog(plan_.stages.back(), "warning", removed.error().ToString());
    }
  }

  Result<void> Start(size_t index) {
    graph_.Start(index);
    reports_[index].started = clock_.Steady();
    const Stage& stage = plan_.stages[index];
    const RunProvision* provision = launcher_.ProvisionOf(stage);
    const Error* problem = provision == nullptr ? nullptr : provision->ProblemOf(stage.kind);
    if (problem != nullptr) {
      workers_.Release(slots_[index]);
      return EndStage(index, StageState::kFailed, *problem);
    }
    return Begin(index);
  }

  // Follows the stage where an earlier process started it, else starts it; ends it as failed where
  // its environment cannot be had. Errors of the workspace itself (disk full) are the caller's.
  Result<void> Begin(size_t index) {
    const Stage& stage = plan_.stages[index];
    const std::string& identity = identities_[index];
    const StagePaths paths = PathsFor(experiment_, stage, folder_);
    const std::string now = FormatUtc(clock_.Wall());
    const std::string env_id = launcher_.EnvironmentId(stage);
    RunningStage running{
        env_id, identity, paths, now, store::EventReader(paths.folder / store::kEventsFile),
        {},     {}};
    if (env_.capabilities().reattach) {
      const Result<void> found =
          env_.Reattach(launcher_.SpecOf(stage, identity, slots_[index].gpus), paths.log);
      if (found.ok()) {
        running_.emplace(index, std::move(running));
        Publish(index);
        return {};
      }
    }
    VLMHB_TRY(PrepareFolder(paths, stage.kind, identity, now));
    VLMHB_TRY(WriteHandle(paths.handle, {.environment = env_.capabilities().name,
                                         .id = env_id,
                                         .identity = identity,
                                         .started_at = now,
                                         .gpus = slots_[index].gpus}));
    const Result<void> launched =
        launcher_.Launch(stage, identity, slots_[index].gpus, paths,
                         stage.kind == StageKind::kReport ? Outcomes() : std::vector<RunOutcome>());
    if (!launched.ok()) {
      if (env_.Cleanup(env_id).ok()) RemoveHandle(paths.handle);
      workers_.Release(slots_[index]);
      return EndStage(index, StageState::kFailed, launched.error());
    }
    running_.emplace(index, std::move(running));
    Publish(index);
    return {};
  }

  std::vector<RunOutcome> Outcomes() const {
    std::vector<RunOutcome> outcomes(experiment_.runs.size());
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
      const Stage& stage = plan_.stages[i];
      if (!stage.run.has_value()) continue;
      RunOutcome& outcome = outcomes[*stage.run];
      if (stage.kind == StageKind::kInfer)
        outcome.has_inference = graph_.state(i) == StageState::kDone;
      if (outcome.failure.empty() && graph_.state(i) != StageState::kDone)
        outcome.failure = fmt::format("{}: {}", plan::StageKindName(stage.kind), failures_[i]);
    }
    return outcomes;
  }

  // Reads events and ends what has ended.
  Result<void> Follow() {
    std::vector<size_t> ended;
    for (auto& [index, running] : running_) {
      const env::TaskStatus status = env_.Status(running.env_id);  // before the events: misses none
      ReadEvents(index, running);
      if (!std::holds_alternative<env::Running>(status)) ended.push_back(index);
    }
    for (const size_t index : ended) VLMHB_TRY(Finish(index));
    return {};
  }

  // At most 1 MiB of events a call, so a stage that floods cannot hold the loop up.
  void ReadEvents(size_t index, RunningStage& running) {
    const Result<std::vector<store::StageEvent>> events = running.events.Poll();
    if (!events.ok()) return;
    StageReport& report = reports_[index];
    bool changed = false;
    for (const store::StageEvent& event : *events) {
      if (event.type == "started" || event.type == "progress") {
        report.total = static_cast<int64_t>(event.total);
        report.done = static_cast<int64_t>(event.done);
        report.failed = static_cast<int64_t>(event.failed);
        if (event.type == "started") report.done_before = report.done;
        changed = true;
      } else if (event.type == "log") {
        listener_.OnLog(plan_.stages[index], event.level, event.message);
      } else if (event.type == "error") {
        running.error = event;
      }
    }
    if (changed) listener_.OnStage(plan_.stages[index], report);
  }

  Result<void> Finish(size_t index) {
    const Stage& stage = plan_.stages[index];
    RunningStage running = std::move(running_.at(index));
    running_.erase(index);
    const env::TaskStatus status = env_.Status(running.env_id);
    running.described =
        env_.Describe(running.env_id);  // with what was observed, peak memory above all
    const Result<void> cleaned = env_.Cleanup(running.env_id);
    if (cleaned.ok())
      RemoveHandle(running.paths.handle);
    else
      listener_.OnLog(stage, "warning", cleaned.error().ToString());
    if (const auto* lost = std::get_if<env::Lost>(&status);
        lost != nullptr && !stopping_ && restarts_[index] < kMostRestarts) {
      ++restarts_[index];
      listener_.OnLog(
          stage, "warning",
          fmt::format("its environment was lost ({}); it is started again", lost->reason));
      return Begin(index);
    }
    workers_.Release(slots_[index]);

    const auto* exited = std::get_if<env::Exited>(&status);
    std::optional<store::StageResult> result =
        CompleteResult(running.paths.folder, running.identity);
    if (exited != nullptr && (exited->code == 0 || exited->code == 1) && result.has_value()) {
      VLMHB_TRY(RecordManifest(stage, running, *result));
      TakeResult(index, std::move(*result));
      return EndStage(index, StageState::kDone, std::nullopt);
    }
    if (stopping_) return EndStage(index, StageState::kStopped, std::nullopt);
    return EndStage(index, StageState::kFailed, WhyFailed(running, status));
  }

  static Error WhyFailed(const RunningStage& running, const env::TaskStatus& status) {
    const std::string message = running.error.message.empty()
                                    ? "the stage ended with " + env::ToString(status)
                                    : running.error.message;
    const ErrorCode code = ErrorCodeFromName(running.error.code).value_or(ErrorCode::kUnavailable);
    return Error(code, fmt::format("{}; its log is {}", message, running.paths.log.string()));
  }

  Result<void> RecordManifest(const Stage& stage, const RunningStage& running,
                              const store::StageResult& result) {
    if (!stage.run.has_value()) return {};
    const auto confinement = store::ReadConfinement(running.paths.folder);
    json::object record{
        {"identity", running.identity},
        {"started_at", running.started_at},
        {"finished_at", FormatUtc(clock_.Wall())},
        {"environment", running.described},
        {"confinement", confinement.has_value()
                            ? json::value(store::ConfinementToJson(*confinement))
                            : json::value(nullptr)},
        {"packages", DescribePackages(launcher_.ProvisionOf(stage), stage.kind)},
        {"counts", {{"total", result.total}, {"ok", result.ok}, {"failed", result.failed}}}};
    return RecordStage(running.paths.folder.parent_path() / "manifest.json",
                       experiment_.runs.at(*stage.run), inputs_.at(*stage.run), stage.kind,
                       std::move(record));
  }

  Result<void> EndStage(size_t index, StageState state, const std::optional<Error>& error) {
    StageReport& report = reports_[index];
    report.ended = clock_.Steady();
    if (error.has_value()) {
      report.error_code = error->code();
      report.message = error->ToString();
    }
    graph_.End(index, state);
    Publish(index);
    for (size_t i = index + 1; i < plan_.stages.size(); ++i) {
      if (graph_.state(i) != StageState::kSkipped || reports_[i].state == StageState::kSkipped)
        continue;
      reports_[i].message = plan_.stages[index].id + " did not complete";
      Publish(i);
    }
    return log_.status();
  }

  // Copies the graph's state into the report and tells everybody.
  void Publish(size_t index) {
    StageReport& report = reports_[index];
    report.state = graph_.state(index);
    const std::string state(plan::StageStateName(report.state));
    failures_[index] = report.state == StageState::kDone ? ""
                       : report.message.empty()          ? state
                                                         : report.message;
    log_.Append({{"stage", plan_.stages[index].id},
                 {"state", state},
                 {"reused", report.reused},
                 {"done", report.done},
                 {"failed", report.failed},
                 {"total", report.total},
                 {"message", report.message}});
    listener_.OnStage(plan_.stages[index], report);
  }

  void StopAll() {
    stopping_ = true;
    graph_.StopWaiting();
    for (size_t i = 0; i < plan_.stages.size(); ++i)
      if (graph_.state(i) == StageState::kStopped) Publish(i);
    for (auto& [index, running] : running_) env_.Stop(running.env_id, kStopGrace);
  }

  Result<Summary> Summarize(bool interrupted) {
    VLMHB_TRY(log_.status());
    Summary summary{.stages = reports_, .interrupted = interrupted};
    for (size_t i = 0; i < plan_.stages.size(); ++i) {
      const StageReport& report = reports_[i];
      if (plan_.stages[i].kind == StageKind::kReport && report.state == StageState::kDone)
        summary.report = PathsFor(experiment_, plan_.stages[i], folder_).folder;
      if (report.state == StageState::kFailed)
        summary.exit_status = std::max(summary.exit_status, StatusOf(report.error_code));
      else if (report.failed > 0)
        summary.exit_status = std::max(summary.exit_status, 1);
    }
    if (interrupted) summary.exit_status = ExitStatus(ErrorCode::kCancelled);
    return summary;
  }

  const registry::ResolvedExperiment& experiment_;
  const std::vector<plan::RunInputs>& inputs_;
  const plan::Plan& plan_;
  const Path folder_;
  WorkerManager& workers_;
  env::EnvManager& env_;
  const Clock& clock_;
  Listener& listener_;
  const Options options_;
  const StageLauncher launcher_;
  plan::StageGraph graph_;
  std::vector<StageReport> reports_;
  std::vector<std::optional<store::StageResult>> results_;  // of each done stage
  std::vector<std::string> failures_;                       // why a stage that ended is not done
  std::vector<std::string> identities_;                     // of each stage that was ready once
  std::vector<int> restarts_;
  std::vector<Slots> slots_;               // of each running stage
  std::map<std::string, Handle> earlier_;  // what earlier processes left, by environment's id
  std::map<size_t, RunningStage> running_;
  EventLog log_;
  bool stopping_ = false;
};

BenchmarkOrchestrator::BenchmarkOrchestrator(const registry::ResolvedExperiment& experiment,
                                             const std::vector<plan::RunInputs>& inputs,
                                             const plan::Plan& plan, const Workspace& workspace,
                                             WorkerManager& workers, env::EnvManager& environments,
                                             const Clock& clock, Listener& listener,
                                             Options options)
    : execution_(std::make_unique<Execution>(experiment, inputs, plan, workspace, workers,
                                             environments, clock, listener, std::move(options))) {}

BenchmarkOrchestrator::~BenchmarkOrchestrator() = default;

Result<Summary> BenchmarkOrchestrator::Run(const std::atomic<bool>& stop) {
  return execution_->Run(stop);
}

}  // namespace vlmhb::orchestrator
