#include "load/event_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::load {
namespace {

// "c" content, "r" reasoning, "t" tool call, "f" finish, "e" error, "u" usage, "!" no JSON object.
std::string Kinds(EventScanner& scanner, std::string_view data) {
  const EventFacts facts = scanner.Scan(data);
  std::string kinds;
  if (facts.content) kinds += 'c';
  if (facts.reasoning) kinds += 'r';
  if (facts.tool_call) kinds += 't';
  if (facts.finish) kinds += 'f';
  if (facts.error) kinds += 'e';
  if (!facts.usage.empty()) kinds += 'u';
  if (!facts.ok) kinds += '!';
  return kinds;
}

std::string Of(std::string_view data) {
  EventScanner scanner;
  return Kinds(scanner, data);
}

std::string Delta(std::string_view delta) {
  return R"({"id":"x","choices":[{"index":0,"delta":)" + std::string(delta) +
         R"(,"finish_reason":null}]})";
}

TEST(EventFacts, OfTokens) {
  EXPECT_EQ(Of(Delta(R"({"content":"a"})")), "c");
  EXPECT_EQ(Of(Delta(R"({"content":"\""})")), "c");
  EXPECT_EQ(Of(Delta(R"({"role":"assistant","content":" "})")), "c");
  EXPECT_EQ(Of(Delta(R"({"reasoning_content":"a"})")), "r");
  EXPECT_EQ(Of(Delta(R"({"reasoning":"a","content":null})")), "r");
  EXPECT_EQ(Of(Delta(R"({"tool_calls":[{"index":0,"function":{"arguments":"}"}}]})")), "t");
  EXPECT_EQ(Of(R"({"choices":[{"text":"a","finish_reason":null}]})"), "c");
  EXPECT_EQ(Of(" { \"choices\" : [ { \"delta\" : { \"content\" : \"a\" } } ] } "), "c");
}

TEST(EventFacts, WhatIsNoToken) {
  EXPECT_EQ(Of(Delta(R"({"role":"assistant","content":""})")), "");
  EXPECT_EQ(Of(Delta(R"({"role":"assistant"})")), "");
  EXPECT_EQ(Of(Delta(R"({"content":null,"tool_calls":[]})")), "");
  EXPECT_EQ(Of(Delta("null")), "");
  EXPECT_EQ(Of(R"({"content":"a","delta":{"content":"a"}})"), "") << "not in a choice";
  EXPECT_EQ(Of(R"({"choices":[]})"), "");
  EXPECT_EQ(Of("{}"), "");
}

TEST(EventFacts, OfEnds) {
  EXPECT_EQ(Of(R"({"choices":[{"delta":{},"finish_reason":"stop"}]})"), "f");
  EXPECT_EQ(Of(R"({"choices":[{"delta":{"content":"."},"finish_reason":"length"}]})"), "cf");
  EXPECT_EQ(Of(R"({"error":{"message":"no"}})"), "e");
  EXPECT_EQ(Of(R"({"error":null})"), "");
  EventScanner scanner;
  EXPECT_EQ(scanner.Scan(R"({"choices":[],"usage":{"completion_tokens":3}})").usage,
            R"({"completion_tokens":3})");
  EXPECT_EQ(Of(R"({"choices":[],"usage":null})"), "");
}

TEST(EventFacts, WhatIsNoJsonObject) {
  for (const std::string_view bad :
       {"", "[]", "x", "{", "{\"choices\"", "{\"choices\":[{\"delta\":{\"content\":\"a\"}}]",
        "{\"choices\":[{\"delta\":{\"content\":\"a}}]}", "{\"a\":1,}", "{} x", "{\"a\":}"})
    EXPECT_EQ(Of(bad), "!") << bad;
}

TEST(EventFacts, TheNextEventIsReadByItself) {
  EventScanner scanner;
  const auto next = [&](std::string_view data) { return Kinds(scanner, data); };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(next(Delta(R"({"content":"word"})")), "c");
  EXPECT_EQ(next(Delta(R"({"content":"a longer \"word\""})")), "c");
  EXPECT_EQ(next(Delta(R"({"content":""})")), "");
  EXPECT_EQ(next(Delta(R"({"content":"x"})")), "c");
  EXPECT_EQ(
      next(R"({"id":"x","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]})"),
      "cf");
  EXPECT_EQ(next(Delta(R"({"reasoning":"x"})")), "r");
  EXPECT_EQ(next(Delta(R"({"reasoning":"y","content":"z"})")), "cr");
  EXPECT_EQ(next(Delta(R"({"content":"x","reasoning":"y"})")), "cr");
  EXPECT_EQ(next(Delta(R"({"content":"x)")), "!");
  EXPECT_EQ(next(R"({"choices":[{"delta":{"content":"x"}}],"usage":{"completion_tokens":1}})"),
            "cu");
  EXPECT_EQ(next(R"({"choices":[{"delta":{"content":"x"}}],"usage":{"completion_tokens":2}})"),
            "cu");
}

}  // namespace
}  // namespace vlmhb::load
