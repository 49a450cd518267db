#include "config/load.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/document_config.h"
#include "config/schema.h"
#include "config/starter.h"
#include "config/yaml.h"

namespace vlmhb::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Problems(const std::string& text, const std::string& file = "e.yaml") {
  const Loaded loaded = ParseExperiment(text, "/nowhere/" + file);
  return ToString(loaded.problems);
}

Experiment Parsed(const std::string& text, const std::string& file = "e.yaml") {
  Loaded loaded = ParseExperiment(text, "/nowhere/" + file);
  EXPECT_TRUE(loaded.ok()) << ToString(loaded.problems);
  return std::move(loaded.experiment);
}

TEST(Load, EveryKeyArrives) {
  const Experiment e = Parsed(R"(
name: my demo
title: The demo
folders: {datasets: ../data, answers: /abs/answers}
bootstrap: {resamples: 200, seed: 7, cluster: data_index, level: 0.9}
runs:
  - name: one
    task: ocr
    dataset: demo
    framework: Tesseract
    model: m
    model_params: {psm: 6, token: "${env:HF_TOKEN}"}
    system_prompt: "Be brief."
    prompt: "Read it."
    metrics: [cer, {name: anls, params: {threshold: 0.7}}]
    group_by: [general, language]
    filter_doc_class: passport
    filter_question_type: surname
    limit: 5
    sampling: {max_tokens: 64, temperature: 0, seed: 1, stop: ["\n"]}
    concurrency: 4
    timeout_ms: 1000
    attempts: 2
    image_transport: data
)");
  EXPECT_EQ(e.name, "my-demo");
  EXPECT_EQ(e.title, "The demo");
  EXPECT_EQ(e.file, "/nowhere/e.yaml");
  EXPECT_EQ(e.folders.datasets, "/data");
  EXPECT_EQ(e.folders.prompt_collections, "/nowhere/prompt_collections");
  EXPECT_EQ(e.folders.answers, "/abs/answers");
  EXPECT_EQ(e.folders.vlm_base, "");
  EXPECT_EQ(e.bootstrap.resamples, 200);
  EXPECT_EQ(e.bootstrap.seed, 7);
  EXPECT_EQ(e.bootstrap.cluster, "data_index");
  EXPECT_DOUBLE_EQ(e.bootstrap.level, 0.9);
  ASSERT_THAT(e.runs, SizeIs(1));
  const RunConfig& run = e.runs[0];
  EXPECT_EQ(run.name + run.task + run.dataset + run.framework + run.model, "oneocrdemoTesseractm");
  EXPECT_EQ(ToJson(run.model_params), R"({"psm":6,"token":"${env:HF_TOKEN}"})");
  EXPECT_EQ(run.system_prompt, "Be brief.");
  EXPECT_EQ(run.prompt, "Read it.");
  ASSERT_TRUE(run.metrics.has_value());
  ASSERT_THAT(*run.metrics, SizeIs(2));
  EXPECT_EQ((*run.metrics)[1].name, "anls");
  EXPECT_EQ(ToJson((*run.metrics)[1].params), R"({"threshold":7E-1})");
  EXPECT_THAT(*run.group_by, ElementsAre("general", "language"));
  EXPECT_EQ(run.filter_doc_class, "passport");
  EXPECT_EQ(run.filter_question_type, "surname");
  EXPECT_EQ(run.limit, 5);
  EXPECT_EQ(ToJson(run.sampling), R"({"max_tokens":64,"temperature":0,"seed":1,"stop":["\n"]})");
  EXPECT_EQ(run.concurrency, 4);
  EXPECT_EQ(run.timeout_ms, 1000);
  EXPECT_EQ(run.attempts, 2);
  EXPECT_EQ(run.image_transport, "data");
  EXPECT_FALSE(run.only_evaluate_metrics);
}

TEST(Load, TheThreeFormsMeanTheSame) {
  const Experiment csv =
      Parsed("dataset;task;model_name;metrics;temperature\nd;t;m;['cer'];0.5\n", "e.csv");
  const Experiment yaml = Parsed(
      "runs: [{dataset: d, task: t, model: m, metrics: [cer], sampling: {temperature: 0.5}}]");
  const Experiment json = Parsed(
      R"({"runs":[{"dataset":"d","task":"t","model":"m","metrics":["cer"],"sampling":{"temperature":0.5}}]})",
      "e.json");
  for (const Experiment* e : {&csv, &yaml, &json}) {
    EXPECT_EQ(e->name, "e");
    EXPECT_EQ(e->title, "e");
    ASSERT_THAT(e->runs, SizeIs(1));
    EXPECT_EQ(e->runs[0].dataset + e->runs[0].task + e->runs[0].model, "dtm");
    EXPECT_EQ(e->runs[0].metrics->at(0).name, "cer");
    EXPECT_EQ(ToJson(e->runs[0].sampling), R"({"temperature":5E-1})");
  }
}

TEST(Load, DefaultsAndMatrixCombine) {
  const Experiment e = Parsed(R"(
defaults: {task: ocr, dataset: demo, limit: 3, sampling: {seed: 1, max_tokens: 9}, model_params: {a: 1}}
runs:
  - {model: solo, limit: 4, sampling: {max_tokens: 5}, model_params: {b: 2}}
matrix:
  model: [x, y]
  filter_doc_class: [p, q, r]
)");
  ASSERT_THAT(e.runs, SizeIs(7));
  EXPECT_EQ(e.runs[0].limit, 4);
  EXPECT_EQ(ToJson(e.runs[0].sampling), R"({"seed":1,"max_tokens":5})");
  EXPECT_EQ(ToJson(e.runs[0].model_params), R"({"a":1,"b":2})");
  std::string combinations;
  for (size_t i = 1; i < 7; ++i) {
    combinations += e.runs[i].model + *e.runs[i].filter_doc_class + " ";
    EXPECT_EQ(e.runs[i].limit, 3);
    EXPECT_EQ(e.runs[i].task, "ocr");
  }
  EXPECT_EQ(combinations, "xp xq xr yp yq yr ");
}

TEST(Load, OriginsPointToWhereAValueStands) {
  const Experiment yaml = Parsed("defaults:\n  task: t\nruns:\n  - dataset: d\n    model: m\n");
  EXPECT_EQ((Problem{yaml.runs[0].Field("model"), "?"}).ToString(),
            "e.yaml, line 4, /runs/0/model: ?");
  EXPECT_EQ((Problem{yaml.runs[0].Field("task"), "?"}).ToString(), "e.yaml, /defaults/task: ?");
  const Experiment csv = Parsed("dataset;task;model_name\n\nd;t;m\n", "e.csv");
  EXPECT_EQ((Problem{csv.runs[0].Field("model"), "?"}).ToString(),
            "e.csv, row 3, column model_name: ?");
  EXPECT_EQ((Problem{csv.runs[0].Field("sampling/seed"), "?"}).ToString(),
            "e.csv, row 3, column seed: ?");
  EXPECT_EQ((Problem{csv.runs[0].Field("group_by/1"), "?"}).ToString(),
            "e.csv, row 3, column metrics_aggregators: ?");
}

TEST(Load, AllProblemsComeAtOnce) {
  EXPECT_EQ(Problems(R"(name: 5
tite: x
bootstrap: {resamples: 1, level: 1}
defaults: {task: ocr, name: n}
runs:
  - dataset: d
    model_name: m
    limit: 0
    metrics: [5, {nam: cer}]
    image_transport: fil
    sampling: {max_token: 5}
    prompt: a
    prompt_collection: b
  - [x]
)"),
            R"(e.yaml, line 1, /name: expected a text of 1 to 100 characters, found 5.
e.yaml, line 2, /tite: unknown key 'tite'. Did you mean 'title'?
e.yaml, line 3, /bootstrap/level: expected a number above 0 and below 1, found 1.
e.yaml, line 3, /bootstrap/resamples: expected an integer from 100 to 100000, found 1.
e.yaml, line 4, /defaults/name: a name belongs to one run; give it under 'runs'
e.yaml, line 6, /runs/0/model: this run has no model
e.yaml, line 6, /runs/0/prompt: a fixed prompt and a prompt collection exclude each other
e.yaml, line 7, /runs/0/model_name: unknown key 'model_name'. In JSON and YAML this key is 'model'.
e.yaml, line 8, /runs/0/limit: expected an integer of at least 1, found 0.
e.yaml, line 9, /runs/0/metrics/0: expected a text of at least 1 characters or an object, found 5.
e.yaml, line 9, /runs/0/metrics/1/nam: unknown key 'nam'. Did you mean 'name'?
e.yaml, line 9, /runs/0/metrics/1: the key 'name' is missing
e.yaml, line 10, /runs/0/image_transport: expected one of 'file', 'data', found the text 'fil'. Did you mean 'file'?
e.yaml, line 11, /runs/0/sampling/max_token: unknown key 'max_token'. Did you mean 'max_tokens'?
e.yaml, line 14, /runs/1: expected an object, found a list.
)");
}

TEST(Load, AllCsvProblemsComeAtOnce) {
  EXPECT_EQ(Problems("dataset;task;model_name;limit;attempts;image_transport;dokument\n"
                     "d;t;;0;three;file;x\n"
                     ";t;m;1;1000;disk;\n",
                     "e.csv"),
            R"(e.csv, row 1, column dokument: there is no such column.
e.csv, row 2, column attempts: expected an integer, found 'three'.
e.csv, row 2, column limit: expected an integer of at least 1, found 0.
e.csv, row 2, column model_name: this run has no model
e.csv, row 3, column attempts: expected an integer from 1 to 100, found 1000.
e.csv, row 3, column image_transport: expected one of 'file', 'data', found the text 'disk'.
e.csv, row 3, column dataset: this run has no dataset
)");
}

TEST(Load, AMissingColumnIsReportedOnce) {
  EXPECT_EQ(Problems("dataset;task;limit\nd;t;0\nd;t;1\n", "e.csv"),
            R"(e.csv, row 1, column model_name: this column is required, but the header lacks it
e.csv, row 2, column limit: expected an integer of at least 1, found 0.
)");
}

TEST(Load, YamlTrapsAreNamed) {
  EXPECT_EQ(
      Problems("defaults: &d {task: t}\nruns:\n  - <<: *d\n    model: m\n    dataset: 007\n"),
      R"(e.yaml, line 3, /runs/0/<<: unknown key '<<'. YAML 1.2 has no merge keys; put what runs share under 'defaults'.
e.yaml, line 5, /runs/0/dataset: expected a text of at least 1 characters, found 7.
)");
  EXPECT_EQ(Parsed("runs: [{task: t, model: no, dataset: on}]").runs[0].model, "no");
  EXPECT_EQ(Problems("runs:\n  - {task: t, task: u, model: m, dataset: d}\n"),
            "e.yaml, line 2, /runs/0: the key 'task' is there twice\n");
}

TEST(Load, JsonMistakesAreNamed) {
  EXPECT_EQ(Problems(R"({"runs":[{"task":"t","model":"m","dataset":"d","task":"u"}]})", "e.json"),
            "e.json, /runs/0/task: this key is there twice\n");
  EXPECT_THAT(Problems("{\n\"runs\": [}", "e.json"), HasSubstr("e.json: line 2: not valid JSON"));
  EXPECT_THAT(Problems("{} {}", "e.json"), HasSubstr("not valid JSON"));
  EXPECT_EQ(Problems("[]", "e.json"), "e.json: expected an object, found a list.\n");
}

TEST(Load, RefusesWhatIsNoExperiment) {
  EXPECT_THAT(Problems("{}"), HasSubstr("there is no run"));
  EXPECT_THAT(Problems(""), HasSubstr("expected an object, found nothing"));
  EXPECT_THAT(Problems("x", "e.toml"), HasSubstr("the extension '.toml' says nothing"));
  const Loaded missing = LoadExperiment("/nowhere/e.yaml");
  EXPECT_THAT(ToString(missing.problems), HasSubstr("/nowhere/e.yaml"));
}

TEST(Load, RunsThatCanBeLookedUpAreThereBesideProblems) {
  const Loaded csv = ParseExperiment(
      "dataset;task;model_name;metrics\na;ocr;m;CER\nb;ocr;m;['CER']\n", "/nowhere/e.csv");
  EXPECT_THAT(csv.problems, SizeIs(1));
  EXPECT_THAT(csv.experiment.runs, SizeIs(2));  // the dataset of the first can be looked up
  const Loaded yaml = ParseExperiment(
      "runs:\n- {task: t, datset: d, model: m}\n- {task: t, dataset: d, model: m}\n",
      "/nowhere/e.yaml");
  EXPECT_THAT(yaml.experiment.runs, SizeIs(1));
  EXPECT_FALSE(yaml.ok());
}

TEST(Load, BoundsTheMatrix) {
  std::string hundred = "[a";
  for (int i = 1; i < 101; ++i) hundred += fmt::format(", a{}", i);
  hundred += "]";
  EXPECT_THAT(Problems("matrix: {model: " + hundred + ", dataset: " + hundred + "}"),
              HasSubstr("e.yaml, line 1, /matrix: more than 10000 combinations"));
  EXPECT_THAT(Problems("matrix: {model: [], dataset: [a]}"),
              HasSubstr("/matrix/model: expected a list of at least 1 items, found a list"));
  EXPECT_EQ(Problems("matrix: {model: [a, b], dataset: [c, d]}"),
            "e.yaml, line 1, /matrix/task: this run has no task\n");
}

TEST(Load, SecretsAreReferences) {
  EXPECT_EQ(
      Problems("runs:\n  - {task: t, model: m, dataset: '${env:X}', prompt: '${env:X}',\n"
               "     model_params: {api_key: sk-1, url: '${vault:x}', n: [{password: p}]}}\n"),
      R"(e.yaml, line 2, /runs/0/dataset: a reference to a secret is allowed in model_params only
e.yaml, line 3, /runs/0/model_params/api_key: a secret must not stand in a config; put it into an environment variable or a file and write ${env:NAME} or ${file:PATH} for 'api_key'
e.yaml, line 3, /runs/0/model_params/url: '${vault:x}' is no reference to a secret: ${env:NAME} (letters, digits, _) or ${file:PATH} expected
e.yaml, line 3, /runs/0/model_params/n/0/password: a secret must not stand in a config; put it into an environment variable or a file and write ${env:NAME} or ${file:PATH} for 'password'
)");
}

TEST(Load, AnswersImplyEvaluationOnly) {
  EXPECT_TRUE(Parsed("runs: [{task: t, model: m, dataset: d, answers: a.csv}]")
                  .runs[0]
                  .only_evaluate_metrics);
  EXPECT_THAT(Problems("dataset;task;model_name;only_evaluate_metrics;answers\nd;t;m;False;a.csv\n",
                       "e.csv"),
              HasSubstr("row 2, column answers: an answers file is scored without inference"));
}

TEST(Load, FindsThePredecessorsFolders) {
  const os::TempFolder temp;
  const auto write = [&](const char* name, std::string_view text) {
    ASSERT_TRUE(os::MakeFolders((temp.path() / name).parent_path()).ok());
    ASSERT_TRUE(os::WriteFileAtomic(temp.path() / name, text).ok());
  };
  write("data/datasets/x", "");
  write("cfg/base.csv", "");
  write("cfg/user_config.csv", "dataset;task;model_name\nd;t;m\n");
  write(
      "cfg/VLMHyperBench_config.json",
      R"({"vlm_base":"base.csv","data_dirs":{"datasets":"data/datasets","model_answers":"none"}})");
  Loaded loaded = LoadExperiment(temp.path() / "cfg/user_config.csv");
  const Experiment& e = loaded.experiment;
  EXPECT_EQ(e.folders.datasets, (temp.path() / "data/datasets").string());
  EXPECT_EQ(e.folders.vlm_base, (temp.path() / "cfg/base.csv").string());
  EXPECT_EQ(e.folders.answers, (temp.path() / "cfg/none").string());
  EXPECT_EQ(e.folders.system_prompts, (temp.path() / "cfg/system_prompts").string());
  EXPECT_EQ(e.name, "user_config");

  write("cfg/VLMHyperBench_config.json", "{");
  loaded = LoadExperiment(temp.path() / "cfg/user_config.csv");
  EXPECT_THAT(ToString(loaded.problems), HasSubstr("VLMHyperBench_config.json: not valid JSON"));
}

TEST(Starter, IsAValidExperiment) {
  const Experiment e = Parsed(std::string(StarterExperiment()));
  EXPECT_THAT(e.runs, SizeIs(2));
  EXPECT_EQ(e.runs[0].task, "ocr");
}

TEST(Schema, IsPublishedAndCompiles) {
  Result<json::value> schema = ParseJson(ExperimentSchemaText());
  ASSERT_TRUE(schema.ok());
  EXPECT_TRUE(JsonSchema::Compile(*schema).ok());
}

TEST(Schema, RefusesWhatIsNoSchema) {
  EXPECT_FALSE(JsonSchema::Compile(json::array()).ok());
  EXPECT_FALSE(JsonSchema::Compile(json::object{{"type", "strin"}}).ok());
}

}  // namespace
}  // namespace vlmhb::config
