#include "registry/prompt_resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"

namespace vlmhb::registry {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kCollection = R"(system_prompt: Be brief.
user_prompt: Read it.
type_mapping:
  passport:
    user_prompt: 'Read the {{ question_type }}.'
  invoice: {system_prompt: Sum up.}
models:
  qwen*: {system_prompt: Qwen., type_mapping: {passport: {user_prompt: Qwen passport.}}}
  qwen2.5-*: {user_prompt: null}
  qwen2.5-vl-3b: {fixed_prompt: 'Exact.'}
)";

std::string Mapped(std::string_view text, std::string_view model,
                   const std::string& file = "p.yaml") {
  std::vector<config::Problem> problems;
  const auto mapping = ReadPromptMapping(text, file, model, problems);
  EXPECT_EQ(mapping.has_value(), problems.empty());
  return mapping.has_value() ? ToCanonicalJson(mapping->texts) : config::ToString(problems);
}

TEST(PromptMapping, TheMostSpecificModelIsLaidOverTheRest) {
  EXPECT_EQ(Mapped(kCollection, "tesseract"),
            R"({"system_prompt":"Be brief.","type_mapping":{"invoice":{"system_prompt":"Sum up."},)"
            R"("passport":{"user_prompt":"Read the {{ question_type }}."}},)"
            R"("user_prompt":"Read it."})");
  EXPECT_EQ(Mapped(kCollection, "qwen3"),
            R"({"system_prompt":"Qwen.","type_mapping":{"invoice":{"system_prompt":"Sum up."},)"
            R"("passport":{"user_prompt":"Qwen passport."}},"user_prompt":"Read it."})");
  EXPECT_THAT(Mapped(kCollection, "qwen2.5-vl-7b"),
              testing::Not(HasSubstr(R"("user_prompt":"Read it.")")))
      << "null takes a key away";
  EXPECT_THAT(Mapped(kCollection, "qwen2.5-vl-3b"), HasSubstr(R"("fixed_prompt":"Exact.")"));
  EXPECT_THAT(Mapped(kCollection, "qwen2.5-vl-3b"), HasSubstr(R"("user_prompt":"Read it.")"));
}

TEST(PromptMapping, TheWholeMayBeWrapped) {
  EXPECT_EQ(
      Mapped(R"({"prompt_config": {"user_prompt": "u", "fixed_prompt": null}})", "m", "p.json"),
      R"({"user_prompt":"u"})");
  EXPECT_THAT(Mapped(R"({"prompt_config": {"user_promt": "u"}, "x": 1})", "m", "p.json"),
              HasSubstr("p.json, /x: 'prompt_config' holds the whole collection"));
}

TEST(PromptMapping, MistakesHaveTheirPlaces) {
  EXPECT_THAT(Mapped("prompt_config:\n  user_promt: u\n", "m"),
              HasSubstr("p.yaml, line 2, /prompt_config/user_promt: "));
  EXPECT_THAT(Mapped("user_promt: u\n", "m"), HasSubstr("Did you mean 'user_prompt'?"));
  EXPECT_THAT(Mapped("type_mapping:\n  a: {prompt: u}\n", "m"),
              HasSubstr("line 2, /type_mapping/a/prompt: "));
  EXPECT_THAT(Mapped("models:\n  other:\n    user_prompt: '{% if %}'\n", "m"),
              HasSubstr("p.yaml, line 3, /models/other/user_prompt: '{%' begins a statement"));
  EXPECT_THAT(Mapped("user_prompt: 1\n", "m"), HasSubstr("/user_prompt"));
  EXPECT_THAT(Mapped("[]", "m", "p.json"), HasSubstr("p.json"));
  EXPECT_THAT(Mapped("{", "m", "p.json"), HasSubstr("p.json"));
  EXPECT_THAT(Mapped(R"({"user_prompt":"a","user_prompt":"b"})", "m", "p.json"),
              HasSubstr("twice"));
}

class PromptFinderTest : public testing::Test {
 protected:
  void SetUp() override {
    experiment_.folders.prompt_collections = (folder_.path() / "collections").string();
    experiment_.folders.system_prompts = (folder_.path() / "system").string();
    run_.origin = {"e.yaml", 3, "/runs/0"};
    task_.name = "vqa";
    task_.file = "vqa.yaml";
    task_.columns = TaskEntry::UsualColumns();
    found_.header = {"image_path", "question", "answer", "doc_class", "question_type", "language"};
    found_.dataset.annotation = "a.csv";
    for (const char* role : {"question", "answer", "doc_class", "question_type"})
      found_.dataset.columns[role] = role;
  }

  void Write(const std::string& name, std::string_view text) const {
    const os::Path file = folder_.path() / name;
    ASSERT_TRUE(os::MakeFolders(file.parent_path()).ok());
    ASSERT_TRUE(os::WriteFileAtomic(file, text).ok());
  }

  // The problems, without the folder.
  std::string Problems(std::string_view model = "m") {
    std::vector<config::Problem> list;
    RunProblems problems(run_, list);
    spec_ = PromptFinder(experiment_, run_, task_, model, &found_, problems).Find();
    std::string text = config::ToString(list);
    const std::string folder = folder_.path().string() + "/";
    for (size_t at = 0; (at = text.find(folder)) != std::string::npos;)
      text.erase(at, folder.size());
    return text;
  }

  const os::TempFolder folder_;
  config::Experiment experiment_;
  config::RunConfig run_;
  TaskEntry task_;
  FoundDataset found_;
  data::PromptSpec spec_;
};

TEST_F(PromptFinderTest, AMappingIsChosenForTheModel) {
  Write("collections/VQA/p.yaml", kCollection);
  run_.prompt_collection = "p.yaml";
  EXPECT_THAT(Problems("qwen2.5-vl-3b"), IsEmpty());
  EXPECT_EQ(FindString(spec_.mapping.value(), "fixed_prompt"), "Exact.");
  EXPECT_FALSE(spec_.collection.has_value());
}

TEST_F(PromptFinderTest, UnknownNamesAreProblemsWithTheirPlaces) {
  Write("collections/vqa/p.yaml",
        "user_prompt: a\ntype_mapping:\n  x:\n    user_prompt: '{{ langage }}'\n"
        "models:\n  m: {system_prompt: '{{ answer }}'}\n  n: {system_prompt: '{{ unknown }}'}\n");
  run_.prompt_collection = "p.yaml";
  const std::string found = Problems();
  EXPECT_THAT(found, HasSubstr("collections/vqa/p.yaml, line 4, /type_mapping/x/user_prompt: "
                               "{{ langage }}: the samples have no such field. Did you mean "
                               "'language'?"));
  EXPECT_THAT(found, HasSubstr("p.yaml, line 6, /models/m/system_prompt: {{ answer }}: this is"));
  EXPECT_THAT(found, testing::Not(HasSubstr("unknown"))) << "that is for another model";
  found_.header_known = false;
  EXPECT_THAT(Problems(), IsEmpty()) << "names are not known yet";
}

TEST_F(PromptFinderTest, TextsOfTheConfigAndTheTaskAreTemplatesToo) {
  Write("system/base.txt", "one\n{{ two }}\n");
  run_.system_prompt = "base.txt";
  run_.prompt = "{{ three";
  task_.prompt = "{{ four }}";
  const std::string found = Problems();
  EXPECT_THAT(found, HasSubstr("/runs/0/system_prompt: base.txt: line 2: {{ two }}: "));
  EXPECT_THAT(found, HasSubstr("/runs/0/prompt: '{{ three' is not closed"));
  EXPECT_THAT(found,
              HasSubstr("/runs/0/task: the prompt of the task 'vqa' (vqa.yaml): {{ four }}"));
}

TEST_F(PromptFinderTest, RowsAreTemplatesToo) {
  Write("collections/vqa/p.csv", "prompt;doc_class_question_type\nok;a b\n{{ x }};c d\n");
  run_.prompt_collection = "p.csv";
  EXPECT_THAT(Problems(), HasSubstr("/runs/0/prompt_collection: collections/vqa/p.csv, line 3: "
                                    "{{ x }}: the samples have no such field."));
  EXPECT_TRUE(spec_.collection.has_value());
}

TEST_F(PromptFinderTest, ACollectionNeedsThePartsThatItChoosesBy) {
  found_.dataset.columns.erase("doc_class");
  Write("collections/vqa/plain.yaml", "user_prompt: a\n");
  run_.prompt_collection = "plain.yaml";
  EXPECT_THAT(Problems(), IsEmpty());
  Write("collections/vqa/p.yaml", "type_mapping: {a: {user_prompt: b}}\n");
  run_.prompt_collection = "p.yaml";
  EXPECT_THAT(Problems(), HasSubstr("a.csv has no column 'doc_class', which a prompt collection"));
  run_.prompt_collection = "none.json";
  EXPECT_THAT(Problems(), HasSubstr("/runs/0/prompt_collection: cannot open"));
}

}  // namespace
}  // namespace vlmhb::registry
