#include "data/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::data {
namespace {

using ::testing::HasSubstr;

Result<size_t> PlaceOf(std::string_view name) {
  if (name == "question") return size_t{0};
  if (name == "дата рождения") return size_t{1};
  return Error(ErrorCode::kInvalidConfig, "there is no such field");
}

std::string Render(std::string_view text) {
  Result<Template> parsed = Template::Parse(text);
  if (!parsed.ok()) return "error: " + parsed.error().message();
  if (const auto bound = parsed->Bind(PlaceOf); !bound.ok())
    return "error: " + bound.error().message();
  return *parsed->Render({"{{ question }}?", "1 {{"});
}

TEST(Template, NamesAreReplacedAndNothingElse) {
  EXPECT_EQ(Render(""), "");
  EXPECT_EQ(Render("plain"), "plain");
  EXPECT_EQ(Render("a {{ дата рождения }} b {{дата рождения}}"), "a 1 {{ b 1 {{");
  EXPECT_EQ(Render(R"({"a": {"b": {}}} { { } $ {)"), R"({"a": {"b": {}}} { { } $ {)");
  EXPECT_EQ(Template::Parse("{{a}}x{{ b c }}{{a}}")->names(),
            std::vector<std::string>({"a", "b c", "a"}));
}

TEST(Template, WhatIsFilledInIsNotScannedAgain) {
  EXPECT_EQ(Render("{{ question }}{{ question }}"), "{{ question }}?{{ question }}?");
}

TEST(Template, QuotesMakeText) {
  EXPECT_EQ(Render("{{ '{{' }}x{{\"}}\"}}"), "{{x}}");
  EXPECT_EQ(Render("{{ '{% if %}' }}{{ '{#' }}{{ '' }}"), "{% if %}{#");
  EXPECT_EQ(Render("{{ '{{ question }}' }}"), "{{ question }}");
}

TEST(Template, MistakesSayWhereAndWhat) {
  EXPECT_THAT(Render("a\nb {{ question"), HasSubstr("line 2: '{{ question' is not closed"));
  EXPECT_THAT(Render("{{ a\n }}"), HasSubstr("'{{ a' is not closed by '}}' on its line"));
  EXPECT_THAT(Render("{{ }}"), HasSubstr("no name between"));
  EXPECT_THAT(Render("{{"), HasSubstr("not closed"));
  EXPECT_THAT(Render("{{ '{{ }}"), HasSubstr("a text between quotes is followed by"));
  EXPECT_THAT(Render("{{ 'a' b }}"), HasSubstr("a text between quotes is followed by"));
  EXPECT_THAT(Render("\n\n{% if x %}"), HasSubstr("line 3: '{%' begins a statement"));
  EXPECT_THAT(Render("{# c #}"), HasSubstr("write it as text: {{ '{#' }}"));
  EXPECT_EQ(Render("x\n{{ question|upper }}"),
            "error: line 2: {{ question|upper }}: there is no such field");
}

TEST(Template, AFilledInTextIsBounded) {
  Result<Template> parsed = Template::Parse("{{ question }}{{ question }}");
  ASSERT_TRUE(parsed->Bind(PlaceOf).ok());
  const std::string half(Template::kMaxBytes / 2, 'x');
  EXPECT_EQ(parsed->Render({half})->size(), Template::kMaxBytes);
  EXPECT_EQ(parsed->Render({half + "x"}).error().code(), ErrorCode::kNoSpace);
}

}  // namespace
}  // namespace vlmhb::data
