#include "plan/plan.h"

#include <gtest/gtest.h>

#include <random>

#include "plan/stage_graph.h"

namespace vlmhb::plan {
namespace {

using registry::ResolvedExperiment;
using registry::ResolvedRun;

ResolvedExperiment TwoRuns() {
  ResolvedExperiment experiment{.name = "e", .title = "E"};
  for (const char* id : {"a", "b"}) {
    ResolvedRun run;
    run.id = id;
    run.model.name = id;
    run.model.command = {"/bin/plugin", "--fast"};
    run.metrics.push_back({});
    run.metrics[0].entry.name = "cer";
    experiment.runs.push_back(run);
  }
  return experiment;
}

std::vector<RunInputs> Inputs() { return {{.dataset = "d1"}, {.dataset = "d2"}}; }

TEST(Plan, OrdersStagesAndLetsTheReportWaitForAll) {
  const Plan plan = MakePlan(TwoRuns(), Inputs(), "1");
  std::vector<std::string> ids;
  for (const Stage& stage : plan.stages) ids.push_back(stage.id);
  EXPECT_EQ(ids,
            (std::vector<std::string>{"a/infer", "a/evaluate", "b/infer", "b/evaluate", "report"}));
  EXPECT_EQ(plan.stages[4].after, (std::vector<size_t>{1, 3}));
}

TEST(Plan, AnswersMadeElsewhereNeedNoInference) {
  ResolvedExperiment experiment = TwoRuns();
  experiment.runs[0].answers = "/answers.csv";
  const Plan plan = MakePlan(experiment, Inputs(), "1");
  EXPECT_EQ(plan.stages[0].id, "a/evaluate");
  EXPECT_TRUE(plan.stages[0].needs.empty());
}

TEST(Plan, AnotherMetricChangesEvaluationOnly) {
  ResolvedExperiment more = TwoRuns();
  more.runs[0].metrics.push_back({});
  const Plan before = MakePlan(TwoRuns(), Inputs(), "1");
  const Plan after = MakePlan(more, Inputs(), "1");
  EXPECT_EQ(Identity(before.stages[0], {}), Identity(after.stages[0], {}));
  EXPECT_NE(Identity(before.stages[1], {}), Identity(after.stages[1], {}));
  EXPECT_EQ(Identity(before.stages[2], {}), Identity(after.stages[2], {}));
}

TEST(Plan, EverythingThatChangesAnswersChangesTheIdentity) {
  const auto identity_with = [](auto change) {
    ResolvedExperiment experiment = TwoRuns();
    std::vector<RunInputs> inputs = Inputs();
    change(experiment.runs[0], inputs[0]);
    return Identity(MakePlan(experiment, inputs, "1").stages[0], {});
  };
  const std::string same = identity_with([](ResolvedRun&, RunInputs&) {});
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.model.params["x"] = 1; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.model.version = "2"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.model.command[1] = "-s"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.prompt.system = "be brief"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.dataset.limit = 5; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) { r.sampling["seed"] = 1; }));
  EXPECT_NE(same, identity_with(
                      [](ResolvedRun& r, RunInputs&) { r.dataset.filter_doc_class = "passport"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun&, RunInputs& i) { i.dataset = "other"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun&, RunInputs& i) { i.plugin = "other"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun&, RunInputs& i) { i.prompt_collection = "p"; }));
  EXPECT_NE(same, identity_with([](ResolvedRun& r, RunInputs&) {
              r.prompt.mapping = json::object{{"user_prompt", "Read."}};
            }));
}

TEST(StageGraph, AFailureStopsOnlyWhatNeedsIt) {
  const Plan plan = MakePlan(TwoRuns(), Inputs(), "1");
  StageGraph graph(plan);
  EXPECT_EQ(graph.Ready(), (std::vector<size_t>{0, 2}));
  graph.Start(0);
  graph.Start(2);
  graph.End(0, StageState::kFailed);
  EXPECT_EQ(graph.state(1), StageState::kSkipped);
  graph.End(2, StageState::kDone);
  EXPECT_EQ(graph.Ready(), (std::vector<size_t>{3}));
  graph.End(3, StageState::kDone);  // reused: never started
  EXPECT_EQ(graph.Ready(), (std::vector<size_t>{4}));
  graph.End(4, StageState::kDone);
  EXPECT_TRUE(graph.Settled());
}

TEST(StageGraph, StoppingEndsWhatWaits) {
  const Plan plan = MakePlan(TwoRuns(), Inputs(), "1");
  StageGraph graph(plan);
  graph.Start(0);
  graph.StopWaiting();
  EXPECT_FALSE(graph.Settled());
  graph.End(0, StageState::kStopped);
  EXPECT_TRUE(graph.Settled());
  EXPECT_EQ(graph.state(4), StageState::kStopped);
}

// Whatever order stages end in, and however, the graph settles and no stage starts before its
// needs.
TEST(StageGraph, AlwaysSettles) {
  std::mt19937 random(3);
  ResolvedExperiment experiment{.name = "e"};
  for (int i = 0; i < 20; ++i) {
    experiment.runs.emplace_back();
    experiment.runs.back().id = std::to_string(i);
  }
  const Plan plan = MakePlan(experiment, std::vector<RunInputs>(20), "1");
  for (int round = 0; round < 200; ++round) {
    StageGraph graph(plan);
    size_t steps = 0;
    while (!graph.Settled()) {
      ASSERT_LT(++steps, 1000u);
      const std::vector<size_t> ready = graph.Ready();
      ASSERT_FALSE(ready.empty());
      const size_t stage = ready[random() % ready.size()];
      for (const size_t need : plan.stages[stage].needs)
        ASSERT_EQ(graph.state(need), StageState::kDone);
      graph.Start(stage);
      graph.End(stage, random() % 4 == 0 ? StageState::kFailed : StageState::kDone);
    }
    EXPECT_NE(graph.state(plan.stages.size() - 1), StageState::kSkipped);
  }
}

}  // namespace
}  // namespace vlmhb::plan
