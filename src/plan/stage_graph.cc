#include "plan/stage_graph.h"

#include <algorithm>
#include <array>

#include "base/check.h"

namespace vlmhb::plan {
namespace {

bool HasEnded(StageState state) {
  return state != StageState::kWaiting && state != StageState::kRunning;
}

}  // namespace

std::string_view StageStateName(StageState state) {
  constexpr std::array<std::string_view, 6> kNames = {"waiting", "running", "done",
                                                      "failed",  "skipped", "stopped"};
  return kNames.at(static_cast<size_t>(state));
}

StageGraph::StageGraph(const Plan& plan)
    : plan_(plan), states_(plan.stages.size(), StageState::kWaiting) {}

bool StageGraph::IsReady(size_t stage) const {
  const Stage& node = plan_.stages[stage];
  return states_[stage] == StageState::kWaiting &&
         std::all_of(node.needs.begin(), node.needs.end(),
                     [this](size_t s) { return states_[s] == StageState::kDone; }) &&
         std::all_of(node.after.begin(), node.after.end(),
                     [this](size_t s) { return HasEnded(states_[s]); });
}

std::vector<size_t> StageGraph::Ready() const {
  std::vector<size_t> ready;
  for (size_t i = 0; i < states_.size(); ++i)
    if (IsReady(i)) ready.push_back(i);
  return ready;
}

bool StageGraph::Settled() const { return std::all_of(states_.begin(), states_.end(), HasEnded); }

void StageGraph::Start(size_t stage) {
  CHECK(IsReady(stage), "only a ready stage starts");
  states_[stage] = StageState::kRunning;
}

void StageGraph::End(size_t stage, StageState outcome) {
  CHECK(states_[stage] == StageState::kRunning || IsReady(stage), "only what could start ends");
  CHECK(HasEnded(outcome), "an end is final");
  states_[stage] = outcome;
  if (outcome == StageState::kDone) return;
  // A stage stands after all that it needs, so one pass reaches every dependant.
  for (size_t i = stage + 1; i < states_.size(); ++i) {
    const std::vector<size_t>& needs = plan_.stages[i].needs;
    const bool doomed = std::any_of(needs.begin(), needs.end(), [this](size_t s) {
      return HasEnded(states_[s]) && states_[s] != StageState::kDone;
    });
    if (doomed && states_[i] == StageState::kWaiting) states_[i] = StageState::kSkipped;
  }
}

void StageGraph::StopWaiting() {
  for (StageState& state : states_)
    if (state == StageState::kWaiting) state = StageState::kStopped;
}

}  // namespace vlmhb::plan
