#include "registry/version.h"

#include <gtest/gtest.h>

#include <vector>

namespace vlmhb::registry {
namespace {

TEST(Version, NumbersAreComparedAsNumbers) {
  const std::vector<const char*> ascending = {
      "draft", "release", "0.9", "1.0-beta", "1.0rc1", "1.0", "1.2", "1.10", "2", "2.0.1", "10"};
  for (size_t i = 0; i < ascending.size(); ++i)
    for (size_t j = 0; j < ascending.size(); ++j)
      EXPECT_EQ(Version(ascending[i]) < Version(ascending[j]), i < j)
          << ascending[i] << " " << ascending[j];
  EXPECT_EQ(Version("2"), Version("2.0.0"));
  EXPECT_EQ(Version("2.0+cu128"), Version("2.0"));
}

TEST(VersionRange, HoldsWhatItSays) {
  struct Case {
    const char* range;
    const char* in;
    const char* out;
  };
  for (const Case& c :
       {Case{">=2", "2.0", "1.9"}, Case{">=1.5,<3", "2.9.9", "3"}, Case{"==1.0", "1", "1.0.1"},
        Case{"1.0", "1.0.0", "1.0.1"}, Case{"!=1.1", "1.2", "1.1"}, Case{"> 1", "1.0.1", "1.0"},
        Case{"<=2", "2", "2.1"}, Case{"~=2.1", "2.9", "3.0"}, Case{"~=2.1.4", "2.1.9", "2.2"},
        Case{"~=2", "2.9", "3"}}) {
    const Result<VersionRange> range = VersionRange::Parse(c.range);
    ASSERT_TRUE(range.ok()) << c.range;
    EXPECT_TRUE(range->Contains(Version(c.in))) << c.range << " " << c.in;
    EXPECT_FALSE(range->Contains(Version(c.out))) << c.range << " " << c.out;
  }
  EXPECT_TRUE(VersionRange().Contains(Version("anything")));
}

TEST(VersionRange, SaysWhatIsNoRange) {
  for (const char* text : {"", ">=", "latest", ">=1,", "=> 2", "^1.0"}) {
    const Result<VersionRange> range = VersionRange::Parse(text);
    ASSERT_FALSE(range.ok()) << text;
    EXPECT_NE(range.error().message().find("@>=1.5,<3"), std::string::npos);
  }
}

TEST(Reference, IsCutAtTheFirstAt) {
  EXPECT_EQ(SplitReference("anls@>=2").name, "anls");
  EXPECT_EQ(SplitReference("anls@>=2").range, ">=2");
  EXPECT_EQ(SplitReference("anls").name, "anls");
  EXPECT_EQ(SplitReference("anls").range, "");
  EXPECT_EQ(SplitReference("@x").name, "@x");
}

}  // namespace
}  // namespace vlmhb::registry
