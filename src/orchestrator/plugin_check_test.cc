#include "orchestrator/plugin_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::orchestrator {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

json::object Hello(json::object capabilities) {
  return {{"type", "hello"},
          {"kind", "metric"},
          {"name", "m"},
          {"version", "1"},
          {"params_schema", {{"properties", {{"floor", {{"type", "number"}}}}}}},
          {"capabilities", std::move(capabilities)}};
}

class PluginCheckTest : public testing::Test {
 protected:
  PluginCheckTest() {
    registry::ResolvedRun run;
    run.id = "r";
    run.metrics.resize(1);
    run.metrics[0].entry.kind = registry::Kind::kMetric;
    run.metrics[0].entry.name = "m";
    run.metrics[0].entry.command = {"python", "-m", "x"};
    experiment_.file = "e.yaml";
    experiment_.runs.push_back(run);
    provisions_.resize(1);
    provisions_[0].metrics.resize(1);
  }

  std::vector<std::string> Problems(json::object hello) {
    provisions_[0].metrics[0].hello = std::move(hello);
    std::vector<std::string> texts;
    for (const config::Problem& problem : CompleteFromPlugins(experiment_, provisions_))
      texts.push_back(problem.ToString());
    return texts;
  }
  registry::MetricEntry& entry() { return experiment_.runs[0].metrics[0].entry; }

  registry::ResolvedExperiment experiment_;
  std::vector<RunProvision> provisions_;
};

TEST_F(PluginCheckTest, WhatAnEntryLeavesOutIsThePluginsToSay) {
  EXPECT_THAT(Problems(Hello({{"aggregate", "ratio"},
                              {"direction", "lower"},
                              {"unit", "words"},
                              {"range", {0, nullptr}}})),
              IsEmpty());
  EXPECT_EQ(entry().aggregate, "ratio");
  EXPECT_EQ(entry().direction, "lower");
  EXPECT_EQ(entry().unit, "words");
  EXPECT_EQ(entry().range, json::array({0, nullptr}));
}

TEST_F(PluginCheckTest, WhatAnEntrySaysStays) {
  entry().direction = "higher";
  entry().range = {0, 1};
  EXPECT_THAT(Problems(Hello({{"aggregate", "mean"}, {"direction", "lower"}})), IsEmpty());
  EXPECT_EQ(entry().direction, "higher");
  EXPECT_EQ(entry().range, json::array({0, 1}));
}

TEST_F(PluginCheckTest, ContradictionsAndGapsAreProblems) {
  entry().aggregate = "mean";
  EXPECT_THAT(Problems(Hello({{"aggregate", "corpus"}})),
              ElementsAre(HasSubstr("the entry says aggregate 'mean', the plug-in says 'corpus'"),
                          HasSubstr("whether 'higher' or 'lower' is better")));
}

TEST_F(PluginCheckTest, ParametersObeyThePluginsOwnSchema) {
  experiment_.runs[0].metrics[0].params = {{"flor", 0.5}};
  EXPECT_THAT(Problems(Hello({{"aggregate", "mean"}, {"direction", "lower"}})),
              ElementsAre(AllOf(HasSubstr("e.yaml"), HasSubstr("metric 'm'"), HasSubstr("flor"),
                                HasSubstr("floor"))));
}

TEST_F(PluginCheckTest, MetricsOfARunHaveOneImageBetweenThem) {
  entry().image = "a:1";
  experiment_.runs[0].metrics.push_back(experiment_.runs[0].metrics[0]);
  experiment_.runs[0].metrics[1].entry.name = "n";
  experiment_.runs[0].metrics[1].entry.image = "b:1";
  provisions_[0].metrics.resize(2);
  EXPECT_THAT(Problems({}), ElementsAre(HasSubstr("metric 'n': it needs the image 'b:1'")));
}

TEST(RunProvision, AProblemBelongsToTheStagesThatItConcerns) {
  RunProvision provision;
  provision.metrics.resize(2);
  EXPECT_EQ(provision.ProblemOf(plan::StageKind::kEvaluate), nullptr);
  provision.metrics[1].problem = Error(ErrorCode::kUnavailable, "no such package");
  EXPECT_EQ(provision.ProblemOf(plan::StageKind::kInfer), nullptr);
  EXPECT_EQ(provision.ProblemOf(plan::StageKind::kEvaluate)->message(), "no such package");
  provision.dataset = Error(ErrorCode::kInvalidConfig, "no samples");
  EXPECT_EQ(provision.ProblemOf(plan::StageKind::kInfer)->message(), "no samples");
}

}  // namespace
}  // namespace vlmhb::orchestrator
