#include "orchestrator/orchestrator.h"

#include <gtest/gtest.h>

#include <random>

#include "base/text.h"
#include "env/fake_env_manager.h"
#include "orchestrator/handle.h"
#include "orchestrator/reuse.h"
#include "store/result.h"

namespace vlmhb::orchestrator {
namespace {

using env::FakeBehaviour;
using env::FakeEnvironment;
using plan::StageState;

class Recorder final : public Listener {
 public:
  void OnStage(const plan::Stage& stage, const StageReport& report) override {
    ends[stage.id] = report;
  }
  void OnLog(const plan::Stage&, std::string_view, std::string_view message) override {
    logs.emplace_back(message);
  }
  std::map<std::string, StageReport> ends;
  std::vector<std::string> logs;
};

// Writes result.json as a stage would, for the identity in its stage.json.
void WriteOutputs(const FakeEnvironment& seen, uint64_t failed = 0) {
  const Path output = seen.mounts.at("/data/out");
  const auto spec = ParseJson(*os::ReadFile(seen.mounts.at("/data/stage.json")));
  ASSERT_TRUE(os::WriteFileAtomic(output / "answers.csv", "made").ok());
  ASSERT_TRUE(store::WriteResult(output,
                                 {.identity = FindString(spec->get_object(), "identity"),
                                  .total = 10,
                                  .ok = 10 - failed,
                                  .failed = failed},
                                 {"answers.csv"})
                  .ok());
}

FakeBehaviour Succeeds(uint64_t failed = 0) {
  return {.run_for = Millis(50),
          .end = env::Exited{failed == 0 ? 0 : 1},
          .on_end = [failed](const FakeEnvironment& seen) { WriteOutputs(seen, failed); }};
}

class OrchestratorTest : public testing::Test {
 protected:
  OrchestratorTest() {
    for (int i = 0; i < 3; ++i) {
      registry::ResolvedRun run;
      run.id = "run" + std::to_string(i);
      run.model.name = run.id;
      run.model.command = {"/usr/bin/true"};
      run.dataset.root = folder_.path();
      run.dataset.annotation = (folder_.path() / "annotation.csv").string();
      experiment_.runs.push_back(run);
    }
    inputs_.resize(3);
  }

  Result<Summary> Run(bool retry_failed = false) {
    plan_ = plan::MakePlan(experiment_, inputs_, "1");
    recorder_ = {};
    fake_ = std::make_unique<env::FakeEnvManager>(clock_);
    fake_->Script("", Succeeds());
    if (capabilities_.reattach) fake_->SetCapabilities(capabilities_);
    for (env::FakeEarlier& earlier : earlier_) fake_->AddEarlier(std::move(earlier));
    earlier_.clear();
    for (const auto& [part, behaviour] : scripts_) fake_->Script(part, behaviour);
    WorkerManager workers(capacity_);
    BenchmarkOrchestrator orchestrator(
        experiment_, inputs_, plan_, workspace_, workers, *fake_, clock_, recorder_,
        {.program = "/usr/bin/true", .retry_failed = retry_failed, .provisions = provisions_});
    auto summary = orchestrator.Run(stop_);
    EXPECT_EQ(fake_->environments(), 0u) << "every environment is cleaned up";
    return summary;
  }

  size_t Started() const {
    return static_cast<size_t>(
        std::count_if(fake_->calls().begin(), fake_->calls().end(),
                      [](const std::string& call) { return call.rfind("run ", 0) == 0; }));
  }

  os::TempFolder folder_;
  registry::ResolvedExperiment experiment_{.name = "e", .title = "E", .file = "/e.yaml"};
  std::vector<plan::RunInputs> inputs_;
  std::vector<RunProvision> provisions_;
  plan::Plan plan_;
  Workspace workspace_{folder_.path() / "workspace"};
  Capacity capacity_{.cpus = 2, .memory_bytes = int64_t{8'000'000'000}};
  env::Capabilities capabilities_;
  std::vector<env::FakeEarlier> earlier_;
  FakeClock clock_;
  Recorder recorder_;
  std::unique_ptr<env::FakeEnvManager> fake_;
  std::vector<std::pair<std::string, FakeBehaviour>> scripts_;
  std::atomic<bool> stop_{false};
};

TEST_F(OrchestratorTest, RunsEveryStageWithinTheSlots) {
  const auto summary = Run();
  ASSERT_TRUE(summary.ok()) << summary.error().ToString();
  EXPECT_EQ(summary->exit_status, 0);
  EXPECT_EQ(Started(), 7u);
  EXPECT_EQ(fake_->most_running(), 2u);
  EXPECT_EQ(summary->report, workspace_.Experiment("e") / "report");
  const auto manifest =
      ParseJson(*os::ReadFile(workspace_.Experiment("e") / "runs/run0/manifest.json"));
  EXPECT_TRUE(manifest->get_object().at("stages").get_object().contains("infer"));
  EXPECT_TRUE(manifest->get_object().at("stages").get_object().contains("evaluate"));
}

TEST_F(OrchestratorTest, ASecondRunReusesEverything) {
  ASSERT_TRUE(Run().ok());
  const auto again = Run();
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(Started(), 0u);
  for (const StageReport& report : again->stages) EXPECT_TRUE(report.reused);
  EXPECT_EQ(FindReusable(experiment_, plan_, workspace_.Experiment("e")),
            std::vector<bool>(7, true));
}

TEST_F(OrchestratorTest, ADamagedOrMissingOutputIsNotReused) {
  ASSERT_TRUE(Run().ok());
  std::filesystem::remove(workspace_.Experiment("e") / "runs/run1/evaluation/answers.csv");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Started(), 1u);  // its outputs are the same again, so the report stays
}

TEST_F(OrchestratorTest, OneRunsFailureStopsOnlyItsOwnStages) {
  scripts_ = {{"run1-infer", {.end = env::Exited{4}}}};
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exit_status, 3);
  EXPECT_EQ(recorder_.ends["run1/infer"].state, StageState::kFailed);
  EXPECT_EQ(recorder_.ends["run1/evaluate"].state, StageState::kSkipped);
  EXPECT_EQ(recorder_.ends["run2/evaluate"].state, StageState::kDone);
  EXPECT_EQ(recorder_.ends["report"].state, StageState::kDone);
}

TEST_F(OrchestratorTest, TheStagesOwnErrorIsTheReasonShown) {
  scripts_ = {
      {"run1-infer",
       {.end = env::Exited{3}, .on_start = [](const FakeEnvironment& seen) {
          const std::string event =
              R"({"type":"error","code":"no_space","message":"the disk is full"})";
          ASSERT_TRUE(
              os::WriteFileAtomic(seen.mounts.at("/data/out") / "events.jsonl", event + "\n").ok());
        }}}};
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exit_status, 3);
  EXPECT_NE(recorder_.ends["run1/infer"].message.find("the disk is full"), std::string::npos);
  EXPECT_EQ(recorder_.ends["run1/infer"].error_code, ErrorCode::kNoSpace);
}

TEST_F(OrchestratorTest, ASuccessfulExitWithoutAResultIsAFailure) {
  scripts_ = {{"run0-evaluate", {.end = env::Exited{0}}}};
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(recorder_.ends["run0/evaluate"].state, StageState::kFailed);
}

TEST_F(OrchestratorTest, AnEnvironmentThatCannotBeHadFailsItsStage) {
  scripts_ = {{"run0-infer", {.setup_error = Error(ErrorCode::kUnavailable, "no sandbox here")}}};
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exit_status, 3);
  EXPECT_EQ(recorder_.ends["run0/infer"].message, "no sandbox here");
}

TEST_F(OrchestratorTest, AStageThatCanNeverFitFailsAtOnce) {
  experiment_.runs[0].model.resources.cpus = 64;
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(recorder_.ends["run0/infer"].state, StageState::kFailed);
  EXPECT_NE(recorder_.ends["run0/infer"].message.find("64 CPU cores"), std::string::npos);
}

TEST_F(OrchestratorTest, FailedSamplesGiveStatusOneAndAreRetriedOnDemand) {
  scripts_ = {{"run0-infer", Succeeds(2)}};
  EXPECT_EQ(Run()->exit_status, 1);
  EXPECT_EQ(Run()->exit_status, 1);
  EXPECT_EQ(Started(), 0u);
  scripts_.clear();
  EXPECT_EQ(Run(/*retry_failed=*/true)->exit_status, 0);
  EXPECT_EQ(Started(), 1u);
}

TEST_F(OrchestratorTest, StoppingEndsEverythingAndTheNextRunGoesOn) {
  scripts_ = {{"run0-infer", {.run_for = FakeBehaviour::kForEver, .ignores_term = true}},
              {"run1-infer", {.run_for = Millis(10), .on_end = [this](const auto& seen) {
                                WriteOutputs(seen);
                                stop_ = true;
                              }}}};
  const Nanos before = clock_.Steady();
  const auto stopped = Run();
  ASSERT_TRUE(stopped.ok());
  EXPECT_TRUE(stopped->interrupted);
  EXPECT_EQ(stopped->exit_status, 130);
  EXPECT_LT(clock_.Steady() - before, std::chrono::seconds(2));
  EXPECT_EQ(recorder_.ends["run0/infer"].state, StageState::kStopped);
  EXPECT_EQ(recorder_.ends["run1/infer"].state, StageState::kDone);
  stop_ = false;
  scripts_.clear();
  EXPECT_EQ(Run()->exit_status, 0);
  EXPECT_EQ(Started(), 6u);
}

TEST_F(OrchestratorTest, InferenceUnderAnotherIdentityIsKeptAside) {
  ASSERT_TRUE(Run().ok());
  experiment_.runs[0].model.version = "2";
  ASSERT_TRUE(Run().ok());
  const Path old = workspace_.Experiment("e") / "runs/run0/superseded";
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(old), {}), 1);
}

TEST_F(OrchestratorTest, AnUnfinishedInferenceOfTheSameIdentityKeepsItsFiles) {
  scripts_ = {
      {"run0-infer", {.end = env::Signaled{9}, .on_start = [](const auto& seen) {
                        ASSERT_TRUE(
                            os::WriteFileAtomic(seen.mounts.at("/data/out") / "journal", "x").ok());
                      }}}};
  ASSERT_TRUE(Run().ok());
  scripts_.clear();
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(*os::ReadFile(workspace_.Experiment("e") / "runs/run0/inference/journal"), "x");
}

TEST(Workspace, IsUsedByOneRunAtATime) {
  const os::TempFolder folder;
  const Workspace workspace(folder.path() / "w");
  EXPECT_FALSE(workspace.IsLocked());
  const auto lock = workspace.Lock();
  ASSERT_TRUE(lock.ok());
  EXPECT_TRUE(workspace.IsLocked());
  const auto second = workspace.Lock();
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code(), ErrorCode::kUnavailable);
  EXPECT_NE(second.error().message().find(std::to_string(::getpid())), std::string::npos);
}

TEST_F(OrchestratorTest, AStageWhoseEnvironmentIsLostIsStartedAgainAndThenGivenUp) {
  scripts_ = {{"run0-infer", {.run_for = Millis(10), .end = env::Lost{"the engine ended"}}}};
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  const auto& calls = fake_->calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "run e-run0-infer"), 3);
  EXPECT_EQ(recorder_.ends["run0/infer"].state, StageState::kFailed);
  EXPECT_EQ(recorder_.ends["run1/infer"].state, StageState::kDone);
  EXPECT_TRUE(FindHandles(workspace_.Experiment("e")).empty());
}

TEST_F(OrchestratorTest, AModelWhoseEnvironmentCannotBeHadFailsAlone) {
  provisions_.resize(3);
  provisions_[1].model.problem = Error(ErrorCode::kUnavailable, "no such package");
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(recorder_.ends["run1/infer"].state, StageState::kFailed);
  EXPECT_EQ(recorder_.ends["run1/infer"].message, "no such package");
  EXPECT_EQ(recorder_.ends["run2/evaluate"].state, StageState::kDone);
  EXPECT_EQ(recorder_.ends["report"].state, StageState::kDone);
}

TEST_F(OrchestratorTest, ALinkInPlaceOfAnswersLeadsNowhere) {
  const Path secret = folder_.path() / "secret";
  ASSERT_TRUE(os::WriteFileAtomic(secret, "secret").ok());
  scripts_ = {{"run0-infer", {.run_for = Millis(10), .on_end = [&](const FakeEnvironment& seen) {
                                WriteOutputs(seen);
                                const Path answers = seen.mounts.at("/data/out") / "answers.csv";
                                std::filesystem::remove(answers);
                                std::filesystem::create_symlink(secret, answers);
                              }}}};
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(recorder_.ends["run0/evaluate"].state, StageState::kFailed);
  EXPECT_NE(recorder_.ends["run0/evaluate"].message.find("link"), std::string::npos);
  EXPECT_EQ(recorder_.ends["run1/evaluate"].state, StageState::kDone);
}

TEST_F(OrchestratorTest, AHandleStandsBesideARunningStageOnly) {
  std::vector<FoundHandle> while_running;
  scripts_ = {{"run0-infer", {.run_for = Millis(10), .on_end = [&](const FakeEnvironment& seen) {
                                while_running = FindHandles(workspace_.Experiment("e"));
                                WriteOutputs(seen);
                              }}}};
  ASSERT_TRUE(Run().ok());
  const auto mine = std::find_if(while_running.begin(), while_running.end(), [](const auto& found) {
    return found.handle.id == "e-run0-infer";
  });
  ASSERT_NE(mine, while_running.end());
  EXPECT_EQ(mine->handle.environment, "fake");
  EXPECT_EQ(mine->handle.identity.size(), 64u);
  EXPECT_TRUE(FindHandles(workspace_.Experiment("e")).empty());
}

TEST_F(OrchestratorTest, AStageThatEndedWithoutItsOrchestratorLeavesNoHandle) {
  ASSERT_TRUE(Run().ok());
  const Path left = workspace_.Experiment("e") / "runs/run0/inference.handle.json";
  ASSERT_TRUE(std::filesystem::is_directory(left.parent_path() / "inference"));
  ASSERT_TRUE(WriteHandle(left, {.environment = "fake", .id = "e-run0-infer"}).ok());
  ASSERT_TRUE(Run().ok());
  EXPECT_FALSE(std::filesystem::exists(left));
}

// What an earlier process left of the stages that this run plans, in an environment that outlives
// processes.
class Reattaching : public OrchestratorTest {
 protected:
  Reattaching() {
    capabilities_.name = "fake";
    capabilities_.gpu = true;
    capabilities_.reattach = true;
    capacity_.gpus = {"GPU-a", "GPU-b"};
    for (registry::ResolvedRun& run : experiment_.runs) run.model.resources.gpus = 1;
  }

  // Run `index` was started by an earlier process with these GPUs and runs still.
  void AddEarlier(size_t index, std::vector<std::string> gpus) {
    const std::string run = experiment_.runs[index].id;
    const Path folder = workspace_.Experiment("e") / "runs" / run;
    const std::string id = "e-" + run + "-infer";
    plan_ = plan::MakePlan(experiment_, inputs_, "1");
    const auto stage = std::find_if(plan_.stages.begin(), plan_.stages.end(),
                                    [&](const auto& one) { return one.id == run + "/infer"; });
    const std::string identity = plan::Identity(*stage, {});
    ASSERT_TRUE(os::MakeFolders(folder / "inference").ok());
    ASSERT_TRUE(
        WriteHandle(
            folder / "inference.handle.json",
            {.environment = "fake", .id = id, .identity = identity, .gpus = std::move(gpus)})
            .ok());
    FakeBehaviour behaviour{.run_for = Millis(50), .end = env::Exited{0}};
    behaviour.on_end = [=](const FakeEnvironment&) {
      ASSERT_TRUE(os::WriteFileAtomic(folder / "inference/answers.csv", "made").ok());
      ASSERT_TRUE(store::WriteResult(folder / "inference",
                                     {.identity = identity, .total = 10, .ok = 10}, {"answers.csv"})
                      .ok());
    };
    earlier_.push_back({.id = id,
                        .identity = identity,
                        .workspace = workspace_.Experiment("e").string(),
                        .behaviour = behaviour});
  }
};

TEST_F(Reattaching, AStageThatRunsStillIsFollowed) {
  AddEarlier(1, {"GPU-a"});
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exit_status, 0);
  const auto& calls = fake_->calls();
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "reattach e-run1-infer"), 1);
  EXPECT_EQ(std::count(calls.begin(), calls.end(), "run e-run1-infer"), 0);
  EXPECT_EQ(Started(), 6u);
  EXPECT_TRUE(FindHandles(workspace_.Experiment("e")).empty());
}

TEST_F(Reattaching, WhatRunsStillComesFirstAndKeepsItsGpu) {
  AddEarlier(2, {"GPU-a"});
  std::vector<std::string> given;
  scripts_ = {{"run0-infer", {.run_for = Millis(10), .on_end = [&](const FakeEnvironment& seen) {
                                given = seen.spec.gpu_ids;
                                WriteOutputs(seen);
                              }}}};
  ASSERT_TRUE(Run().ok());
  const auto& calls = fake_->calls();
  EXPECT_LT(std::find(calls.begin(), calls.end(), "reattach e-run2-infer"),
            std::find(calls.begin(), calls.end(), "run e-run0-infer"));
  EXPECT_EQ(given, std::vector<std::string>{"GPU-b"});
  EXPECT_EQ(fake_->most_running(), 2u);
}

TEST_F(Reattaching, OneOfAnotherIdentityIsStartedAnew) {
  AddEarlier(0, {"GPU-a"});
  experiment_.runs[0].model.version = "2";
  const auto summary = Run();
  ASSERT_TRUE(summary.ok());
  EXPECT_EQ(summary->exit_status, 0);
  EXPECT_EQ(Started(), 7u);
  EXPECT_EQ(fake_->earlier(), 0u);
}

TEST_F(Reattaching, StagesSideBySideGetDifferentGpus) {
  std::map<std::string, std::vector<std::string>> given;
  for (const char* run : {"run0-infer", "run1-infer"})
    scripts_.push_back({run, {.run_for = Millis(50), .on_end = [&](const FakeEnvironment& seen) {
                                given[seen.spec.id] = seen.spec.gpu_ids;
                                WriteOutputs(seen);
                              }}});
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(given["e-run0-infer"], std::vector<std::string>{"GPU-a"});
  EXPECT_EQ(given["e-run1-infer"], std::vector<std::string>{"GPU-b"});
}

// Random failures, stops and restarts: every stage ends once per run, capacity is never exceeded,
// and what was complete is never started again.
TEST_F(OrchestratorTest, SurvivesRandomHistories) {
  std::mt19937 random(5);
  for (int history = 0; history < 8; ++history) {
    experiment_.name = "h" + std::to_string(history);
    std::set<std::string> complete;
    for (int attempt = 0; attempt < 6; ++attempt) {
      scripts_.clear();
      for (const char* part : {"run0-infer", "run1-infer", "run2-infer", "run1-evaluate"})
        if (random() % 3 == 0)
          scripts_.push_back({part, {.run_for = Millis(random() % 200), .end = env::Signaled{9}}});
      if (random() % 3 == 0)
        scripts_.push_back({"run2-infer", {.run_for = Millis(20), .on_end = [this](const auto&) {
                                             stop_ = true;
                                           }}});
      const auto summary = Run();
      stop_ = false;
      ASSERT_TRUE(summary.ok());
      ASSERT_LE(fake_->most_running(), 2u);
      for (size_t i = 0; i < plan_.stages.size(); ++i) {
        const std::string& id = plan_.stages[i].id;
        const StageReport& report = summary->stages[i];
        ASSERT_NE(report.state, StageState::kRunning);
        const bool done_again =
            complete.contains(id) && report.state == StageState::kDone && !report.reused;
        EXPECT_FALSE(done_again) << id;
        if (report.state == StageState::kDone && id != "report") complete.insert(id);
      }
    }
    scripts_.clear();
    ASSERT_EQ(Run()->exit_status, 0);
  }
}

}  // namespace
}  // namespace vlmhb::orchestrator
