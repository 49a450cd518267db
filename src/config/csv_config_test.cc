#include "config/csv_config.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr const char* kHeader =
    "dataset;task;framework;model_name;system_prompt;prompt_collection;metrics;"
    "only_evaluate_metrics;metrics_aggregators;filter_doc_class;filter_question_type";

std::vector<std::string> Problems(const CsvRuns& runs) {
  std::vector<std::string> texts;
  for (const Problem& problem : runs.problems) texts.push_back(problem.ToString());
  return texts;
}

// One run whose `column` has `cell`.
CsvRuns WithCell(const std::string& column, const std::string& cell) {
  return ParseCsvConfig("dataset;task;model_name;" + column + "\nd;t;m;" + cell + "\n", "e.csv");
}

std::string Cell(const std::string& column, const std::string& cell) {
  const CsvRuns runs = WithCell(column, cell);
  if (!runs.problems.empty()) return runs.problems[0].ToString();
  json::object run = runs.runs.at(0).get_object();
  for (const char* key : {"dataset", "task", "model"}) run.erase(key);
  return ToJson(run);
}

TEST(CsvConfig, ReadsThePredecessorsFile) {
  const std::string text =
      "\xEF\xBB\xBF" + std::string(kHeader) +
      "\r\n"
      "passports_mini;VQA;Hugging Face;Qwen2.5-VL-3B-Instruct;base.txt;ru/passport.csv;['WER', "
      "'CER'];"
      "False;['by_id', 'general'];passport;surname\r\n"
      "\r\n"
      "007;VQA;Hugging Face;Qwen2-VL-2B-Instruct;;;\"[\"\"CER\"\"]\";True;('general',);;";
  const CsvRuns runs = ParseCsvConfig(text, "user_config.csv");
  EXPECT_THAT(Problems(runs), ElementsAre());
  ASSERT_EQ(runs.runs.size(), 2u);
  EXPECT_EQ(ToJson(runs.runs[0]),
            R"({"dataset":"passports_mini","task":"VQA","framework":"Hugging Face",)"
            R"("model":"Qwen2.5-VL-3B-Instruct","system_prompt":"base.txt",)"
            R"("prompt_collection":"ru/passport.csv","metrics":["WER","CER"],)"
            R"("only_evaluate_metrics":false,"group_by":["by_id","general"],)"
            R"("filter_doc_class":"passport","filter_question_type":"surname"})");
  EXPECT_EQ(ToJson(runs.runs[1]),
            R"({"dataset":"007","task":"VQA","framework":"Hugging Face",)"
            R"("model":"Qwen2-VL-2B-Instruct","metrics":["CER"],"only_evaluate_metrics":true,)"
            R"("group_by":["general"]})");
  EXPECT_THAT(runs.rows, ElementsAre(2, 4));
}

TEST(CsvConfig, AcceptsCommasAnyOrderAndFewColumns) {
  const CsvRuns runs =
      ParseCsvConfig("model_name,dataset,task,metrics\nm,d,t,\"['cer', 'wer']\"\n", "e.csv");
  EXPECT_THAT(Problems(runs), ElementsAre());
  EXPECT_EQ(ToJson(runs.runs),
            R"([{"model":"m","dataset":"d","task":"t","metrics":["cer","wer"]}])");
}

TEST(CsvConfig, ReadsEveryKindOfCell) {
  EXPECT_EQ(Cell("metrics", "['CER']"), R"({"metrics":["CER"]})");
  EXPECT_EQ(Cell("metrics", "'CER'"), R"({"metrics":["CER"]})");
  EXPECT_EQ(Cell("metrics", "None"), "{}");
  EXPECT_EQ(Cell("metrics", "[]"), "{}");
  EXPECT_EQ(Cell("metrics", ""), "{}");
  for (const char* yes : {"True", "TRUE", "true", "1", "yes", " True "})
    EXPECT_EQ(Cell("only_evaluate_metrics", yes), R"({"only_evaluate_metrics":true})");
  for (const char* no : {"False", "false", "0", "no"})
    EXPECT_EQ(Cell("only_evaluate_metrics", no), R"({"only_evaluate_metrics":false})");
  EXPECT_EQ(Cell("limit", "12"), R"({"limit":12})");
  EXPECT_EQ(Cell("temperature", "0.5"), R"({"sampling":{"temperature":5E-1}})");
  EXPECT_EQ(Cell("max_tokens", "64"), R"({"sampling":{"max_tokens":64}})");
  EXPECT_EQ(Cell("model_params", R"("{""psm"": 6}")"), R"({"model_params":{"psm":6}})");
  EXPECT_EQ(Cell("group_by", "['language']"), R"({"group_by":["language"]})");
}

TEST(CsvConfig, TextStaysText) {
  EXPECT_EQ(Cell("filter_doc_class", "0044"), R"({"filter_doc_class":"0044"})");
  EXPECT_EQ(Cell("filter_doc_class", "NA"), R"({"filter_doc_class":"NA"})");
  EXPECT_EQ(Cell("filter_doc_class", "null"), R"({"filter_doc_class":"null"})");
  EXPECT_EQ(Cell("filter_doc_class", "True"), R"({"filter_doc_class":"True"})");
  EXPECT_EQ(Cell("framework", " Hugging Face "), R"({"framework":" Hugging Face "})");
}

TEST(CsvConfig, NamesRowAndColumnOfEachBadCell) {
  EXPECT_EQ(Cell("metrics", "CER"),
            "e.csv, row 2, column metrics: expected a list such as ['CER', 'WER'], found 'CER'. "
            "Write ['CER'].");
  EXPECT_EQ(Cell("metrics", "['CER'"),
            "e.csv, row 2, column metrics: expected a list such as ['CER', 'WER'], found '['CER''. "
            "(at character 7: ',' or ']' expected, found the end)");
  EXPECT_EQ(Cell("metrics", "5"),
            "e.csv, row 2, column metrics: expected a list such as ['CER', 'WER'], found '5'.");
  EXPECT_EQ(Cell("only_evaluate_metrics", "maybe"),
            "e.csv, row 2, column only_evaluate_metrics: expected True or False, found 'maybe'.");
  EXPECT_EQ(Cell("limit", "1.5"), "e.csv, row 2, column limit: expected an integer, found '1.5'.");
  EXPECT_EQ(Cell("temperature", "inf"),
            "e.csv, row 2, column temperature: expected a number, found 'inf'.");
  EXPECT_THAT(Cell("model_params", "{psm: 6}"),
              HasSubstr("e.csv, row 2, column model_params: expected a JSON object"));
}

TEST(CsvConfig, NamesEachBadColumn) {
  const CsvRuns runs =
      ParseCsvConfig("dataset;task;modelname;docker_image;metrics;metrics\nd;t;m;i;;\n", "e.csv");
  EXPECT_THAT(
      Problems(runs),
      ElementsAre(
          "e.csv, row 1, column modelname: there is no such column. Did you mean "
          "'model_name'?",
          "e.csv, row 1, column docker_image: there is no such column. How a model is run "
          "stands in its registry entry, not in the experiment.",
          "e.csv, row 1, column metrics: two columns of the header set the same value; keep "
          "one",
          "e.csv, row 1, column model_name: this column is required, but the header lacks "
          "it"));
  EXPECT_THAT(runs.missing_keys, ElementsAre("model"));
}

TEST(CsvConfig, TheTwoNamesOfGroupByExcludeEachOther) {
  EXPECT_THAT(Problems(ParseCsvConfig(
                  "dataset;task;model_name;group_by;metrics_aggregators\nd;t;m;;\n", "e.csv")),
              ElementsAre(HasSubstr("column metrics_aggregators: two columns")));
}

TEST(CsvConfig, FindsMoreCellsThanColumns) {
  EXPECT_THAT(Problems(ParseCsvConfig("dataset;task;model_name\nd;t;m;;\nd;t;m;x\nd;t\n", "e.csv")),
              ElementsAre(HasSubstr("e.csv, line 3: the row has 4 cells, the header 3")));
}

TEST(CsvConfig, NamesTheFirstRowThatIsNotUtf8) {
  const std::string text =
      "dataset;task;model_name\nd;t;m\nd;t;\xEC\xEE\xE4\xE5\xEB\xFC\n\xE4;t;m\nd;t;m2\n";
  const CsvRuns runs = ParseCsvConfig(text, "e.csv");
  EXPECT_THAT(Problems(runs),
              ElementsAre("e.csv, row 3, column model_name: the text is not UTF-8 (Windows-1251, "
                          "perhaps?); save the file as UTF-8 (1 more rows are not UTF-8 either.)"));
  EXPECT_EQ(runs.runs.size(), 2u);
}

TEST(CsvConfig, FindsWhatMakesTheFileUnreadable) {
  EXPECT_THAT(Problems(ParseCsvConfig("", "e.csv")), ElementsAre(HasSubstr("the file is empty")));
  EXPECT_THAT(Problems(ParseCsvConfig("dataset;task;model_name\n", "e.csv")),
              ElementsAre(HasSubstr("there is no run")));
  EXPECT_THAT(Problems(ParseCsvConfig("dataset;task;model_name\nd;t;\"m\n", "e.csv")),
              ElementsAre(HasSubstr("e.csv, line 2: line 2: a quoted cell is never closed")));
}

TEST(CsvConfig, OneBadRowAmongThousandIsNamed) {
  std::string text = "dataset;task;model_name;limit\n";
  for (int i = 0; i < 1000; ++i) text += fmt::format("d{};t;m;{}\n", i, i == 617 ? "many" : "10");
  const CsvRuns runs = ParseCsvConfig(text, "e.csv");
  EXPECT_THAT(Problems(runs),
              ElementsAre("e.csv, row 619, column limit: expected an integer, found 'many'."));
  EXPECT_EQ(runs.runs.size(), 1000u);
}

}  // namespace
}  // namespace vlmhb::config
