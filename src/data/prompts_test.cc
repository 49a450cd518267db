#include "data/prompts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::data {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

class PromptsTest : public testing::Test {
 protected:
  os::Path Write(std::string_view text) {
    os::Path path = folder_.path() / "prompts.csv";
    EXPECT_TRUE(os::WriteFileAtomic(path, text).ok());
    return path;
  }

  static PromptSpec Mapping(std::string_view text) {
    return {.mapping = ParseJson(text)->as_object()};
  }

  AnnotationRow Row(std::string question, std::string doc_class) const {
    AnnotationRow row{.line = 7,
                      .question = question,
                      .doc_class = doc_class,
                      .question_type = "name",
                      .system = "own"};
    row.cells = {"a.png", std::move(question), "secret", std::move(doc_class), "ru"};
    return row;
  }

  // "<text> <- <source> <place>" of the system and of the user prompt.
  std::string Resolved(const PromptSpec& spec, const AnnotationRow& row) const {
    const auto resolver = PromptResolver::Create(spec, fields_);
    if (!resolver.ok()) return resolver.error().message();
    const auto prompts = resolver->Resolve(row);
    if (!prompts.ok()) return prompts.error().message();
    const auto shown = [](const Prompt& prompt) {
      return prompt.text + " <- " + std::string(PromptSourceName(prompt.origin.source)) + " " +
             prompt.origin.place;
    };
    return shown(prompts->system) + "; " + shown(prompts->user);
  }

  os::TempFolder folder_;
  const SampleFields fields_{{"image_path", "q", "answer", "doc_class", "language"},
                             {.question = "q"}};
};

TEST_F(PromptsTest, ConfigThenRowThenQuestionThenTask) {
  PromptSpec spec{.fixed = "fixed",
                  .collection = Write("prompt;doc_class_question_type\nrow;passport name\n"
                                      "second;passport name\n;invoice name\n"),
                  .fallback = "task"};
  EXPECT_EQ(Resolved(spec, Row("q", "passport")),
            "own <- sample system_prompt; fixed <- config prompt");
  spec.fixed.reset();
  spec.system = "be brief";
  EXPECT_EQ(Resolved(spec, Row("q", "passport")),
            "be brief <- config system_prompt; row <- collection row line 2");
  spec.system.reset();
  EXPECT_THAT(Resolved(spec, Row("q", "invoice")), HasSubstr("; q <- sample question"));
  EXPECT_THAT(Resolved(spec, Row("", "invoice")), HasSubstr("; task <- task prompt"));
  spec.fallback.reset();
  EXPECT_THAT(
      Resolved(spec, Row("", "invoice")),
      HasSubstr("line 7: there is no prompt for doc_class 'invoice', question_type 'name'"));
}

TEST_F(PromptsTest, AMappingFallsBackFieldByField) {
  const PromptSpec spec = Mapping(R"({"system_prompt": "default s", "user_prompt": "default u",
      "type_mapping": {"passport": {"user_prompt": "passport u"}, "a/b": {"system_prompt": "ab s"},
                       "empty": {"user_prompt": ""}}})");
  EXPECT_EQ(Resolved(spec, Row("q", "passport")),
            "default s <- default /system_prompt; "
            "passport u <- mapping /type_mapping/passport/user_prompt");
  EXPECT_EQ(Resolved(spec, Row("q", "a/b")),
            "ab s <- mapping /type_mapping/a~1b/system_prompt; default u <- default /user_prompt");
  EXPECT_THAT(Resolved(spec, Row("q", "empty")), HasSubstr("; default u <- default"));
  EXPECT_THAT(Resolved(spec, Row("q", "other")), HasSubstr("; default u <- default"));
}

TEST_F(PromptsTest, WhatIsFixedGoesFirstAndTheSampleLast) {
  const std::string text = R"({"fixed_prompt": "f", "user_prompt": "u",
      "type_mapping": {"passport": {"user_prompt": "p", "system_prompt": "ps"}}})";
  PromptSpec spec = Mapping(text);
  EXPECT_EQ(Resolved(spec, Row("q", "passport")),
            "ps <- mapping /type_mapping/passport/system_prompt; f <- fixed /fixed_prompt");
  spec.system = "config";
  EXPECT_THAT(Resolved(spec, Row("q", "passport")), HasSubstr("config <- config system_prompt;"));
  EXPECT_EQ(Resolved(Mapping(R"({"fixed_system_prompt": "fs"})"), Row("q", "passport")),
            "fs <- fixed /fixed_system_prompt; q <- sample question");
  EXPECT_EQ(Resolved(Mapping("{}"), Row("q", "passport")),
            "own <- sample system_prompt; q <- sample question");
}

TEST_F(PromptsTest, TemplatesHaveTheFieldsOfTheSampleAndOwnTextsAreNone) {
  PromptSpec spec{.system = "In {{ language }}", .fixed = "{{doc_class}}: {{ question }} {{ q }}"};
  EXPECT_EQ(Resolved(spec, Row("{{ language }}?", "passport")),
            "In ru <- config system_prompt; "
            "passport: {{ language }}? {{ language }}? <- config prompt");
  EXPECT_THAT(Resolved({}, Row("{{ nonsense }}", "passport")),
              HasSubstr("{{ nonsense }} <- sample question"));
  EXPECT_THAT(Resolved({.fallback = "{{ doc_class }}!"}, Row("", "passport")),
              HasSubstr("passport! <- task"));
  EXPECT_THAT(Resolved({.fixed = "[{{ doc_class }}]"}, Row("", "")), HasSubstr("; [] <- config"))
      << "an empty cell is an empty text";
}

TEST_F(PromptsTest, UnknownNamesAreFoundBeforeTheFirstSample) {
  EXPECT_EQ(Resolved({.fixed = "{{ langage }}"}, Row("q", "c")),
            "the prompt of config (prompt): {{ langage }}: the samples have no such field. Did you "
            "mean 'language'? They have image_path, q, doc_class, language, question");
  EXPECT_THAT(Resolved({.system = "{{ answer }}"}, Row("q", "c")),
              HasSubstr("{{ answer }}: this is the reference answer, which no model may be told"));
  EXPECT_EQ(SampleFields({"text", "answer"}, {.answer = "text"}).Find("text").error().code(),
            ErrorCode::kInvalidConfig);
  EXPECT_FALSE(SampleFields({"q"}, {}).Find("question_type").ok()) << "the annotation has none";
}

TEST_F(PromptsTest, EveryProblemIsFoundAtOnce) {
  std::vector<PromptProblem> problems;
  PromptSpec spec = Mapping(R"({"user_prompt": "{{ a }}", "type_mapping":
                                {"x": {"system_prompt": "{% if %}"}}})");
  spec.collection = Write("prompt;doc_class_question_type\nok;a b\n{{ c;d e\n");
  ASSERT_TRUE(PromptResolver::Create(spec, &fields_, problems).ok());
  ASSERT_THAT(problems, SizeIs(3));
  EXPECT_EQ(problems[0].origin.place, "/user_prompt");
  EXPECT_EQ(problems[1].origin.place, "/type_mapping/x/system_prompt");
  EXPECT_EQ(problems[2].origin.place, "line 3");
  problems.clear();
  ASSERT_TRUE(PromptResolver::Create(spec, nullptr, problems).ok());
  EXPECT_THAT(problems, SizeIs(2)) << "names are not known yet";
}

TEST_F(PromptsTest, RowsOfACollectionHaveTheirLines) {
  const auto rows = ReadPromptRows(
      "\xEF\xBB\xBFprompt;doc_class_question_type;cer\r\nfirst;passport name;1\r\n"
      "\"a\nb\";passport name;2\r\n;invoice total;\r\nlast;x y;\r\n",
      "p.csv");
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(3)) << "an empty prompt is none";
  EXPECT_EQ((*rows)[1].prompt, "a\nb");
  EXPECT_EQ((*rows)[2].key, "x y");
  EXPECT_EQ((*rows)[2].line, 6u);
}

TEST_F(PromptsTest, WrongCollectionsSayWhy) {
  const auto message = [&](std::string_view text) {
    return ReadPromptRows(std::string(text), "p.csv").error().message();
  };
  EXPECT_THAT(message("promt;doc_class_question_type\n"), HasSubstr("Did you mean 'promt'?"));
  EXPECT_THAT(message("prompt;doc_class_question_type\na\n"), HasSubstr("line 2: 1 cells"));
  EXPECT_THAT(message("prompt;doc_class_question_type\n\"a\n"), HasSubstr("never closed"));
  EXPECT_THAT(message("\xFF"), HasSubstr("not UTF-8"));
  EXPECT_EQ(PromptResolver::Create({.collection = "/none"}, fields_).error().code(),
            ErrorCode::kNotFound);
}

TEST_F(PromptsTest, TheSpecIsReadFromJson) {
  const auto spec =
      ParsePromptSpec(ParseJson(R"({"system":"s","fixed":null,"collection":"/c","fallback":"f",
                    "mapping":{"user_prompt":"u"}})")
                          ->as_object());
  ASSERT_TRUE(spec.ok());
  EXPECT_EQ(spec->system, "s");
  EXPECT_FALSE(spec->fixed.has_value());
  EXPECT_EQ(spec->collection, os::Path("/c"));
  EXPECT_EQ(ToJson(*spec->mapping), R"({"user_prompt":"u"})");
  EXPECT_FALSE(ParsePromptSpec(ParseJson(R"({"system":1})")->as_object()).ok());
  EXPECT_FALSE(ParsePromptSpec(ParseJson(R"({"mapping":"x"})")->as_object()).ok());
}

}  // namespace
}  // namespace vlmhb::data
