// What metrics read out of answers: JSON, letters, labels, lists, boxes.

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "metrics/boxes.h"
#include "metrics/choice.h"
#include "metrics/fields.h"
#include "metrics/find_json.h"
#include "metrics/labels.h"
#include "metrics/page_order.h"
#include "metrics/scripts.h"

namespace vlmhb::metrics {
namespace {

std::string FirstJson(std::string_view text, std::string_view opening = "{") {
  std::string found = "none";
  FindJson(text, opening, [&](const json::value& value) {
    found = ToJson(value);
    return true;
  });
  return found;
}

TEST(FindJsonTest, FindsTheFirstThatParses) {
  EXPECT_EQ(FirstJson(R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(FirstJson("```json\n{\"a\": [1, {\"b\": 2}]}\n```"), R"({"a":[1,{"b":2}]})");
  EXPECT_EQ(FirstJson(R"(Here {it} is: {"a": "}{\"]"} and {"b":2}.)"), R"({"a":"}{\"]"})");
  EXPECT_EQ(FirstJson(R"({'a': 1} {"b":2})"), R"({"b":2})");
  EXPECT_EQ(FirstJson(R"(unclosed { then {"b":2})"), R"({"b":2})");
  EXPECT_EQ(FirstJson(R"({"cut":"off)"), "none");
  EXPECT_EQ(FirstJson("[1,2]"), "none");
  EXPECT_EQ(FirstJson("[1,2]", "{["), "[1,2]");
  EXPECT_EQ(FirstJson(std::string(200'000, '{')), "none");
  EXPECT_EQ(FirstJson(""), "none");
}

TEST(FindJsonTest, ADocumentIsNothingButJson) {
  for (const char* text : {"{}", " [1]\n", "```json\n{\"a\":1}\n```", "```\n[]\n```"})
    EXPECT_TRUE(IsJsonDocument(text)) << text;
  for (const char* text : {"", "1", "\"x\"", "{} {}", "Here: {}", "```json {}```", "``````", "{"})
    EXPECT_FALSE(IsJsonDocument(text)) << text;
}

std::vector<std::string> Paths(std::string_view text) {
  std::vector<std::string> paths;
  const auto fields = ReadFields(text, {});
  if (!fields) return {"none"};
  for (const auto& [path, value] : *fields) paths.push_back(path + "=" + ToUtf8(value));
  return paths;
}

TEST(FieldsTest, AreFlattened) {
  EXPECT_EQ(Paths(R"({"b":" x ","a":{"c":12.5,"d":true},"e":[{"f":"1"},"2"],"n":null,"z":""})"),
            (std::vector<std::string>{"a.c=12.5", "a.d=true", "b=x", "e[0].f=1", "e[1]=2"}));
  EXPECT_EQ(Paths(R"({"fields":{"name":{"value":"Иван","bboxes":[]},"sex":"M"},"index":3})"),
            (std::vector<std::string>{"name=Иван", "sex=M"}));
  EXPECT_EQ(Paths("no JSON"), std::vector<std::string>{"none"});
  EXPECT_EQ(Paths("{}"), std::vector<std::string>{});
}

TEST(FieldsTest, AreBounded) {
  std::string many = "{\"a\":[0";
  for (int i = 0; i < 10'000; ++i) many += ",0";
  EXPECT_EQ(Paths(many + "]}"), std::vector<std::string>{"none"});
  EXPECT_EQ(Paths("{\"" + std::string(1'001, 'k') + "\":1}"), std::vector<std::string>{"none"});
}

TEST(FieldsTest, AWrongValueIsBothMissingAndTooMuch) {
  const std::string_view reference = R"({"a":"1","b":"2","c":"3"})";
  const std::string_view answer = R"(The fields: {"a":1,"b":"x","d":"4"})";
  const auto accuracy = FieldAccuracy(reference, answer, {});
  EXPECT_EQ(accuracy->numerator, 1);
  EXPECT_EQ(accuracy->denominator, 3);
  const auto f1 = FieldF1(reference, answer, {});
  EXPECT_EQ(f1->numerator, 2);    // 2 TP
  EXPECT_EQ(f1->denominator, 6);  // 2 TP + FP (b, d) + FN (b, c)
  EXPECT_EQ(FieldAccuracy(reference, "none", {})->value(), 0);
  EXPECT_EQ(FieldF1(reference, "none", {})->value(), 0);
  EXPECT_FALSE(FieldAccuracy("{}", answer, {}).has_value());
  EXPECT_EQ(FieldF1("{}", answer, {})->value(), 0) << "invented fields";
  EXPECT_FALSE(FieldF1("{}", "{}", {}).has_value());
  EXPECT_FALSE(FieldF1("text", answer, {}).has_value());
}

std::string Letter(std::string_view text) {
  static Scratch scratch;
  const auto letter = ChosenLetter(text, scratch);
  return letter ? ToUtf8(std::vector<Symbol>{*letter}) : "-";
}

TEST(ChoiceTest, ReadsTheLetterThatIsMeant) {
  const std::pair<const char*, const char*> cases[] = {
      {"B", "B"},
      {"b", "B"},
      {"(B)", "B"},
      {"B.", "B"},
      {"**B**", "B"},
      {"B) a red cat", "B"},
      {"b) a red cat", "B"},
      {"B. Option A is wrong.", "B"},
      {"C\nbecause A and B are wrong", "C"},
      {"Answer: B", "B"},
      {"answer: b", "B"},
      {"ANSWER - (C)", "C"},
      {"The correct answer is option **D**.", "D"},
      {"Answer: A. No, wait. Answer: C", "C"},
      {"A is wrong, B too. The answer is \\boxed{C}.", "C"},
      {"\\boxed{\\text{B}}", "B"},
      {"Answer: \\boxed{A}", "A"},
      {"Answer: B. Option A is wrong.", "B"},
      {"I choose option C, since it fits.", "C"},
      {"After some thought (A) is out, so (B)", "B"},
      {"I think it is B.", "B"},
      {"Ответ: Б", "Б"},
      {"Правильный ответ — вариант В.", "B"},
      {"вариант В", "B"},
      {"Ответ: (г)", "Г"},
      {"Выбираю С", "C"},
      {"Ｂ", "B"},
      {"the answer is a cat", "-"},
      {"A cat sits there", "-"},
      {"I do not know", "-"},
      {"Ответ в тексте документа", "-"},
      {"", "-"},
      {"42", "-"},
  };
  for (const auto& [text, letter] : cases) EXPECT_EQ(Letter(text), letter) << text;
}

TEST(ChoiceTest, NoLetterIsWrong) {
  Scratch scratch;
  EXPECT_EQ(ChoiceAccuracy("B", "Answer: B", scratch)->value(), 1);
  EXPECT_EQ(ChoiceAccuracy("В", "B", scratch)->value(), 1) << "the Cyrillic letter looks alike";
  EXPECT_EQ(ChoiceAccuracy("B", "I do not know", scratch)->value(), 0);
  EXPECT_EQ(ChoiceAccuracy("B", "", scratch)->value(), 0);
  EXPECT_FALSE(ChoiceAccuracy("the second", "B", scratch).has_value());
}

TEST(LabelsTest, NamesTheOnlyOne) {
  Scratch scratch;
  const std::vector<std::string> labels = {"invoice", "tax invoice", "Чек", "no"};
  const NormalizeOptions fold{.ignore_case = true};
  const auto named = [&](std::string_view answer) {
    return NamedLabel(answer, labels, fold, scratch);
  };
  EXPECT_EQ(named("Invoice."), "invoice");
  EXPECT_EQ(named("**Tax  invoice**"), "tax invoice");
  EXPECT_EQ(named("This is a tax invoice, not more."), "tax invoice");
  EXPECT_EQ(named("Это чек!"), "чек");
  EXPECT_EQ(named("an invoice or a чек"), "");
  EXPECT_EQ(named("invoices"), "") << "not at a word's end";
  EXPECT_EQ(named("invoice invoice"), "invoice");
  EXPECT_EQ(named("nothing"), "");
  EXPECT_EQ(named(""), "");
  EXPECT_EQ(NamedLabel(" «Чек». ", {}, fold, scratch), "чек");
  EXPECT_EQ(LabelAccuracy("Invoice", "It is an invoice", labels, fold, scratch)->value(), 1);
  EXPECT_EQ(LabelAccuracy("Invoice", "It is an invoice", {}, fold, scratch)->value(), 0);
  EXPECT_EQ(LabelAccuracy("letter", "letter", labels, fold, scratch)->value(), 1);
  EXPECT_FALSE(LabelAccuracy(" . ", "x", labels, fold, scratch).has_value());
}

TEST(PageOrderTest, ReadsLists) {
  using Numbers = std::vector<int64_t>;
  const std::pair<const char*, Numbers> cases[] = {
      {"[3, 1, 2]", {3, 1, 2}},
      {"{\"order\": [2, 1]}", {2, 1}},
      {"[\"2\", \"1\"]", {2, 1}},
      {"Pages [sic]: [2,1] of [3]", {2, 1}},
      {"1,1,2", {1, 1, 2}},
      {"112", {1, 1, 2}},
      {"Порядок: 2 → 1 → 10", {2, 1, 10}},
      {"The 3 pages are 2, 3, 1.", {2, 3, 1}},
      {"first 1 2, then 3 4 5", {3, 4, 5}},
      {"[7]", {7}},
      {"2->1", {2, 1}},
  };
  for (const auto& [text, numbers] : cases) EXPECT_EQ(ReadNumbers(text), numbers) << text;
  for (const char* text : {"", "no list", "page 1", "[]", "[1.5]", "99999999999999999999 text"})
    EXPECT_FALSE(ReadNumbers(text).has_value()) << text;
  EXPECT_FALSE(ReadNumbers(std::string(1'001, '1')).has_value());
}

TEST(PageOrderTest, AnAnswerWithoutAnOrderScoresNothing) {
  EXPECT_EQ(KendallTau("[1,2,3]", "[1,2,3]")->value(), 1);
  EXPECT_EQ(KendallTau("[1,2,3]", "[3,2,1]")->value(), -1);
  EXPECT_EQ(KendallTau("[1,2,3]", "[1,2]")->value(), 0);
  EXPECT_EQ(KendallTau("[1,2,3]", "none")->value(), 0);
  EXPECT_EQ(KendallTau("[1,2,3]", "[1,1,1]")->value(), 0);
  EXPECT_FALSE(KendallTau("[1]", "[1]").has_value());
  EXPECT_FALSE(KendallTau("none", "[1,2]").has_value());
  const auto hits = PositionAccuracy("[1,2,3]", "[1,3,2,9]");
  EXPECT_EQ(hits->numerator, 1);
  EXPECT_EQ(hits->denominator, 3);
  EXPECT_EQ(PositionAccuracy("[1,2,3]", "none")->value(), 0);
  EXPECT_FALSE(PositionAccuracy("none", "[1]").has_value());
}

double IouOf(std::string_view reference, std::string_view answer, const BoxOptions& options = {}) {
  const auto score = MeanIou(reference, answer, options);
  return score ? score->value() : -1;
}

TEST(BoxesTest, ReadsEveryForm) {
  const std::string_view reference = "[10, 20, 30, 40]";
  for (const char* answer :
       {"[10,20,30,40]", "[[10,20,30,40]]", R"({"bbox":[10,20,30,40]})", "10, 20, 30, 40",
        R"(```json
[{"bbox_2d": [10, 20, 30, 40], "label": "total"}]
```)",
        R"(The box [1] is {"box":[30,40,10,20]}.)", "<box>(10,20),(30,40)</box>",
        "from (10.0, 20) (30,40)"})
    EXPECT_EQ(IouOf(reference, answer), 1) << answer;
  for (const char* answer :
       {"", "nothing", "[10,20,30]", "[10,20,10,40]", "(10,20)", "[1e12,0,1,1]"})
    EXPECT_EQ(IouOf(reference, answer), 0) << answer;
  EXPECT_EQ(IouOf("none", "[1,1,2,2]"), -1);
}

TEST(BoxesTest, HostileTextsAreReadInLinearTime) {
  EXPECT_TRUE(ReadBoxes(std::string(300'000, '(') + std::string(300'000, ' '), {}).empty());
  EXPECT_TRUE(ReadBoxes(std::string(300'000, '['), {}).empty());
}

TEST(BoxesTest, AreComparedInTheReferencesScale) {
  const std::string_view reference = R"({"bbox":[10,20,30,40],"width":100,"height":200})";
  EXPECT_EQ(IouOf(reference, "[100,100,300,200]", {.answer_scale = BoxScale::kThousand}), 1);
  EXPECT_NEAR(IouOf(reference, "[0.1,0.1,0.3,0.2]", {.answer_scale = BoxScale::kUnit}), 1, 1e-9);
  EXPECT_EQ(IouOf("[10,20,30,40]", "[100,100,300,200]", {.answer_scale = BoxScale::kThousand}), -1)
      << "the size of the image is not known";
  EXPECT_EQ(IouOf("[10,20,30,40]", "[10,20,20,20]", {.answer_format = BoxFormat::kCornerAndSize}),
            1);
  EXPECT_EQ(
      IouOf("[20,30,20,20]", "[10,20,30,40]", {.reference_format = BoxFormat::kCentreAndSize}), 1);
}

TEST(BoxesTest, IouByHand) {
  EXPECT_DOUBLE_EQ(IouOf("[0,0,10,10]", "[5,0,15,10]"), 50.0 / 150);
  EXPECT_EQ(IouOf("[0,0,10,10]", "[10,0,20,10]"), 0) << "they only touch";
  EXPECT_DOUBLE_EQ(IouOf("[0,0,10,10]", "[[0,0,10,10],[50,50,60,60]]"), 0.5) << "one too many";
  EXPECT_DOUBLE_EQ(IouOf("[[0,0,10,10],[50,50,60,60]]", "[50,50,60,60]"), 0.5) << "one missing";
  EXPECT_EQ(IouAccuracy("[0,0,10,10]", "[0,0,10,5]", {}, 0.5)->value(), 1) << "0.5 is enough";
  EXPECT_EQ(IouAccuracy("[0,0,10,10]", "[0,0,10,4.9]", {}, 0.5)->value(), 0);
}

TEST(ScriptsTest, CountsLettersAndDigits) {
  std::vector<Symbol> text;
  Normalize("Паспорт № 77, café ﬁ 日本ラ 한 محمد ١٢ Ω", {.unicode = UnicodeForm::kNone}, text);
  const ScriptCounts counts = CountScripts(text);
  EXPECT_EQ(counts, (ScriptCounts{5, 7, 4, 4, 4, 1}));
  EXPECT_EQ(ScriptName(Script::kCyrillic), "Cyrillic");
}

}  // namespace
}  // namespace vlmhb::metrics
