// What a task's report shows beyond metrics: the counting, its bounds, and the tables in all
// formats.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "report/confusion_counter.h"
#include "report/field_counter.h"
#include "report/fixture_test.h"
#include "report/html.h"
#include "report/json_report.h"
#include "report/markdown.h"
#include "report/task_counter.h"
#include "report/task_tables.h"

namespace vlmhb::report {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;  // expected, answered

TaskReport Count(std::string_view kind, const Pairs& pairs, const json::object& params = {}) {
  MetricDefinition metric;
  metric.name = "m";
  metric.params = params;
  TaskCounter counter(kind, std::span(&metric, 1));
  for (const auto& [expected, answered] : pairs) counter.Add(expected, answered);
  return counter.Take();
}

Report ReportOf(TaskReport task) {
  Report report;
  report.title = "t";
  report.runs.push_back({});
  report.runs[0].name = "run";
  report.runs[0].label = "model";
  report.runs[0].task_report = std::move(task);
  report.sections.push_back({"task", "data", {0}, {}});
  return report;
}

TEST(TaskCounterTest, CountsFieldsByPath) {
  const TaskReport task = Count("fields", {{R"({"a":"1","items":[{"p":"2"},{"p":"3"}]})",
                                            R"({"a":"x","items":[{"p":"2"}],"z":"new"})"},
                                           {R"({"a":"1"})", "no JSON"},
                                           {"no JSON", R"({"a":"1"})"}});
  ASSERT_EQ(task.fields.size(), 3u);
  const FieldCount& a = task.fields[0];
  EXPECT_EQ(a.path, "a");
  EXPECT_EQ(std::vector({a.expected, a.equal, a.wrong, a.missing}),
            (std::vector<int64_t>{2, 0, 1, 1}));
  const FieldCount& p = task.fields[1];
  EXPECT_EQ(p.path, "items[].p");
  EXPECT_EQ(std::vector({p.expected, p.equal, p.missing}), (std::vector<int64_t>{2, 1, 1}));
  EXPECT_EQ(task.fields[2].path, "z");
  EXPECT_EQ(task.fields[2].invented, 1);
}

TEST(TaskCounterTest, FieldsAreBounded) {
  Pairs pairs;
  for (size_t i = 0; i < FieldCounter::kMostFields + 7; ++i)
    pairs.push_back({fmt::format(R"({{"f{:04}":"1"}})", i), "{}"});
  const TaskReport task = Count("fields", pairs);
  ASSERT_EQ(task.fields.size(), FieldCounter::kMostFields + 1);
  EXPECT_EQ(task.fields.back().path, "");
  EXPECT_EQ(task.fields.back().missing, 7);
}

TEST(TaskCounterTest, ConfusesLabels) {
  const Pairs pairs = {{"cat", "Cat."}, {"cat", "dog"},          {"dog", "a dog"},
                       {"dog", "dog"},  {"dog", "cat or a dog"}, {"dog", ""}};
  const json::object params = {{"labels", {"cat", "dog"}}, {"ignore_case", true}};
  const TaskReport given = Count("confusion", pairs, params);
  ASSERT_TRUE(given.confusion.has_value());
  EXPECT_EQ(given.confusion->labels, (std::vector<std::string>{"dog", "cat"}));
  // Columns: dog, cat, other labels, no label.
  EXPECT_EQ(given.confusion->samples,
            (std::vector<std::vector<int64_t>>{{2, 0, 0, 2}, {1, 1, 0, 0}, {0, 0, 0, 0}}));
  const TaskReport unknown = Count("confusion", pairs, {{"ignore_case", true}});
  EXPECT_EQ(unknown.confusion->samples[0], (std::vector<int64_t>{1, 0, 0, 3}))
      << "without the labels a sentence names none";
}

TEST(TaskCounterTest, LabelsAreBounded) {
  Pairs pairs;
  for (int i = 0; i < 500; ++i)
    for (int twice = 0; twice < (i < 30 ? 2 : 1); ++twice)
      pairs.push_back({fmt::format("l{:03}", i), fmt::format("l{:03}", (i + 1) % 500)});
  const Confusion confusion = *Count("confusion", pairs).confusion;
  ASSERT_EQ(confusion.labels.size(), ConfusionCounter::kMostLabels);
  EXPECT_EQ(confusion.labels[0], "l000");
  EXPECT_EQ(confusion.samples[0][1], 2);
  EXPECT_EQ(confusion.samples[19][20], 2) << "l020 is another label";
  int64_t all = 0;
  for (const auto& row : confusion.samples)
    for (const int64_t count : row) all += count;
  EXPECT_EQ(all, 530) << "no sample is lost";
}

TEST(TaskCounterTest, CountsLettersAndPlaces) {
  const TaskReport choices = Count(
      "choices", {{"A", "Answer: A"}, {"A", "B"}, {"B", "I do not know"}, {"none here", "A"}});
  ASSERT_EQ(choices.choices.size(), 3u);
  EXPECT_EQ(choices.choices[0].letter, "A");
  EXPECT_EQ(choices.choices[0].expected, 2);
  EXPECT_EQ(choices.choices[0].right, 1);
  EXPECT_EQ(choices.choices[1].answered, 1);
  EXPECT_EQ(choices.choices[2].letter, "");
  EXPECT_EQ(choices.choices[2].answered, 1);

  const TaskReport order =
      Count("order", {{"[1,2,3]", "[1,3,2]"}, {"[2,1]", "none"}, {"[2,1]", "[2]"}});
  EXPECT_EQ(order.order->samples, 3);
  EXPECT_EQ(order.order->no_list, 1);
  EXPECT_EQ(order.order->other_length, 1);
  EXPECT_EQ(order.order->places[0].right, 2);
  EXPECT_EQ(order.order->places[0].expected, 3);
  EXPECT_EQ(order.order->places[2].expected, 1);
  std::string longer = "[1";
  for (int i = 2; i <= 30; ++i) longer += fmt::format(",{}", i);
  const TaskReport many = Count("order", {{longer + "]", longer + "]"}});
  ASSERT_EQ(many.order->places.size(), PageOrder::kPlaces + 1);
  EXPECT_EQ(many.order->places.back().right, 10);
}

TEST(TaskCounterTest, SeesDroppedScripts) {
  const TaskReport task = Count(
      "text", {{"Счёт № 12 invoice", "C4ET No 12 invoice"}, {"Итого: 10 руб.", "Mtoro: 10 py6."}});
  std::vector<std::string> dropped;
  for (const ScriptCount& count : task.scripts)
    if (count.dropped) dropped.push_back(count.script);
  EXPECT_EQ(dropped, std::vector<std::string>{"Cyrillic"});
  RunReport run;
  run.name = "r";
  run.task_report = task;
  EXPECT_EQ(
      DroppedScriptWarnings(run),
      std::vector<std::string>{
          "r drops Cyrillic letters: its answers have 0 such characters, the references 12."});
  EXPECT_TRUE(Count("text", {{"привет, мир", "привет"}}).scripts.at(0).dropped == false);
  EXPECT_TRUE(Count("text", {{std::string(300, 'a') + "я", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}})
                  .scripts.at(1)
                  .dropped == false)
      << "one letter in 300 is no loss to speak of";
  EXPECT_TRUE(Count("none", {{"привет", ""}}).scripts.empty());
}

TEST(TaskTablesTest, AreEscapedInEveryFormat) {
  const std::string hostile = "<script>|`*\x01\xff";
  TaskReport task = Count("confusion", {{hostile, "x"}, {"b", "b"}});
  task.fields = Count("fields", {{R"({"<i>|x":"1"})", "{}"}}).fields;
  const Report report = ReportOf(std::move(task));
  const std::string html = RenderHtml(report);
  EXPECT_EQ(CheckHtml(html), "");
  EXPECT_EQ(html.find("<script>"), std::string::npos);
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_NE(html.find("id=\"tasks\""), std::string::npos);
  const std::string markdown = RenderMarkdown(report);
  EXPECT_EQ(markdown.find("<script>"), std::string::npos);
  EXPECT_NE(markdown.find("#### Confusion: model"), std::string::npos);
  const json::object json = RenderJson(report);
  const json::object& run = json.at("runs").as_array().at(0).as_object();
  EXPECT_TRUE(ParseJson(ToJson(json)).ok());
  EXPECT_EQ(run.at("task_report").as_object().at("fields").as_array().size(), 1u);
}

TEST(TaskTablesTest, NothingIsShownWhereNothingWasAskedFor) {
  const Report report = ReportOf({});
  EXPECT_TRUE(TabulateTask(report, report.sections[0]).empty());
  EXPECT_EQ(RenderHtml(report).find("id=\"tasks\""), std::string::npos);
}

}  // namespace
}  // namespace vlmhb::report
