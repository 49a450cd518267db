#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vlmhb::tesseract_worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Options, DefaultsAreTheDocumentedOnes) {
  const auto options = ReadOptions({});
  ASSERT_TRUE(options.ok());
  EXPECT_THAT(options->languages, ElementsAre("rus", "eng"));
  EXPECT_EQ(options->psm, 3);
  EXPECT_EQ(options->oem, 1);
  EXPECT_EQ(options->dpi, 0);
  EXPECT_EQ(options->preprocess, Preprocess::kNone);
  EXPECT_EQ(options->blank_lines, BlankLines::kCollapse);
}

TEST(Options, EveryParameterIsRead) {
  const auto options = ReadOptions({{"languages", "chi_sim+script/Latin"},
                                    {"psm", 6},
                                    {"oem", 3},
                                    {"dpi", 200},
                                    {"preprocess", "upscale"},
                                    {"blank_lines", "keep"}});
  ASSERT_TRUE(options.ok()) << options.error().ToString();
  EXPECT_THAT(options->languages, ElementsAre("chi_sim", "script/Latin"));
  EXPECT_EQ(options->psm, 6);
  EXPECT_EQ(options->oem, 3);
  EXPECT_EQ(options->dpi, 200);
  EXPECT_EQ(options->preprocess, Preprocess::kUpscale);
  EXPECT_EQ(options->blank_lines, BlankLines::kKeep);
}

TEST(Options, WrongParametersAreNamed) {
  const auto expect = [](json::object params, std::string_view text) {
    const auto options = ReadOptions(params);
    ASSERT_FALSE(options.ok()) << ToJson(params);
    EXPECT_EQ(options.error().code(), ErrorCode::kInvalidConfig);
    EXPECT_THAT(options.error().message(), HasSubstr(std::string(text)));
  };
  expect({{"language", "eng"}}, "Did you mean 'languages'?");
  expect({{"languages", "../../etc/passwd"}}, "'languages'");
  expect({{"languages", "rus++eng"}}, "'languages'");
  expect({{"languages", 5}}, "a string is expected");
  expect({{"psm", 14}}, "from 0 to 13");
  expect({{"psm", "6"}}, R"(not "6")");
  expect({{"psm", 0}}, "recognises no text");
  expect({{"oem", -1}}, "'oem'");
  expect({{"dpi", 1e9}}, "'dpi'");
  expect({{"preprocess", "sharpen"}}, "'preprocess'");
  expect({{"blank_lines", true}}, "'blank_lines'");
}

TEST(Options, ARequestMayHaveItsOwnPsm) {
  EXPECT_EQ(*ReadPsm({{"psm", 7}, {"temperature", 0.5}}, 3), 7);
  EXPECT_EQ(*ReadPsm({{"temperature", 0.5}}, 3), 3);
  EXPECT_FALSE(ReadPsm({{"psm", 99}}, 3).ok());
}

}  // namespace
}  // namespace vlmhb::tesseract_worker
