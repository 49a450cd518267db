#include "config/yaml.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace vlmhb::config {
namespace {

std::string Parsed(std::string_view text) {
  Result<YamlDocument> document = ParseYaml(text);
  if (!document.ok()) return "error: " + document.error().message();
  for (const YamlProblem& problem : document->problems)
    return fmt::format("problem: {} {}: {}", problem.line, problem.pointer, problem.message);
  return ToJson(document->value);
}

TEST(Yaml, ReadsMapsListsAndComments) {
  EXPECT_EQ(Parsed("# comment\nname: demo\nruns:\n  - {task: ocr, n: 1}\n  - task: vqa # tail\n"),
            R"({"name":"demo","runs":[{"task":"ocr","n":1},{"task":"vqa"}]})");
  EXPECT_EQ(Parsed("text: |\n  a\n  b\nfolded: >-\n  a\n  b\n"),
            R"({"text":"a\nb\n","folded":"a b"})");
  EXPECT_EQ(Parsed("\xEF\xBB\xBF"
                   "a: 1\r\nb: 2\r\n"),
            R"({"a":1,"b":2})");
  EXPECT_EQ(Parsed(""), "null");
  EXPECT_EQ(Parsed("имя: Жанна"), "{\"имя\":\"Жанна\"}");
}

TEST(Yaml, ScalarsFollowTheCoreSchema) {
  EXPECT_EQ(Parsed("[no, on, yes, off, y, N, No]"), R"(["no","on","yes","off","y","N","No"])");
  EXPECT_EQ(Parsed("[true, True, FALSE, tRUE]"), R"([true,true,false,"tRUE"])");
  EXPECT_EQ(Parsed("[~, null, NULL, nULL]"), R"([null,null,null,"nULL"])");
  EXPECT_EQ(Parsed("[017, 0o17, 0x1F, +5, -5, 1_000, 0b11, 12:30:45]"),
            R"([17,15,31,5,-5,"1_000","0b11","12:30:45"])");
  EXPECT_EQ(Parsed("[1.5, .5, 1., 1e3, -2.5E-1, 1.2.3, '.', e5, 0.1.]"),
            R"([1.5E0,5E-1,1E0,1E3,-2.5E-1,"1.2.3",".","e5","0.1."])");
  EXPECT_EQ(Parsed("['no', \"007\", '1']"), R"(["no","007","1"])");
  EXPECT_EQ(Parsed("[2024-01-01, 3.11]"), R"(["2024-01-01",3.11E0])");
  EXPECT_EQ(Parsed("[!!str 12, !!int 12]"), R"(["12",12])");
}

TEST(Yaml, KeysAreTexts) {
  EXPECT_EQ(Parsed("{1: a, true: b, no: c}"), R"({"1":"a","true":"b","no":"c"})");
  EXPECT_EQ(Parsed("? [a, b]\n: c\n"), "error: line 1: a key is a list or a map; keys are texts");
  EXPECT_EQ(Parsed("~: a"), "problem: 1 : a key is empty or null");
}

TEST(Yaml, ReportsWhatIsAmbiguous) {
  EXPECT_EQ(Parsed("a: 1\nb:\n  c: 1\n  c: 2\n"), "problem: 4 /b: the key 'c' is there twice");
  EXPECT_EQ(Parsed("a: .inf"),
            "problem: 1 /a: the number .inf cannot be used; write it in quotes if it is a text");
  EXPECT_EQ(
      Parsed("a: 99999999999999999999"),
      "problem: 1 /a: the number 99999999999999999999 cannot be used; write it in quotes if it "
      "is a text");
  EXPECT_EQ(Parsed("a: !secret x"),
            "problem: 1 /a: the tag '!secret' means nothing here; leave it out");
  EXPECT_EQ(Parsed("a: 1\n---\na: 2\n"),
            "error: line 2: a second YAML document; one file holds one");
}

TEST(Yaml, ExpandsAliasesWithinABound) {
  EXPECT_EQ(Parsed("a: &x [1, 2]\nb: *x\n&k c: *k\n"), R"({"a":[1,2],"b":[1,2],"c":"c"})");
  // A merge key is an ordinary key: the schema of the document refuses it.
  EXPECT_EQ(Parsed("a: &x {k: 1}\nb: {<<: *x}\n"), R"({"a":{"k":1},"b":{"<<":{"k":1}}})");
  EXPECT_EQ(Parsed("a: &x [*x]"), "error: line 1: an alias stands inside of what it names");
  EXPECT_EQ(Parsed("a: *nowhere").substr(0, 14), "error: line 1:");

  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    bomb += fmt::format("a{}: &a{} [", i, i);
    for (int j = 0; j < 10; ++j) bomb += fmt::format("{}*a{}", j == 0 ? "" : ", ", i - 1);
    bomb += "]\n";
  }
  EXPECT_NE(Parsed(bomb).find("more than 200000 values"), std::string::npos);

  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 80; ++i) deep += fmt::format("a{}: &a{} [*a{}]\n", i, i, i - 1);
  EXPECT_NE(Parsed(deep).find("nested too deeply"), std::string::npos);
}

TEST(Yaml, KeepsLines) {
  Result<YamlDocument> document =
      ParseYaml("name: x\nruns:\n  - task: ocr\n    metrics:\n      - cer\n");
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->lines["/name"], 1u);
  EXPECT_EQ(document->lines["/runs/0"], 3u);
  EXPECT_EQ(document->lines["/runs/0/metrics/0"], 5u);
}

TEST(Yaml, RefusesHostileInput) {
  EXPECT_FALSE(ParseYaml(std::string(100'000, '[')).ok());
  EXPECT_FALSE(ParseYaml(std::string(100'000, '{')).ok());
  EXPECT_FALSE(ParseYaml("a: [1, 2").ok());
  EXPECT_FALSE(ParseYaml("a: \"x").ok());
  EXPECT_FALSE(ParseYaml("\tkey: 1\n").ok());
  EXPECT_FALSE(ParseYaml("a: \xCF\xF0").ok());
  EXPECT_EQ(Parsed(std::string_view("a: 1\nb: \x04\nc", 11)),
            "error: line 2: a control character (0x04)");
  std::string nested;
  for (int i = 0; i < 2000; ++i) nested += "- ";
  EXPECT_FALSE(ParseYaml(nested).ok());
}

}  // namespace
}  // namespace vlmhb::config
