#include "worker/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "worker/metric_host.h"
#include "worker/task_host.h"

namespace vlmhb::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// tests/plugins/scripted_batches.py
HostOptions Scripted(const std::string& kind, const std::string& aggregate = "mean") {
  HostOptions options;
  options.command.argv = {"python3", "-S", VLMHB_SCRIPTED_BATCHES, kind, aggregate};
  options.kind = kind;
  options.shutdown_grace = Millis(10'000);
  return options;
}

std::unique_ptr<MetricHost> StartMetric(HostOptions host, int restarts = 20) {
  auto metric =
      MetricHost::Start({.host = std::move(host), .fields = {"doc_class"}, .restarts = restarts});
  EXPECT_TRUE(metric.ok()) << metric.error().ToString();
  return metric.ok() ? std::move(*metric) : nullptr;
}

const std::vector<std::string> kCells = {"invoice"};

Result<std::vector<MetricScore>> Compute(MetricHost& metric,
                                         const std::vector<std::string>& predictions) {
  std::vector<MetricSample> samples;
  for (const std::string& prediction : predictions) samples.push_back({prediction, "yes", kCells});
  return metric.Compute(samples);
}

TEST(Host, SaysWhatThePluginIs) {
  Host host(Scripted("metric"));
  const Result<HelloReply> hello = host.Start();
  ASSERT_TRUE(hello.ok()) << hello.error().ToString();
  EXPECT_EQ(hello->name, "scripted");
  EXPECT_EQ(hello->version, "1.2");
  ASSERT_TRUE(hello->params_schema.has_value());
  EXPECT_TRUE(hello->params_schema->contains("properties"));
  EXPECT_EQ(FindString(hello->capabilities, "direction"), "higher");
  host.Shutdown();
  EXPECT_FALSE(host.alive());
}

TEST(Host, ErrorsOfStartingNameTheCause) {
  HostOptions other = Scripted("metric");
  other.kind = "task";
  const Result<HelloReply> wrong_kind = Host(other).Start();
  ASSERT_FALSE(wrong_kind.ok());
  EXPECT_EQ(wrong_kind.error().code(), ErrorCode::kUnsupported);
  EXPECT_THAT(wrong_kind.error().ToString(), HasSubstr("is a 'metric' of protocol 1; a 'task'"));

  HostOptions failing = Scripted("metric");
  failing.load_params = {{"fail", "no such file"}};
  const Result<HelloReply> not_loaded = Host(failing).Start();
  ASSERT_FALSE(not_loaded.ok());
  EXPECT_THAT(not_loaded.error().ToString(), HasSubstr("no such file"));

  HostOptions silent;
  silent.command.argv = {"python3", "-S", "-c", "import sys; sys.exit('no module xyz')"};
  const Result<HelloReply> ended = Host(silent).Start();
  ASSERT_FALSE(ended.ok());
  EXPECT_EQ(ended.error().code(), ErrorCode::kIo);
  EXPECT_THAT(ended.error().ToString(), HasSubstr("ended while greeting: exit code 1"));
  EXPECT_THAT(ended.error().ToString(), HasSubstr("no module xyz"));
}

TEST(Host, APluginThatHangsIsKilled) {
  HostOptions options;
  options.command.argv = {"/bin/sleep", "3600"};
  options.hello_timeout = Millis(50);
  Host host(options);
  const Result<HelloReply> hello = host.Start();
  ASSERT_FALSE(hello.ok());
  EXPECT_EQ(hello.error().code(), ErrorCode::kTimeout);
  EXPECT_FALSE(host.alive());
}

TEST(Host, StopsWhenAsked) {
  const std::atomic<bool> stop = true;
  HostOptions options = Scripted("metric");
  options.stop = &stop;
  const Result<HelloReply> hello = Host(options).Start();
  ASSERT_FALSE(hello.ok());
  EXPECT_EQ(hello.error().code(), ErrorCode::kCancelled);
}

TEST(MetricHost, ScoresABatch) {
  const auto metric = StartMetric(Scripted("metric"));
  ASSERT_NE(metric, nullptr);
  const auto scores = Compute(*metric, {"yes", "no", "!null", "!raise"});
  ASSERT_TRUE(scores.ok()) << scores.error().ToString();
  EXPECT_THAT((*scores)[0].values, ElementsAre(1.0));
  EXPECT_THAT((*scores)[1].values, ElementsAre(0.0));
  EXPECT_TRUE((*scores)[2].values.empty());
  EXPECT_EQ((*scores)[2].error, "");
  EXPECT_EQ((*scores)[3].error, "ValueError: no such thing");
}

TEST(MetricHost, RatiosHaveTwoNumbersAndCorpusMetricsAggregateSums) {
  const auto ratio = StartMetric(Scripted("metric", "ratio"));
  const auto corpus = StartMetric(Scripted("metric", "corpus"));
  ASSERT_TRUE(ratio != nullptr && corpus != nullptr);
  EXPECT_THAT((*Compute(*ratio, {"yes"}))[0].values, ElementsAre(1.0, 2.0));
  EXPECT_EQ(corpus->shape().width, 2u);
  EXPECT_THAT((*Compute(*corpus, {"no"}))[0].values, ElementsAre(0.0, 1.0));
  const std::vector<std::vector<double>> sums = {{3, 4}, {0, 0}};
  const auto values = corpus->Aggregate(sums);
  ASSERT_TRUE(values.ok()) << values.error().ToString();
  EXPECT_THAT(*values, ElementsAre(std::optional(0.75), std::nullopt));
}

// Each fault in the middle of a batch: the others have their scores, the one its reason.
class MetricFault : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(MetricFault, CostsItsOwnSample) {
  HostOptions options = Scripted("metric");
  options.idle_timeout = Millis(1'500);
  const auto metric = StartMetric(options);
  ASSERT_NE(metric, nullptr);
  const auto scores = Compute(*metric, {"yes", GetParam().first, "no"});
  ASSERT_TRUE(scores.ok()) << scores.error().ToString();
  EXPECT_THAT((*scores)[0].values, ElementsAre(1.0));
  EXPECT_TRUE((*scores)[1].values.empty());
  EXPECT_THAT((*scores)[1].error, HasSubstr(GetParam().second));
  EXPECT_THAT((*scores)[2].values, ElementsAre(0.0));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, MetricFault,
    testing::Values(std::pair{"!exit", "exit code 3; its last messages: about to exit"},
                    std::pair{"!hang", "said nothing for too long"},
                    std::pair{"!garbage", "broke the protocol"},
                    std::pair{"!nan", "not a finite number"},
                    std::pair{"!width", "a score has 4 numbers"}),
    [](const auto& fault) { return std::string(fault.param.first).substr(1); });

TEST(MetricHost, IsGivenUpAfterItsBudget) {
  const auto metric = StartMetric(Scripted("metric"), 2);
  ASSERT_NE(metric, nullptr);
  const auto scores = Compute(*metric, {"!exit", "!exit", "!exit"});
  ASSERT_FALSE(scores.ok());
  EXPECT_EQ(scores.error().code(), ErrorCode::kUnavailable);
  EXPECT_THAT(scores.error().ToString(), HasSubstr("ended 3 times and is given up"));
}

HostOptions TaskWith(json::array samples) {
  HostOptions options = Scripted("task");
  options.load_params = {{"samples", std::move(samples)}};
  return options;
}

TEST(TaskHost, StreamsSamples) {
  TaskHost task(TaskWith({{{"images", {"a.png", "bytes:PNG"}},
                           {"prompt", "Read"},
                           {"reference", {{"b", 1}, {"a", "x"}}},
                           {"fields", {{"page", "3"}, {"n", 4}}}},
                          {{"error", "cannot read row 2"}},
                          {{"images", {"bytes:one"}}, {"reference", "text"}}}));
  const auto hello = task.Start("/data/dataset");
  ASSERT_TRUE(hello.ok()) << hello.error().ToString();
  std::vector<TaskSample> samples(1);
  while (*task.Next(samples.back())) samples.emplace_back();
  ASSERT_EQ(samples.size(), 4u);  // the last is the end
  EXPECT_EQ(samples[0].images[0].path, "a.png");
  EXPECT_EQ(samples[0].images[1].bytes, "PNG");
  EXPECT_EQ(samples[0].prompt, "Read");
  EXPECT_EQ(samples[0].reference, R"({"a":"x","b":1})");
  EXPECT_THAT(samples[0].fields, ElementsAre(std::pair("page", "3"), std::pair("n", "4")));
  EXPECT_EQ(samples[1].error, "cannot read row 2");
  EXPECT_EQ(samples[2].images[0].bytes, "one");
  EXPECT_EQ(samples[2].reference, "text");
  task.Shutdown();
}

TEST(TaskHost, LoadMayDecideWhichFieldsThereAre) {
  HostOptions options = TaskWith({});
  options.load_params["fields"] = {"page", "source"};
  TaskHost task(options);
  ASSERT_TRUE(task.Start("/data/dataset").ok());
  EXPECT_THAT(task.fields(), ElementsAre("page", "source"));
}

TEST(TaskHost, WhatIsNoSampleIsAnError) {
  TaskHost task(TaskWith({{{"images", "a.png"}}}));
  ASSERT_TRUE(task.Start("/data/dataset").ok());
  TaskSample sample;
  const Result<bool> more = task.Next(sample);
  ASSERT_FALSE(more.ok());
  EXPECT_THAT(more.error().ToString(), HasSubstr("no list 'images'"));
}

TEST(TaskHost, ADatasetThatEndsInACrashIsNotComplete) {
  HostOptions options = TaskWith({{{"images", {"a.png"}}}});
  options.load_params["exit"] = true;
  TaskHost task(options);
  ASSERT_TRUE(task.Start("/data/dataset").ok());
  TaskSample sample;
  EXPECT_TRUE(*task.Next(sample));
  const Result<bool> more = task.Next(sample);
  ASSERT_FALSE(more.ok());
  EXPECT_THAT(more.error().ToString(), HasSubstr("exit code 4"));
}

}  // namespace
}  // namespace vlmhb::worker
