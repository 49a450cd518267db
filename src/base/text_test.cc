#include "base/text.h"

#include <gtest/gtest.h>

namespace vlmhb {
namespace {

const std::vector<std::string> kNames = {"dataset", "metrics", "model_name"};

TEST(Text, SuggestsOnlyLikelyMisspellings) {
  EXPECT_EQ(ClosestMatch("datset", kNames), "dataset");
  EXPECT_EQ(ClosestMatch("Metrics", kNames), "metrics");
  EXPECT_EQ(ClosestMatch("mdoel_name", kNames), "model_name");
  EXPECT_EQ(ClosestMatch("temperature", kNames), "");
  EXPECT_EQ(DidYouMean("metric", kNames), " Did you mean 'metrics'?");
}

TEST(Text, SanitizeReplacesOnlyIllFormedBytes) {
  EXPECT_EQ(SanitizeUtf8("Привет 👋"), "Привет 👋");
  EXPECT_EQ(SanitizeUtf8("a\xFF\x62"), "a\xEF\xBF\xBD\x62");
  EXPECT_EQ(SanitizeUtf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");  // surrogate
  EXPECT_FALSE(IsValidUtf8("\xC0\xAF"));                                            // overlong
  EXPECT_FALSE(IsValidUtf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
  EXPECT_TRUE(IsValidUtf8("\xF4\x8F\xBF\xBF"));
}

TEST(Text, TruncateNeverCutsACodePoint) {
  EXPECT_EQ(Truncate("Да", 3), "Д…");
  EXPECT_EQ(Truncate("Да", 4), "Да");
  EXPECT_EQ(Truncate("", 0), "");
}

TEST(Text, PercentEncodingLeavesOnlyWhatUrlsNeverMisread) {
  EXPECT_EQ(PercentEncode("a/b?c=d&e +~-._"), "a%2Fb%3Fc%3Dd%26e%20%2B~-._");
  EXPECT_EQ(PercentEncode("Д"), "%D0%94");
}

TEST(Text, UserInfoIsWhatStandsBeforeTheHost) {
  EXPECT_EQ(UrlUserInfo("https://me:word@host/x@v1"), "me:word");
  EXPECT_EQ(UrlUserInfo("ssh://git@host/x"), "git");
  EXPECT_EQ(UrlUserInfo("https://@host/x"), "");
  EXPECT_EQ(UrlUserInfo("https://host/x@v1"), std::nullopt);
  EXPECT_EQ(UrlUserInfo("me@host"), std::nullopt);
}

TEST(Text, SlugIsAlwaysASafeFileName) {
  EXPECT_EQ(Slug("../../etc/passwd"), "-.-..-etc-passwd");
  EXPECT_EQ(Slug(""), "-");
  EXPECT_EQ(Slug("Qwen2.5-VL"), "Qwen2.5-VL");
}

}  // namespace
}  // namespace vlmhb
