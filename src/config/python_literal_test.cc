#include "config/python_literal.h"

#include <gtest/gtest.h>

namespace vlmhb::config {
namespace {

std::string Parsed(std::string_view text) {
  Result<json::value> value = ParsePythonLiteral(text);
  return value.ok() ? ToJson(*value) : "error: " + value.error().message();
}

TEST(PythonLiteral, ReadsWhatThePredecessorsUsersWrite) {
  EXPECT_EQ(Parsed("['CER']"), R"(["CER"])");
  EXPECT_EQ(Parsed("['WER', 'CER', 'BLEU']"), R"(["WER","CER","BLEU"])");
  EXPECT_EQ(Parsed(R"(["CER"])"), R"(["CER"])");
  EXPECT_EQ(Parsed("('CER', 'WER')"), R"(["CER","WER"])");
  EXPECT_EQ(Parsed("('CER',)"), R"(["CER"])");
  EXPECT_EQ(Parsed("('CER')"), R"("CER")");
  EXPECT_EQ(Parsed("'CER'"), R"("CER")");
  EXPECT_EQ(Parsed(" [ 'CER' , ] "), R"(["CER"])");
  EXPECT_EQ(Parsed("[]"), "[]");
  EXPECT_EQ(Parsed("()"), "[]");
  EXPECT_EQ(Parsed("None"), "null");
}

TEST(PythonLiteral, ReadsScalarsAndDicts) {
  EXPECT_EQ(Parsed("[True, False, None, 12, -3, +4, 1.5, .5, 1e3]"),
            "[true,false,null,12,-3,4,1.5E0,5E-1,1E3]");
  EXPECT_EQ(Parsed("[{'name': 'cer', 'params': {'ignore_case': True}}]"),
            R"([{"name":"cer","params":{"ignore_case":true}}])");
  EXPECT_EQ(Parsed("(('a',), ('b'))"), R"([["a"],"b"])");
}

TEST(PythonLiteral, ReadsEscapes) {
  EXPECT_EQ(Parsed(R"('it\'s')"), R"("it's")");
  EXPECT_EQ(Parsed(R"('a\tb\\c')"), R"("a\tb\\c")");
  EXPECT_EQ(Parsed(R"('\u0416\x41\U0001F600')"), "\"ЖA😀\"");
  EXPECT_EQ(Parsed(R"('\d')"), R"("\\d")");
}

TEST(PythonLiteral, SaysWhereAndWhatWasExpected) {
  EXPECT_EQ(Parsed("CER"), "error: at character 1: a text in quotes expected, found 'CER'");
  EXPECT_EQ(Parsed("['CER' 'WER']"), "error: at character 8: ',' or ']' expected, found ''WER']'");
  EXPECT_EQ(Parsed("['CER'"), "error: at character 7: ',' or ']' expected, found the end");
  EXPECT_EQ(Parsed("['CER"), "error: at character 6: the closing quote ' expected, found the end");
  EXPECT_EQ(Parsed("['CER']]"), "error: at character 8: the end expected, found ']'");
  EXPECT_EQ(Parsed(""), "error: at character 1: a value expected, found the end");
  EXPECT_EQ(Parsed("[1_000]"), "error: at character 2: a number expected, found '1_000]'");
  EXPECT_EQ(Parsed("{1: 2}"), "error: at character 2: a key in quotes expected, found '1: 2}'");
}

TEST(PythonLiteral, RefusesHostileInput) {
  const std::vector<std::string> texts = {std::string(100'000, '['),
                                          std::string(100'000, '('),
                                          "'\\ud800'",
                                          "'\\x4'",
                                          "'\\U00110000'",
                                          "1e999",
                                          "nan",
                                          "__import__('os').system('true')",
                                          "[*'a']",
                                          "{'a': 1, 'a': 2}",
                                          "'\\"};
  for (const std::string& text : texts)
    EXPECT_FALSE(ParsePythonLiteral(text).ok()) << text.substr(0, 40);
  EXPECT_TRUE(ParsePythonLiteral(std::string(16, '[') + std::string(16, ']')).ok());
}

}  // namespace
}  // namespace vlmhb::config
