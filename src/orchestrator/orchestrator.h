#pragma once
// BenchmarkOrchestrator: takes a plan to its end. It decides nothing about order
// (plan/stage_graph.h) or isolation (env/env_manager.h); it gives ready stages to free slots,
// follows them, and records what happened. Killed at any moment, the same command continues:
// nothing is kept that the files do not say.

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/secret_ref.h"
#include "env/env_manager.h"
#include "orchestrator/provision.h"
#include "orchestrator/worker_manager.h"
#include "orchestrator/workspace.h"
#include "plan/plan.h"
#include "plan/stage_graph.h"
#include "registry/resolved.h"

namespace vlmhb::orchestrator {

// What is known of one stage now.
struct StageReport {
  plan::StageState state = plan::StageState::kWaiting;
  bool reused = false;      // complete before this run began
  int64_t done = 0;         // acknowledged samples, an earlier attempt's included
  int64_t done_before = 0;  // of these, by an earlier attempt
  int64_t failed = 0;       // samples whose outcome is a failure
  int64_t total = 0;        // 0 while unknown
  Nanos started{0};         // steady time; 0 before the start
  Nanos ended{0};
  ErrorCode error_code = ErrorCode::kInternal;  // meaningful if state is kFailed
  std::string message;                          // why it failed, was skipped or stopped
};

// Told of every change, on the orchestrator's thread; must return at once.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void OnStage(const plan::Stage& stage, const StageReport& report) = 0;
  virtual void OnLog(const plan::Stage& stage, std::string_view level,
                     std::string_view message) = 0;
  // About ten times a second, for displays that move by themselves.
  virtual void OnTick() {}
};

struct Options {
  Path program;                          // the vlmhb file that environments run
  bool retry_failed = false;             // ask samples again whose outcome was a failure
  config::EnvLookup secrets;             // variables that ${env:NAME} in model parameters refers to
  std::vector<RunProvision> provisions;  // one for each run, or empty: nothing was asked for
};

struct Summary {
  std::vector<StageReport> stages;  // as in the plan
  bool interrupted = false;
  Path report;  // the report's folder, "" if there is none
  // 0; 1 if samples or stages failed; 3 or 4 if a stage failed for that reason; 130
  // (docs/errors.md).
  int exit_status = 0;
};

class BenchmarkOrchestrator {
 public:
  // Everything must outlive the orchestrator. `environments` is called from Run's thread only.
  BenchmarkOrchestrator(const registry::ResolvedExperiment& experiment,
                        const std::vector<plan::RunInputs>& inputs, const plan::Plan& plan,
                        const Workspace& workspace, WorkerManager& workers,
                        env::EnvManager& environments, const Clock& clock, Listener& listener,
                        Options options);
  ~BenchmarkOrchestrator();

  // REQUIRES: the workspace's lock is held. Returns when every stage has ended; when `stop` becomes
  // true, running stages are asked to end and get 1.5 s for it. An Error means that the
  // orchestrator itself could not go on (for instance kNoSpace); running stages are ended then.
  Result<Summary> Run(const std::atomic<bool>& stop);

 private:
  class Execution;
  std::unique_ptr<Execution> execution_;
};

}  // namespace vlmhb::orchestrator
