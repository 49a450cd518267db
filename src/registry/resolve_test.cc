#include "registry/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "registry/answers_lookup.h"
#include "registry/run_ids.h"

namespace vlmhb::registry {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr const char* kAnnotation =
    "\xEF\xBB\xBF"
    "data_index;image_path;question;answer;doc_class;question_type;language\r\n"
    "0;images/a.png;Q?;A;passport;surname;ru\r\n";

class ResolveTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("datasets/VQA/mini/annotation.csv", kAnnotation);
    Write("datasets/ocr/plain/annotation.csv", "image_path;answer\na.png;A\n");
  }

  void Write(const std::string& name, std::string_view text) {
    const os::Path file = temp_.path() / name;
    ASSERT_TRUE(os::MakeFolders(file.parent_path()).ok());
    ASSERT_TRUE(os::WriteFileAtomic(file, text).ok());
  }

  std::string At(const std::string& name) const { return (temp_.path() / name).string(); }

  Resolved ResolveText(const std::string& text, const std::string& file = "e.yaml") {
    config::Loaded loaded = config::ParseExperiment(text, temp_.path() / file);
    if (!loaded.ok()) return loaded.problems;
    const config::Experiment& experiment = loaded.experiment;
    std::vector<config::Problem> problems;
    const Registry registry =
        Registry::Load({{}, temp_.path() / "registries", experiment.folders.vlm_base}, problems);
    EXPECT_THAT(problems, IsEmpty()) << config::ToString(problems);
    return Resolve(experiment, registry, {[this](const std::string& name) { return Find(name); }});
  }

  std::optional<os::Path> Find(const std::string& name) const {
    if (name == "vlmhb-worker-tesseract" && plugin_built_) return "/bin/worker";
    return std::nullopt;
  }

  ResolvedExperiment Good(const std::string& text, const std::string& file = "e.yaml") {
    Resolved resolved = ResolveText(text, file);
    if (auto* problems = std::get_if<std::vector<config::Problem>>(&resolved)) {
      ADD_FAILURE() << config::ToString(*problems);
      return {};
    }
    return std::get<ResolvedExperiment>(std::move(resolved));
  }

  // The problems as text, with the temporary folder left out.
  std::string Bad(const std::string& text, const std::string& file = "e.yaml") {
    const Resolved resolved = ResolveText(text, file);
    const auto* problems = std::get_if<std::vector<config::Problem>>(&resolved);
    if (problems == nullptr) return "no problem";
    std::string shown = config::ToString(*problems);
    const std::string folder = temp_.path().string() + "/";
    for (size_t at; (at = shown.find(folder)) != std::string::npos;) shown.erase(at, folder.size());
    return shown;
  }

  const os::TempFolder temp_;
  bool plugin_built_ = true;
};

TEST_F(ResolveTest, FillsInEveryDefault) {
  const ResolvedExperiment e = Good("runs: [{task: VQA, dataset: mini, model: tesseract-eng}]");
  EXPECT_EQ(e.name, "e");
  ASSERT_THAT(e.runs, SizeIs(1));
  const ResolvedRun& run = e.runs[0];
  EXPECT_EQ(run.id, "tesseract-eng__mini");
  EXPECT_EQ(run.task.name, "vqa");
  EXPECT_THAT(run.model.command, ElementsAre("/bin/worker"));
  EXPECT_EQ(ToJson(run.model.params), R"({"languages":"eng","psm":6})");
  EXPECT_EQ(run.dataset.name, "mini");
  EXPECT_EQ(run.dataset.root, At("datasets/VQA/mini"));
  EXPECT_EQ(run.dataset.annotation, At("datasets/VQA/mini/annotation.csv"));
  EXPECT_EQ(run.dataset.columns.at("doc_class"), "doc_class");
  ASSERT_THAT(run.metrics, SizeIs(4));
  EXPECT_EQ(run.metrics[3].entry.implementation, "anls");
  EXPECT_THAT(run.group_by, ElementsAre("general", "by_doc_type", "by_doc_question"));
  EXPECT_EQ(run.concurrency, 1);
  EXPECT_EQ(run.timeout_ms, 120'000);
  EXPECT_EQ(run.attempts, 3);
  EXPECT_EQ(run.image_transport, "file");
  EXPECT_FALSE(run.answers.has_value());
  EXPECT_FALSE(run.prompt.fixed.has_value());
}

TEST_F(ResolveTest, OwnValuesReplaceDefaults) {
  Write("system_prompts/base.txt", "\xEF\xBB\xBFLine one\nline two\n");
  Write("prompt_collections/vqa/ru/p.csv", "prompt;doc_class_question_type\nx;passport surname\n");
  const ResolvedExperiment e = Good(R"(
runs:
  - task: vqa
    dataset: mini
    model: tesseract-eng
    framework: Tesseract
    model_params: {psm: 7, dpi: 300}
    system_prompt: base.txt
    prompt_collection: ru/p.csv
    metrics: [CER, {name: anls, params: {threshold: 0.7}}]
    group_by: [by_id, language, overall, general]
    filter_doc_class: passport
    limit: 3
    concurrency: 2
)");
  const ResolvedRun& run = e.runs.at(0);
  EXPECT_EQ(ToJson(run.model.params), R"({"languages":"eng","psm":7,"dpi":300})");
  EXPECT_EQ(run.prompt.system, "Line one\nline two");
  EXPECT_EQ(run.prompt.collection, At("prompt_collections/vqa/ru/p.csv"));
  ASSERT_THAT(run.metrics, SizeIs(2));
  EXPECT_EQ(run.metrics[0].entry.name, "cer");
  EXPECT_EQ(run.metrics[1].params.at("threshold"), json::value(0.7));
  EXPECT_THAT(run.group_by, ElementsAre("by_id", "language", "general"));
  EXPECT_EQ(run.dataset.filter_doc_class, "passport");
  EXPECT_EQ(run.dataset.limit, 3);
  EXPECT_EQ(run.concurrency, 2);
}

TEST_F(ResolveTest, AFewColumnsAreEnough) {
  const ResolvedExperiment e = Good("runs: [{task: ocr, dataset: plain, model: tesseract-eng}]");
  EXPECT_THAT(e.runs.at(0).dataset.columns, SizeIs(2));
  EXPECT_THAT(e.runs[0].group_by, ElementsAre("general"));
  EXPECT_THAT(*e.runs[0].prompt.fallback, HasSubstr("Read all text"));
}

TEST_F(ResolveTest, FindsDatasetsByPathAndByEntry) {
  Write("scans/annotation.csv", "img;text\na.png;A\n");
  Write("loose/three_rows.csv", "image_path;answer\na.png;A\n");
  Write("registries/datasets/s.yaml",
        "{name: my-scans, version: '1', task: OCR, path: ../../scans, "
        "columns: {image: img, answer: text}}");
  const ResolvedExperiment e = Good(R"(
bootstrap: {cluster: image_path}
defaults: {task: ocr, model: tesseract-eng}
runs:
  - dataset: loose/three_rows.csv
  - dataset: ./datasets/ocr/plain
)");
  EXPECT_EQ(e.runs.at(0).dataset.name, "three_rows");
  EXPECT_EQ(e.runs.at(0).dataset.root, At("loose"));
  EXPECT_EQ(e.runs.at(1).dataset.annotation, At("datasets/ocr/plain/annotation.csv"));
  const ResolvedExperiment entry = Good(
      "bootstrap: {cluster: img}\nruns: [{task: ocr, dataset: my-scans, model: tesseract-eng}]");
  EXPECT_EQ(entry.runs.at(0).dataset.root, At("scans"));
  EXPECT_EQ(entry.runs.at(0).dataset.columns.at("image"), "img");
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: my-scans, model: tesseract-eng}]"),
              HasSubstr("the dataset 'my-scans' is for the task 'OCR'"));
}

TEST_F(ResolveTest, AllProblemsComeAtOnce) {
  EXPECT_EQ(
      Bad(R"(runs:
  - task: vqa
    dataset: mimi
    model: tesseract-en
    metrics: [cerr]
    system_prompt: none.txt
  - task: vqa
    dataset: mini
    model: tesseract-eng
    framework: Tesserakt
    metrics: [cer, CER, {name: cer, params: {ignorecase: true}}]
    group_by: [langage, by_id]
  - task: vqqa
    dataset: mini
    model: tesseract-eng
    model_params: {psm: 99, page: 1}
  - task: ocr
    dataset: plain
    model: tesseract-eng
    filter_doc_class: x
    group_by: [by_doc_type]
)"),
      R"(e.yaml, line 2, /runs/0/model: there is no model 'tesseract-en'. Did you mean 'tesseract-eng'? `vlmhb registry list models` shows what there is.
e.yaml, line 2, /runs/0/metrics/0: there is no metric 'cerr'. Did you mean 'cer'? `vlmhb registry list metrics` shows what there is.
e.yaml, line 2, /runs/0/dataset: there is no dataset 'mimi': datasets/VQA/mimi is not there. Did you mean 'mini'?
e.yaml, line 2, /runs/0/system_prompt: cannot open system_prompts/none.txt: No such file or directory
e.yaml, line 7, /runs/1/model: the model 'tesseract-eng' is there for Tesseract; not for this framework. Did you mean 'Tesseract'?
e.yaml, line 7, /runs/1/metrics/1: the metric 'cer' is there twice
e.yaml, line 7, /runs/1/metrics/2: the metric 'cer' is there twice
e.yaml, line 7, /runs/1/metrics/2/params/ignorecase: unknown key 'ignorecase'. Did you mean 'ignore_case'?
e.yaml, line 7, /runs/1/group_by/0: 'langage' is neither by_id, by_doc_question, by_doc_type, general nor a column of datasets/VQA/mini/annotation.csv. Did you mean 'language'?
e.yaml, line 13, /runs/2/model_params/psm: expected an integer from 1 to 13, found 99.
e.yaml, line 13, /runs/2/model_params/page: unknown key 'page'. Known: languages, psm, oem, preprocess, blank_lines, dpi.
e.yaml, line 13, /runs/2/task: there is no task 'vqqa'. Did you mean 'vqa'? `vlmhb registry list tasks` shows what there is.
e.yaml, line 17, /runs/3/filter_doc_class: datasets/ocr/plain/annotation.csv has no column 'doc_class', which the filter needs.
e.yaml, line 17, /runs/3/group_by/0: by_doc_type needs the column 'doc_class', which datasets/ocr/plain/annotation.csv does not have
)");
}

TEST_F(ResolveTest, CsvProblemsNameRowAndColumn) {
  EXPECT_EQ(
      Bad("dataset;task;framework;model_name;metrics;metrics_aggregators\n"
          "mini;VQA;Tesseract;tesseract-eng;['CER'];['by_id', 'general']\n"
          "mini;VQA;Tesseract;tesseract-rus;['BLEU'];['by_docs']\n",
          "user_config.csv"),
      R"(user_config.csv, row 3, column model_name: there is no model 'tesseract-rus'. Did you mean 'tesseract-eng'? `vlmhb registry list models` shows what there is.
user_config.csv, row 3, column metrics: there is no metric 'BLEU'. `vlmhb registry list metrics` shows what there is.
user_config.csv, row 3, column metrics_aggregators: 'by_docs' is neither by_id, by_doc_question, by_doc_type, general nor a column of datasets/VQA/mini/annotation.csv.
)");
}

TEST_F(ResolveTest, AMistakeInDefaultsIsShownOnce) {
  EXPECT_EQ(
      Bad("defaults: {task: oc, dataset: plain}\nmatrix: {model: [tesseract-eng, "
          "tesseract-rus-eng]}"),
      "e.yaml, /defaults/task: there is no task 'oc'. Did you mean 'ocr'? `vlmhb registry list "
      "tasks` shows what there is.\n");
}

TEST_F(ResolveTest, ColumnsThatTheTaskNeedsMustBeThere) {
  Write("datasets/VQA/bad/annotation.csv", "image_path;answr\na.png;A\n");
  EXPECT_EQ(
      Bad("runs: [{task: vqa, dataset: bad, model: tesseract-eng}]"),
      R"(e.yaml, line 1, /runs/0/dataset: datasets/VQA/bad/annotation.csv has no column 'question', which the task 'vqa' needs.
e.yaml, line 1, /runs/0/dataset: datasets/VQA/bad/annotation.csv has no column 'answer', which the task 'vqa' needs. Did you mean 'answr'?
)");
  Write("datasets/VQA/own/annotation.csv", "image_path;answer\na.png;A\n");
  EXPECT_THAT(Good("runs: [{task: vqa, dataset: own, model: tesseract-eng, prompt: Read.}]").runs,
              SizeIs(1));
  Write("datasets/VQA/empty/annotation.csv", "");
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: empty, model: tesseract-eng}]"),
              HasSubstr("datasets/VQA/empty/annotation.csv is empty"));
  EXPECT_THAT(Bad("bootstrap: {cluster: page}\nruns: [{task: vqa, dataset: mini, model: "
                  "tesseract-eng}]"),
              HasSubstr("has no column 'page', by which the bootstrap resamples"));
}

TEST_F(ResolveTest, PromptFilesMustBeWhatTheySay) {
  Write("prompt_collections/vqa/x.csv", "a;b\n");
  Write("outside.csv", "prompt;doc_class_question_type\n");
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: tesseract-eng, prompt_collection: "
                  "x.csv}]"),
              HasSubstr("x.csv: it is no prompt collection: there is no column 'prompt'"));
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: tesseract-eng, prompt_collection: "
                  "../../outside.csv}]"),
              HasSubstr("/runs/0/prompt_collection: "));
  EXPECT_EQ(Good("runs: [{task: vqa, dataset: mini, model: tesseract-eng, system_prompt: Be "
                 "brief.}]")
                .runs.at(0)
                .prompt.system,
            "Be brief.");
}

TEST_F(ResolveTest, AMissingPluginSaysHowToBuildIt) {
  plugin_built_ = false;
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: tesseract-eng}]"),
              HasSubstr("`cmake --build build/release --target vlmhb-worker-tesseract`"));
  Write("registries/models/own.yaml",
        "{name: own, version: '1', framework: F, command: [../bin/run, -v]}");
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: own}]"),
              HasSubstr("the plug-in program registries/bin/run of the model 'own' cannot be run"));
  Write("registries/bin/run", "#!/bin/sh\n");
  std::filesystem::permissions(temp_.path() / "registries/bin/run",
                               std::filesystem::perms::owner_all);
  EXPECT_THAT(Good("runs: [{task: vqa, dataset: mini, model: own}]").runs.at(0).model.command,
              ElementsAre(At("registries/bin/run"), "-v"));
}

TEST_F(ResolveTest, ModelsOfVlmBaseCanOnlyBeEvaluated) {
  Write("vlm_base.csv", "framework;model_name;python_package\nHugging Face;Qwen;p\n");
  const std::string header = "dataset;task;framework;model_name;only_evaluate_metrics\n";
  EXPECT_THAT(Bad(header + "mini;VQA;Hugging Face;Qwen;False\n", "e.csv"),
              HasSubstr("e.csv, row 2, column model_name: the model 'Qwen' cannot be run: "));
  EXPECT_THAT(
      Bad(header + "mini;VQA;Hugging Face;Qwen;True\n", "e.csv"),
      HasSubstr("row 2, column only_evaluate_metrics: only_evaluate_metrics needs answers, but "
                "no file mini_Hugging_Face_Qwen_VQA_answers_<date>_<time>.csv is in "
                "model_answers"));
  Write("model_answers/mini_Hugging_Face_Qwen_VQA_answers_20250101_120000.csv",
        "id;model_answer\n0;A\n");
  Write("model_answers/mini_MODELFRAMEWORK_Qwen_VQA_answers_20250102_000000.csv",
        "id;model_answer\n0;B\n");
  EXPECT_EQ(Good(header + "mini;VQA;Hugging Face;Qwen;True\n", "e.csv").runs.at(0).answers,
            At("model_answers/mini_MODELFRAMEWORK_Qwen_VQA_answers_20250102_000000.csv"));
}

TEST_F(ResolveTest, AnswersOfAModelThatNoRegistryKnowsCanBeEvaluated) {
  Write("model_answers/a.csv", "id;model_answer\n0;A\n");
  Write("b.csv", "id;answer\n");
  const ResolvedExperiment e =
      Good("runs: [{task: vqa, dataset: mini, model: gpt-x, answers: a.csv}]");
  EXPECT_EQ(e.runs.at(0).answers, At("model_answers/a.csv"));
  EXPECT_EQ(e.runs.at(0).model.name, "gpt-x");
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: gpt-x, answers: aa.csv}]"),
              HasSubstr("there is no answers file 'aa.csv'"));
  EXPECT_THAT(Bad("runs: [{task: vqa, dataset: mini, model: gpt-x, answers: b.csv}]"),
              HasSubstr("b.csv is no answers file: it has no column 'model_answer'"));
}

TEST(Answers, TheNewestFittingNameWins) {
  config::RunConfig run;
  run.dataset = "d";
  run.framework = "Hugging Face";
  run.model = "m";
  run.task = "VQA";
  EXPECT_EQ(NewestAnswers({"d_Hugging_Face_m_VQA_answers_20250101_000000.csv",
                           "d_Hugging Face_m_vqa_answers_20250103_000000.csv",
                           "d_Hugging_Face_m_VQA_answers_20250102_000000.csv"},
                          run, "vqa"),
            "d_Hugging Face_m_vqa_answers_20250103_000000.csv");
  EXPECT_EQ(NewestAnswers({"d_Hugging_Face_m_VQA_answers_20250101.csv",
                           "d_Hugging_Face_mm_VQA_answers_20250101_000000.csv",
                           "x_Hugging_Face_m_VQA_answers_20250101_000000.csv",
                           "d_Hugging_Face_m_VQA_answers_20250101_000000.csv.bak"},
                          run, "vqa"),
            "");
}

TEST(RunIds, AreUniqueAndSafe) {
  const auto run = [](const char* name, const char* model, const char* dataset) {
    config::RunConfig config;
    config.name = name;
    config.model = model;
    config.dataset = dataset;
    return config;
  };
  std::vector<config::Problem> problems;
  EXPECT_THAT(MakeRunIds({run("", "m", "d"), run("", "m", "d"), run("m__d", "x", "y"),
                          run("", "M", "d"), run("", "a/b", "../x"), run("m__d-2", "", "")},
                         problems),
              ElementsAre("m__d-3", "m__d-4", "m__d", "M__d-5", "a-b__x", "m__d-2"));
  EXPECT_THAT(problems, IsEmpty());
  MakeRunIds({run("n", "m", "d"), run("n", "m", "d")}, problems);
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_EQ(problems[0].message, "another run has the name 'n' already");
}

}  // namespace
}  // namespace vlmhb::registry
