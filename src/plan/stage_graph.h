#pragma once
// The state of every stage of a plan. It decides what may start; somebody else starts it and says
// how it ended. Not thread-safe.

#include <string_view>
#include <vector>

#include "plan/plan.h"

namespace vlmhb::plan {

enum class StageState {
  kWaiting,  // for stages before it, or for a free slot
  kRunning,
  kDone,  // complete, made now or reused
  kFailed,
  kSkipped,  // something that it needs failed, was skipped or was stopped
  kStopped,  // cancelled; the next run continues it
};
std::string_view StageStateName(StageState state);

class StageGraph {
 public:
  // `plan` must outlive the graph.
  explicit StageGraph(const Plan& plan);

  StageState state(size_t stage) const { return states_.at(stage); }

  // Waiting stages whose `needs` are done and whose `after` have ended, in plan order.
  std::vector<size_t> Ready() const;
  // True when nothing runs and nothing can start any more.
  bool Settled() const;

  // REQUIRES: the stage is ready.
  void Start(size_t stage);
  // Ends a ready or running stage. `outcome` is kDone, kFailed or kStopped; what needs a stage that
  // is not done becomes kSkipped.
  void End(size_t stage, StageState outcome);
  // Ends every waiting stage as kStopped: nothing more will start.
  void StopWaiting();

 private:
  bool IsReady(size_t stage) const;

  const Plan& plan_;
  std::vector<StageState> states_;
};

}  // namespace vlmhb::plan
