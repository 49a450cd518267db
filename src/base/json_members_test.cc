#include "base/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace vlmhb {
namespace {

using testing::ElementsAre;
using testing::Pair;

using Members = std::vector<std::pair<std::string, std::string>>;

// Empty and false where the text is no object.
std::pair<bool, Members> Read(std::string_view text) {
  JsonMembers reader(text);
  Members members;
  JsonMembers::Member member;
  while (reader.Next(member)) members.emplace_back(member.key, member.value);
  return {reader.ok(), std::move(members)};
}

TEST(JsonMembers, GivesValuesAsTheyAreWritten) {
  const auto [ok, members] = Read(
      " {\"model\" : \"a\\\"b\\\\\", \"stream\":true,\n\"n\":1.5e3 "
      ",\"messages\":[{\"role\":\"}]\"},"
      "[]], \"o\": { \"x\": null }}\n");
  EXPECT_TRUE(ok);
  EXPECT_THAT(members, ElementsAre(Pair("model", "\"a\\\"b\\\\\""), Pair("stream", "true"),
                                   Pair("n", "1.5e3"), Pair("messages", "[{\"role\":\"}]\"},[]]"),
                                   Pair("o", "{ \"x\": null }")));
}

TEST(JsonMembers, OfAnEmptyObjectThereAreNone) {
  EXPECT_TRUE(Read("{}").first);
  EXPECT_TRUE(Read(" { } ").first);
}

TEST(JsonMembers, WhatIsNoObjectIsNotOk) {
  for (const std::string_view bad : {"",
                                     " ",
                                     "[]",
                                     "{",
                                     "{\"a\"",
                                     "{\"a\":",
                                     "{\"a\":1",
                                     "{\"a\":}",
                                     "{\"a\":1,}",
                                     "{\"a\":,\"b\":1}",
                                     "{a:1}",
                                     "{\"a\":\"b}",
                                     "{\"a\":\"b\\\"}",
                                     "{\"a\":[1}",
                                     "{\"a\":1}}",
                                     "{\"a\":1} x",
                                     "{\"a\" 1}",
                                     "{\"a\":1 \"b\":2}",
                                     "{,}",
                                     "{\"a\":1,,\"b\":2}"})
    EXPECT_FALSE(Read(bad).first) << bad;
}

TEST(JsonMembers, DepthCostsNothing) {
  const std::string deep =
      "{\"a\":" + std::string(1'000'000, '[') + std::string(1'000'000, ']') + "}";
  const auto [ok, members] = Read(deep);
  EXPECT_TRUE(ok);
  ASSERT_EQ(members.size(), 1u);
  EXPECT_EQ(members[0].second.size(), 2'000'000u);
}

}  // namespace
}  // namespace vlmhb
