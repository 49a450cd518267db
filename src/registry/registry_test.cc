#include "registry/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "registry/describe.h"
#include "registry/vlm_base.h"

namespace vlmhb::registry {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class RegistryTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, std::string_view text) {
    const os::Path file = temp_.path() / name;
    ASSERT_TRUE(os::MakeFolders(file.parent_path()).ok());
    ASSERT_TRUE(os::WriteFileAtomic(file, text).ok());
  }

  Registry Load(const char* vlm_base = "") {
    problems_.clear();
    const os::Path base = *vlm_base == '\0' ? os::Path() : temp_.path() / vlm_base;
    return Registry::Load({temp_.path() / "user", temp_.path() / "experiment", base}, problems_);
  }

  // The problems as text, with the temporary folder left out.
  std::string Problems() const {
    std::string text = config::ToString(problems_);
    const std::string folder = temp_.path().string() + "/";
    for (size_t at; (at = text.find(folder)) != std::string::npos;) text.erase(at, folder.size());
    return text;
  }

  const os::TempFolder temp_;
  std::vector<config::Problem> problems_;
};

TEST_F(RegistryTest, BuiltInEntriesAreWhole) {
  const Registry registry = Load();
  EXPECT_EQ(Problems(), "");
  for (const char* model : {"tesseract-rus-eng", "tesseract-eng", "tesseract-rus-eng-auto"}) {
    const Result<const ModelEntry*> found = registry.FindModel("Tesseract", model);
    ASSERT_TRUE(found.ok()) << model;
    EXPECT_THAT((*found)->command, ElementsAre("vlmhb-worker-tesseract"));
    EXPECT_EQ((*found)->level, Level::kBuiltIn);
  }
  for (const char* task : {"ocr", "vqa"}) {
    ASSERT_TRUE(registry.FindTask(task).ok());
    for (const std::string& metric : (*registry.FindTask(task))->metrics)
      EXPECT_TRUE(registry.FindMetric(metric).ok()) << metric;
  }
  EXPECT_EQ((*registry.FindMetric("cer"))->aggregate, "ratio");
  EXPECT_EQ((*registry.FindMetric("anls"))->aggregate, "mean");
}

TEST_F(RegistryTest, TasksAndMetricsAreFoundInAnyCase) {
  const Registry registry = Load();
  EXPECT_EQ((*registry.FindTask("VQA"))->name, "vqa");
  EXPECT_EQ((*registry.FindMetric("CER"))->name, "cer");
  EXPECT_FALSE(registry.FindModel("", "Tesseract-Eng").ok());
}

TEST_F(RegistryTest, UnknownNamesGetADidYouMean) {
  const Registry registry = Load();
  EXPECT_EQ(registry.FindModel("", "tesseract-rus-emg").error().message(),
            "there is no model 'tesseract-rus-emg'. Did you mean 'tesseract-rus-eng'? "
            "`vlmhb registry list models` shows what there is.");
  EXPECT_EQ(registry.FindMetric("BLEU").error().message(),
            "there is no metric 'BLEU'. `vlmhb registry list metrics` shows what there is.");
  EXPECT_EQ(
      registry.FindModel("Tesserakt", "tesseract-eng").error().message(),
      "the model 'tesseract-eng' is there for Tesseract; not for this framework. Did you mean "
      "'Tesseract'?");
}

TEST_F(RegistryTest, LaterLevelsOverrideEarlierOnes) {
  Write("user/models/mine.yaml",
        "{name: tesseract-eng, version: u, framework: F, command: [./run.sh]}");
  Write("experiment/models/mine.json",
        R"({"name":"tesseract-eng","version":"e","framework":"G","command":["bin/x","-v"]})");
  Write("user/tasks/t.yml", "{name: OCR, version: u, metrics: [cer]}");
  Write("user/datasets/d.yaml", "{name: scans, version: '1', task: ocr, path: ../scans}");
  Write("user/models/notes.txt", "not an entry");
  const Registry registry = Load();
  EXPECT_EQ(Problems(), "");
  const ModelEntry& model = **registry.FindModel("", "tesseract-eng");
  EXPECT_EQ(model.version, "e");
  EXPECT_EQ(model.level, Level::kExperiment);
  EXPECT_EQ((*registry.FindTask("ocr"))->version, "u");
  EXPECT_EQ((*registry.FindDataset("scans"))->path, (temp_.path() / "user/scans").string());
}

TEST_F(RegistryTest, DuplicatesInOneLevelNameBothFiles) {
  Write("user/models/a.yaml", "{name: m, version: '1', framework: F, command: [x]}");
  Write("user/models/b.yaml", "{name: m, version: '1.0', framework: F, command: [x]}");
  Load();
  EXPECT_EQ(Problems(),
            "user/models/b.yaml: version 1.0 of the model 'm' is in user/models/a.yaml already; "
            "within one level a version of a name is there once\n");
}

TEST_F(RegistryTest, TheHighestVersionThatFitsIsTaken) {
  for (const char* version : {"1.9", "1.10", "2.0rc1"})
    Write(std::string("user/metrics/") + version + ".yaml",
          std::string("{name: Mine, version: '") + version + "', plugin: mine}");
  Write("experiment/metrics/old.yaml", "{name: cer, version: '0.5', plugin: cer}");
  const Registry registry = Load();
  EXPECT_EQ(Problems(), "");
  const auto version = [&](std::string_view name) {
    const auto found = registry.FindMetric(name);
    return found.ok() ? (*found)->version : found.error().message();
  };
  EXPECT_EQ(version("mine"), "2.0rc1");
  EXPECT_EQ(version("mine@<2.0rc1"), "1.10");
  EXPECT_EQ(version("MINE@1.9"), "1.9");
  EXPECT_EQ(version("mine@>=3"),
            "there is no version >=3 of the metric 'Mine'; there is 2.0rc1 and 1.10 and 1.9");
  EXPECT_EQ(version("mine@new").substr(0, 33), "'new' is no range of versions; wr");
  // A later level comes first, as long as it has a version that fits.
  EXPECT_EQ(version("cer"), "0.5");
  EXPECT_EQ(version("cer@>=1"), "1.0.0");
}

TEST_F(RegistryTest, APluginIsACommandOfThePythonPackage) {
  Write("user/metrics/m.yaml", "{name: m, version: '1', plugin: m}");
  Write("user/tasks/t.yaml",
        "{name: t, version: '1', plugin: loader, metrics: [m], packages: [{type: pypi, name: p}]}");
  Write("user/metrics/both.yaml", "{name: both, version: '1', plugin: m, command: [x]}");
  Write("user/metrics/none.yaml", "{name: none, version: '1'}");
  Write("user/metrics/ours.yaml", "{name: ours, version: '1', implementation: cer}");
  const Registry registry = Load();
  EXPECT_THAT((*registry.FindMetric("m"))->command,
              ElementsAre("python", "-m", "vlmhyperbench.worker", "metric", "m"));
  const TaskEntry& task = **registry.FindTask("t");
  EXPECT_THAT(task.command, ElementsAre("python", "-m", "vlmhyperbench.worker", "task", "loader"));
  EXPECT_EQ(task.packages.at(0).name, "p");
  EXPECT_THAT(Problems(),
              AllOf(HasSubstr("both.yaml, line 1, /plugin: either 'command' or 'plugin'"),
                    HasSubstr("none.yaml, line 1: a metric has either 'implementation', or"),
                    HasSubstr("ours.yaml, line 1: required key 'aggregate' is missing")));
}

TEST_F(RegistryTest, BrokenEntriesAreNamedWithEveryMistake) {
  Write("user/models/a.yaml",
        "name: m\nversion: 1\nframwork: F\ncommand: []\nparams: {a: 1, token: x}\n"
        "params_schema: {properties: {a: {type: string}, token: {}}}\n");
  Write("user/models/b.yaml", "name: [\n");
  Write("user/models/c.yaml", "{name: c, version: '1', framework: F}");
  Write("user/models/d.yaml",
        "{name: d, version: '1', framework: F, command: [x], params_schema: {type: 5}}");
  Write("user/metrics/e.yaml",
        "{name: e, version: '1', implementation: cer, aggregate: sum, direction: lower, "
        "range: [1, 0]}");
  const Registry registry = Load();
  EXPECT_FALSE(registry.FindModel("", "m").ok());
  const std::string text = Problems();
  EXPECT_THAT(
      text,
      AllOf(
          HasSubstr("a.yaml, line 2, /version: expected a text of 1 to 50 characters, found 1."),
          HasSubstr("a.yaml, line 3, /framwork: unknown key 'framwork'. Did you mean 'framework'?"),
          HasSubstr("a.yaml, line 1: the key 'framework' is missing"),
          HasSubstr("a.yaml, line 4, /command: expected a list of 1 to 100 items, found a list."),
          HasSubstr("a.yaml, line 5, /params/a: expected a text, found 1."),
          HasSubstr("a.yaml, line 5, /params/token: a secret must not stand in a config")));
  EXPECT_THAT(text, HasSubstr("b.yaml: line 2:"));
  EXPECT_THAT(
      text,
      HasSubstr("c.yaml, line 1: a model has either 'command' or 'plugin', or 'unsupported'"));
  EXPECT_THAT(text, HasSubstr("d.yaml, line 1, /params_schema: not a JSON Schema (draft-07)"));
  EXPECT_THAT(
      text,
      HasSubstr("e.yaml, line 1, /aggregate: expected one of 'ratio', 'mean', 'corpus', found "
                "the text 'sum'."));
  EXPECT_THAT(text, HasSubstr("e.yaml, line 1, /range: the lowest value is not below the highest"));
}

constexpr const char* kVlmBase =
    "\xEF\xBB\xBF"
    "framework;model_family;model_name;docker_image;git_python_package;python_package;module;"
    "class_name\r\n"
    "Hugging Face;Qwen2-VL;Qwen2-VL-2B-Instruct;img:1;git+https://x@0.1.1;pkg;models;Qwen\r\n"
    "vLLM;Qwen2-VL;Qwen2-VL-2B-Instruct;img:2;;pkg;models;Qwen\r\n"
    "Old;T;tesseract-eng;img:3;;pkg;models;T\r\n";

TEST_F(RegistryTest, RowsOfVlmBaseAreModelsThatCannotBeRun) {
  Write("vlm_base.csv", kVlmBase);
  const Registry registry = Load("vlm_base.csv");
  EXPECT_EQ(Problems(), "");
  const Result<const ModelEntry*> found =
      registry.FindModel("Hugging Face", "Qwen2-VL-2B-Instruct");
  ASSERT_TRUE(found.ok());
  EXPECT_EQ((*found)->family, "Qwen2-VL");
  EXPECT_THAT((*found)->unsupported,
              AllOf(HasSubstr("Python class pkg.models:Qwen in the image img:1"),
                    HasSubstr("only_evaluate_metrics")));
  EXPECT_EQ(registry.FindModel("", "Qwen2-VL-2B-Instruct").error().message(),
            "the model 'Qwen2-VL-2B-Instruct' is there for Hugging Face and vLLM; name its "
            "framework.");
  EXPECT_FALSE(registry.FindModel(" Hugging Face ", "Qwen2-VL-2B-Instruct").ok());
  EXPECT_TRUE((*registry.FindModel("Tesseract", "tesseract-eng"))->unsupported.empty());
  EXPECT_FALSE((*registry.FindModel("Old", "tesseract-eng"))->unsupported.empty());
}

TEST(VlmBase, ReportsDamage) {
  const auto problems_of = [](std::string_view text) {
    std::vector<config::Problem> problems;
    ReadVlmBase(text, "vlm_base.csv", problems);
    return config::ToString(problems);
  };
  EXPECT_EQ(
      problems_of("framework;model_name\nF;m\nF;m\n"),
      "vlm_base.csv, row 3, column model_name: framework 'F' with model 'm' is in row 2 already; "
      "keep one\n");
  EXPECT_EQ(problems_of("framework;model\nF;m\n"),
            "vlm_base.csv, row 1, column model_name: the header lacks this column\n");
  EXPECT_EQ(problems_of("framework;model_name\nF;\xCF\n"),
            "vlm_base.csv, line 2: the text is not UTF-8\n");
  EXPECT_THAT(problems_of("framework;model_name\nF;\"m\n"), HasSubstr("never closed"));
}

TEST_F(RegistryTest, ListAndShowDescribeEntries) {
  Write("vlm_base.csv", kVlmBase);
  const Registry registry = Load("vlm_base.csv");
  EXPECT_THAT(List(registry, Kind::kModel), SizeIs(6));
  EXPECT_THAT(List(registry, Kind::kMetric), SizeIs(Ge(4)));
  EXPECT_THAT(List(registry, Kind::kDataset), IsEmpty());
  EXPECT_THAT(List(registry, Kind::kTask), SizeIs(Ge(2)));
  const json::object ocr = Show(registry, Kind::kTask, "OCR").value();
  EXPECT_EQ(FindString(ocr, "name"), "ocr");
  EXPECT_EQ(FindString(ocr, "level"), "built-in");
  EXPECT_EQ(FindString(ocr, "file"), "built-in:tasks/ocr.yaml");
  EXPECT_EQ(FindString(ocr, "report"), "text") << "the default";
  EXPECT_EQ(FindString(Show(registry, Kind::kTask, "kie").value(), "report"), "fields");

  const Result<json::object> model = Show(registry, Kind::kModel, "tesseract-eng");
  ASSERT_FALSE(model.ok());  // also a row of vlm_base.csv, of another framework
  const Result<json::object> shown = Show(registry, Kind::kModel, "tesseract-rus-eng");
  ASSERT_TRUE(shown.ok());
  EXPECT_EQ(ToJson(shown->at("params")), R"({"languages":"rus+eng","psm":6})");
  EXPECT_TRUE(FindBool(*shown, "runnable", false));
  EXPECT_EQ(ParseKind("Models"), Kind::kModel);
  EXPECT_EQ(ParseKind("dataset"), Kind::kDataset);
  EXPECT_EQ(ParseKind("modells"), std::nullopt);
}

}  // namespace
}  // namespace vlmhb::registry
