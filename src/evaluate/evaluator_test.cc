// The whole stage on small files: what is joined, scored, counted and written, and what is refused.

#include "evaluate/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

#include "base/csv.h"
#include "os/file.h"
#include "store/events.h"
#include "store/result.h"

namespace vlmhb::evaluate {
namespace {

using testing::HasSubstr;

constexpr std::string_view kAnnotation =
    "\xEF\xBB\xBF"
    "data_index;image_path;question;answer;doc_class;question_type;degradation\r\n"
    "0;a.png;q;Иванов;passport;name;clean\r\n"
    "0;a.png;q;77 01;passport;number;clean\r\n"
    "1;b.png;q;Петров;passport;name;blur\r\n"
    "2;c.png;q;100;invoice;total;clean\r\n"
    "2;c.png;q;;invoice;note;blur\r\n"
    "3;d.png;q;ООО «Ромашка»;invoice;seller;blur\r\n";
constexpr std::string_view kAnswers =
    "id;model_answer;outcome;error\n"
    "0;Иванов;ok;\n"
    "1;77 02;truncated;\n"
    "2;;timeout;no answer in 5 s\n"
    "3;100;ok;\n"
    "4;что-то;ok;\n";

using Table = std::vector<std::vector<std::string>>;

class EvaluatorTest : public testing::Test {
 protected:
  EvaluatorTest() {
    Write("annotation.csv", kAnnotation);
    Write("answers.csv", kAnswers);
    stage_ = {{"schema", "vlmhb.stage/1"},
              {"stage", "evaluate"},
              {"run", "r"},
              {"identity", "abc"},
              {"output", (folder_.path() / "out").string()}};
    evaluate_ = {
        {"answers", (folder_.path() / "answers.csv").string()},
        {"dataset",
         {{"root", folder_.path().string()},
          {"annotation", (folder_.path() / "annotation.csv").string()}}},
        {"metrics", json::array{MetricOf("cer", "ratio"), MetricOf("exact_match", "mean")}},
        {"group_by", {"by_id", "by_doc_type", "by_doc_question", "general", "degradation"}},
        {"bootstrap",
         {{"resamples", 200}, {"seed", 7}, {"cluster", "image_path"}, {"level", 0.95}}}};
  }

  static json::object MetricOf(std::string_view name, std::string_view aggregate) {
    return {{"name", name},           {"implementation", name}, {"params", json::object{}},
            {"aggregate", aggregate}, {"direction", "lower"},   {"unit", ""},
            {"range", {0, nullptr}}};
  }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(os::WriteFileAtomic(folder_.path() / name, text).ok());
  }

  Result<StageCounts> Run(bool stopped = false) {
    stage_["evaluate"] = evaluate_;
    const std::atomic<bool> stop = stopped;
    return RunEvaluateStage(stage_, clock_, stop);
  }

  std::string Error() {
    const auto counts = Run();
    EXPECT_FALSE(counts.ok());
    return counts.ok() ? "" : counts.error().ToString();
  }

  std::string Output(const std::string& name) const {
    return os::ReadFile(folder_.path() / "out" / name).value();
  }

  Table OutputTable(const std::string& name) const {
    std::ifstream in(folder_.path() / "out" / name, std::ios::binary);
    CsvReader reader(in, {});
    Table table;
    std::vector<std::string> cells;
    while (reader.Next(cells).value()) table.push_back(cells);
    return table;
  }

  // The row of metrics.csv for a group and metric, without these three cells.
  std::vector<std::string> Row(std::string_view by, std::string_view group,
                               std::string_view metric) const {
    for (const auto& row : OutputTable("metrics.csv")) {
      if (row[0] == by && row[1] == group && row[2] == metric) return {row.begin() + 3, row.end()};
    }
    return {};
  }

  std::vector<store::StageEvent> Events() const {
    return store::EventReader(folder_.path() / "out" / store::kEventsFile).Poll().value();
  }

  os::TempFolder folder_;
  json::object stage_;
  json::object evaluate_;
  FakeClock clock_;
};

TEST_F(EvaluatorTest, ScoresAnswersAndNothingElse) {
  const auto counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.error().ToString();
  EXPECT_EQ(counts->total, 6u);
  EXPECT_EQ(counts->ok, 4u);
  EXPECT_EQ(counts->failed, 2u);

  // 1 of 6 + 5 + 3 letters is wrong; the empty reference has no rate, the timeout no score.
  const auto cer = Row("general", "", "cer");
  ASSERT_EQ(cer.size(), 10u);
  EXPECT_DOUBLE_EQ(std::stod(cer[0]), 1.0 / 14);
  EXPECT_LE(std::stod(cer[1]), 1.0 / 14);
  EXPECT_GE(std::stod(cer[2]), 1.0 / 14);
  EXPECT_EQ(std::vector<std::string>(cer.begin() + 3, cer.end()),
            (std::vector<std::string>{"3", "2", "6", "1", "1", "0.5", "1"}));
  EXPECT_EQ(Row("general", "", "exact_match")[0], "0.5");
  EXPECT_EQ(Row("by_doc_type", "passport", "exact_match")[0], "0.5");
  // One image: a value without an interval.
  EXPECT_EQ(Row("by_doc_type", "invoice", "exact_match"),
            (std::vector<std::string>{"0.5", "", "", "2", "1", "3", "0", "1", "0.6666666666666666",
                                      "0"}));
  // Nothing scored: no value.
  EXPECT_EQ(Row("by_doc_question", "invoice | seller", "cer"),
            (std::vector<std::string>{"", "", "", "0", "0", "1", "0", "1", "0", "0"}));
}

TEST_F(EvaluatorTest, WritesEverySample) {
  ASSERT_TRUE(Run().ok());
  const Table table = OutputTable("metrics_by_id.csv");
  ASSERT_EQ(table.size(), 7u);
  EXPECT_EQ(table[0], (std::vector<std::string>{"id", "outcome", "answer", "model_answer",
                                                "data_index", "image_path", "question", "doc_class",
                                                "question_type", "degradation", "cer", "cer_weight",
                                                "exact_match", "exact_match_weight"}));
  EXPECT_EQ(table[2],
            (std::vector<std::string>{"1", "truncated", "77 01", "77 02", "0", "a.png", "q",
                                      "passport", "number", "clean", "0.2", "5", "0", "1"}));
  EXPECT_EQ(table[3][1], "timeout");
  EXPECT_EQ(table[3][3], "") << "a failure is never an answer";
  EXPECT_EQ(table[3][10], "");
  EXPECT_EQ(table[5][10], "") << "an empty reference has no rate";
  EXPECT_EQ(table[5][12], "0");
  EXPECT_EQ(table[6][1], "missing");
  EXPECT_TRUE(Output("metrics_by_id.csv").starts_with(kUtf8Bom));
}

TEST_F(EvaluatorTest, WritesAFilePerGrouping) {
  ASSERT_TRUE(Run().ok());
  const Table by_question = OutputTable("metrics_by_doc_question.csv");
  EXPECT_EQ(by_question[0][0], "doc_class");
  EXPECT_EQ(by_question[0][1], "question_type");
  EXPECT_EQ(by_question[0][2], "metric");
  EXPECT_EQ(by_question[1][0], "invoice") << "ascending by key";
  EXPECT_EQ(by_question[1][1], "note");
  EXPECT_EQ(OutputTable("metrics_by_doc_type.csv").size(), 5u);
  EXPECT_EQ(OutputTable("metrics_by_degradation.csv")[1][0], "blur");
}

TEST_F(EvaluatorTest, WritesStatistics) {
  ASSERT_TRUE(Run().ok());
  const json::object object = ParseJson(Output("statistics.json")).value().as_object();
  EXPECT_EQ(FindString(object, "schema"), "vlmhb.statistics/1");
  EXPECT_EQ(object.at("counts"),
            (json::value{
                {"expected", 6}, {"answered", 4}, {"failed", 1}, {"missing", 1}, {"clusters", 4}}));
  EXPECT_EQ(object.at("outcomes"), (json::value{{"ok", 3}, {"timeout", 1}, {"truncated", 1}}));
  EXPECT_EQ(object.at("bootstrap").at("cluster"), "image_path");
  const json::value& general = object.at("groups").at(0);
  EXPECT_EQ(general.at("by"), "general");
  EXPECT_EQ(general.at("metrics").at("cer").at("count"), 3);
  EXPECT_EQ(general.at("metrics").at("cer").at("ci").as_array().size(), 2u);
  EXPECT_EQ(object.at("groups").at(1).at("key"), (json::value{{"doc_class", "invoice"}}));
  EXPECT_TRUE(object.at("groups").at(1).at("metrics").at("cer").at("ci").is_null());
  EXPECT_EQ(object.at("metrics").at(1).at("aggregate"), "mean");

  const auto result = store::ReadResult(folder_.path() / "out").value().value();
  EXPECT_EQ(result.identity, "abc");
  EXPECT_EQ(result.failed, 2u);
  EXPECT_EQ(result.files.size(), 6u);
  EXPECT_EQ(Events().front().type, "started");
  EXPECT_EQ(Events().front().total, 6u);
  EXPECT_EQ(Events().back().status, "some_failed");
}

TEST_F(EvaluatorTest, TheOrderOfAnswersDoesNotMatter) {
  ASSERT_TRUE(Run().ok());
  const std::string statistics = Output("statistics.json");
  const std::string samples = Output("metrics_by_id.csv");
  Write("answers.csv",
        "model_answer,outcome,id\r\nчто-то,ok,4\r\n,timeout,2\r\n77 02,truncated,1\r\n"
        "Иванов,ok,0\r\n100,ok,3\r\nx,ok,99");
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Output("statistics.json"), statistics);
  EXPECT_EQ(Output("metrics_by_id.csv"), samples);
  bool warned = false;
  for (const auto& event : Events()) {
    warned = warned || event.message.find("1 of 6 answers belong to no") != std::string::npos;
  }
  EXPECT_TRUE(warned);
}

// 0044 and NULL stay text, ids join, not positions.
TEST_F(EvaluatorTest, ThePredecessorsFilesAreScoredAsText) {
  Write("annotation.csv", "image_path;answer\na.png;0044\nb.png;NULL\nc.png;12.10\n");
  Write("answers.csv", "\xEF\xBB\xBFid;model_answer\n2;12.1\n1;nan\n0;0044\n");
  evaluate_["group_by"] = json::array{"by_doc_type"};
  ASSERT_TRUE(Run().ok());
  const Table table = OutputTable("metrics_by_id.csv");
  EXPECT_EQ(table[1][5], "0");
  EXPECT_EQ(table[2][7], "0") << "NULL is not nan";
  EXPECT_EQ(table[3][5], "0.2");
  EXPECT_EQ(OutputTable("metrics.csv").size(), 3u) << "no doc_class: general only";
}

TEST_F(EvaluatorTest, FiltersKeepIdsAndBadRowsFail) {
  Write("annotation.csv",
        std::string(kAnnotation) + "9;e.png;too few\r\n" + "4;f.png;q;да;invoice;seller;clean\r\n");
  Write("answers.csv", std::string(kAnswers) + "6;x;ok;\n7;да;ok;\n");
  evaluate_["dataset"].as_object()["filter"] = {{"doc_class", "invoice"}};
  ASSERT_TRUE(Run().ok());
  const Table table = OutputTable("metrics_by_id.csv");
  ASSERT_EQ(table.size(), 6u);
  EXPECT_EQ(table[1][0], "3");
  EXPECT_EQ(table[4][0], "6");
  EXPECT_EQ(table[4][1], "bad_row");
  EXPECT_EQ(table[4][3], "");
  EXPECT_EQ(table[5][0], "7");
  EXPECT_EQ(Row("general", "", "exact_match")[5], "5") << "the bad row is expected in general";
  EXPECT_EQ(Row("by_doc_type", "invoice", "exact_match")[5], "4") << "and in no other group";
}

TEST_F(EvaluatorTest, MeanOfARateWeighsSamplesAlike) {
  json::object macro = MetricOf("cer", "mean");
  macro["name"] = "macro_cer";
  evaluate_["metrics"] = json::array{macro};
  ASSERT_TRUE(Run().ok());
  EXPECT_DOUBLE_EQ(std::stod(Row("general", "", "macro_cer")[0]), 0.2 / 3);
}

TEST_F(EvaluatorTest, SamplesWithoutAnImageAreTheirOwnClusters) {
  Write("annotation.csv", "answer;scan\na;\nb;\nc;x\nd;x\n");
  Write("answers.csv", "id;model_answer\n0;a\n1;x\n2;c\n3;d\n");
  evaluate_["group_by"] = json::array{};
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Row("general", "", "cer")[4], "4");
  EXPECT_TRUE(ParseJson(Output("statistics.json")).value().at("bootstrap").at("cluster").is_null());
  // The role's column stands in for the usual name.
  evaluate_["dataset"].as_object()["columns"] = {{"image", "scan"}};
  ASSERT_TRUE(Run().ok());
  EXPECT_EQ(Row("general", "", "cer")[4], "3");
  EXPECT_EQ(ParseJson(Output("statistics.json")).value().at("bootstrap").at("cluster"), "scan");
}

TEST_F(EvaluatorTest, ColumnsThatWouldCollideAreRenamed) {
  Write("annotation.csv", "id;image_path;answer;cer\nx;a.png;1;0.5\n");
  Write("answers.csv", "id;model_answer\n0;1\n");
  evaluate_["group_by"] = json::array{"cer"};
  ASSERT_TRUE(Run().ok());
  const Table table = OutputTable("metrics_by_id.csv");
  EXPECT_EQ(table[0],
            (std::vector<std::string>{"id", "outcome", "answer", "model_answer", "annotation_id",
                                      "image_path", "annotation_cer", "cer", "cer_weight",
                                      "exact_match", "exact_match_weight"}));
  EXPECT_EQ(table[1][4], "x");
}

TEST_F(EvaluatorTest, AnEmptyDatasetHasNoValues) {
  Write("annotation.csv", "image_path;answer\n");
  evaluate_["group_by"] = json::array{};
  const auto counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.error().ToString();
  EXPECT_EQ(counts->total, 0u);
  EXPECT_EQ(Row("general", "", "cer"),
            (std::vector<std::string>{"", "", "", "0", "0", "0", "0", "0", "", "0"}));
}

TEST_F(EvaluatorTest, RefusesWhatCannotBeMeant) {
  Write("answers.csv", "id;model_answer\n3;a\n0;b\n3;c\n");
  EXPECT_THAT(Error(), HasSubstr("id 3 occurs twice"));
  EXPECT_EQ(Events().back().type, "error");
  EXPECT_EQ(Events().back().code, "corrupt");
  Write("answers.csv", "id;model_answer\n0;b\n0;c\n");
  EXPECT_THAT(Error(), HasSubstr("id 0 occurs twice, the second time in line 3"));
  Write("answers.csv", "id;model_answer\n1000;b\n1001;c\n");
  EXPECT_THAT(Error(), HasSubstr("none of the 2 answers"));
  Write("answers.csv", kAnswers);
  evaluate_["group_by"] = json::array{"degradatoin"};
  EXPECT_THAT(Error(), HasSubstr("Did you mean 'degradation'?"));
  evaluate_["group_by"] = json::array{"doc_class", "by_doc_class"};
  EXPECT_THAT(Error(), HasSubstr("same file"));
  evaluate_["group_by"] = json::array{};
  evaluate_["bootstrap"].as_object()["cluster"] = "dokument";
  EXPECT_THAT(Error(), HasSubstr("no column dokument"));
  evaluate_["bootstrap"].as_object()["cluster"] = "image_path";
  evaluate_["metrics"].as_array().push_back(MetricOf("cer", "ratio"));
  EXPECT_THAT(Error(), HasSubstr("metric cer is named twice"));
  evaluate_["metrics"] = json::array{MetricOf("bleu", "ratio")};
  EXPECT_THAT(Error(), HasSubstr("no metric implementation is called bleu"));
}

TEST_F(EvaluatorTest, RefusesAColumnThatIsNoGrouping) {
  std::string annotation = "image_path;answer;document\n";
  for (int i = 0; i <= 10'000; ++i) annotation += "a.png;x;" + std::to_string(i) + "\n";
  Write("annotation.csv", annotation);
  evaluate_["group_by"] = json::array{"document"};
  EXPECT_THAT(Error(), HasSubstr("cannot group by column document: it has more than 10000"));
  Write("annotation.csv", "image_path;answer;document\na.png;x;" + std::string(5000, 'y') + "\n");
  EXPECT_THAT(Error(), HasSubstr("cannot group by column document"));
}

// An evaluation that is cut off must not leave the result of an earlier one behind.
TEST_F(EvaluatorTest, StopsWithoutAResult) {
  ASSERT_TRUE(Run().ok());
  const auto stopped = Run(/*stopped=*/true);
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code(), ErrorCode::kCancelled);
  EXPECT_FALSE(store::ReadResult(folder_.path() / "out").value().has_value());
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "out")) {
    EXPECT_EQ(entry.path().filename(), store::kEventsFile);
  }
}

// tests/plugins/scripted_batches.py: whether prediction and reference are equal.
json::object ScriptedMetric(std::string_view name, std::string_view aggregate) {
  return {{"name", name},
          {"command", {"/usr/bin/python3", "-S", VLMHB_SCRIPTED_BATCHES, "metric", aggregate}},
          {"params", json::object{}},
          {"aggregate", aggregate},
          {"direction", "higher"},
          {"unit", ""},
          {"range", {0, 1}}};
}

TEST_F(EvaluatorTest, PluginsScoreAsOurOwnMetricsDo) {
  evaluate_["metrics"] =
      json::array{MetricOf("exact_match", "mean"), ScriptedMetric("by_mean", "mean"),
                  ScriptedMetric("by_corpus", "corpus"), ScriptedMetric("by_ratio", "ratio")};
  const auto counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.error().ToString();
  const std::vector<std::string> own = Row("general", "", "exact_match");
  ASSERT_FALSE(own.empty());
  ASSERT_FALSE(own[1].empty());  // it has an interval
  EXPECT_EQ(Row("general", "", "by_mean"), own);
  EXPECT_EQ(Row("general", "", "by_corpus"), own);
  // The scripted ratio has 2 as every denominator.
  EXPECT_DOUBLE_EQ(std::stod(Row("general", "", "by_ratio")[0]), std::stod(own[0]) / 2);
  // A sample's own value of a corpus metric is what it would be for that sample alone.
  const Table samples = OutputTable("metrics_by_id.csv");
  const auto column = [&](std::string_view name) {
    return size_t(std::find(samples[0].begin(), samples[0].end(), name) - samples[0].begin());
  };
  for (size_t i = 1; i < samples.size(); ++i)
    EXPECT_EQ(samples[i][column("by_corpus")], samples[i][column("exact_match")]);
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out" / "metric_errors.csv"));
}

TEST_F(EvaluatorTest, ASampleOnWhichAPluginFailsIsUnscorableAndTold) {
  Write("answers.csv", "id;model_answer\n0;!exit\n1;!raise\n");
  evaluate_["metrics"] =
      json::array{MetricOf("exact_match", "mean"), ScriptedMetric("plugin", "mean")};
  const auto counts = Run();
  ASSERT_TRUE(counts.ok()) << counts.error().ToString();
  EXPECT_EQ(Row("general", "", "exact_match").back(), "0");
  EXPECT_EQ(Row("general", "", "plugin").back(), "2");  // unscorable
  const Table errors = OutputTable("metric_errors.csv");
  ASSERT_EQ(errors.size(), 3u);
  EXPECT_EQ(errors[1][1], "plugin");
  EXPECT_THAT(errors[1][2], HasSubstr("exit code 3"));
  EXPECT_EQ(errors[2][2], "ValueError: no such thing");
}

TEST_F(EvaluatorTest, AMetricThatDoesNotStartFailsTheStage) {
  json::object broken = ScriptedMetric("plugin", "mean");
  broken["params"] = {{"fail", "no such dictionary"}};
  evaluate_["metrics"] = json::array{broken};
  EXPECT_THAT(Error(), HasSubstr("no such dictionary (while loading a plug-in; while starting the "
                                 "metric plugin)"));
}

}  // namespace
}  // namespace vlmhb::evaluate
