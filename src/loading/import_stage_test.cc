#include "loading/import_stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/file.h"

namespace vlmhb::loading {
namespace {

using testing::HasSubstr;

constexpr std::string_view kPng = "\x89PNG\r\n\x1a\n";

class ImportStageTest : public testing::Test {
 protected:
  ImportStageTest() {
    Write("source/a.png", kPng);
    EXPECT_TRUE(os::MakeFolders(folder_.path() / "out").ok());
  }

  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(os::MakeFolders((folder_.path() / name).parent_path()).ok());
    ASSERT_TRUE(os::WriteFileAtomic(folder_.path() / name, text).ok());
  }

  // "" if the stage succeeded, else its error, which is in error.txt as well.
  std::string Run(const std::string& source, json::object parameters = {}) {
    parameters["source"] = (folder_.path() / source).string();
    const json::object spec{{"stage", "import"},
                            {"output", (folder_.path() / "out").string()},
                            {"import", std::move(parameters)}};
    const std::atomic<bool> stop = false;
    const Result<void> done = RunImportStage(spec, {{"PATH", "/usr/bin:/bin"}}, stop);
    if (done.ok()) return "";
    EXPECT_EQ(os::ReadFile(folder_.path() / "out/error.txt").value(), done.error().ToString());
    return done.error().ToString();
  }

  // The scripted task of tests/plugins with these samples.
  static json::object Plugin(json::array samples) {
    return {{"plugin",
             {{"command", {"python3", "-S", VLMHB_SCRIPTED_BATCHES, "task"}},
              {"params", {{"samples", std::move(samples)}}}}}};
  }

  std::string Output(const std::string& name) const {
    return os::ReadFile(folder_.path() / "out" / name).value();
  }
  json::object Told() const { return ParseJson(Output("import.json")).value().as_object(); }

  os::TempFolder folder_;
};

TEST_F(ImportStageTest, ImagesThatAreFilesStayInTheSource) {
  Write("source/data.jsonl", "{\"image\":\"a.png\",\"answer\":\"x\"}\n");
  EXPECT_EQ(Run("source/data.jsonl"), "");
  EXPECT_EQ(FindString(Told(), "images"), "source");
  EXPECT_EQ(FindString(Told(), "below"), "");
  EXPECT_THAT(Output("annotation.csv"), HasSubstr("a.png;"));
  EXPECT_EQ(FindInt(Told(), "samples", 0), 1);
}

TEST_F(ImportStageTest, ASourceThatLooksLikeNothingIsAnError) {
  EXPECT_THAT(Run("source/a.png"), HasSubstr("a.png"));
  EXPECT_THAT(Run("source/gone.jsonl"), HasSubstr("gone.jsonl"));
}

TEST_F(ImportStageTest, BadRecordsAreNeverLeftOutSilently) {
  Write("source/data.jsonl",
        "{\"image\":\"a.png\",\"answer\":\"x\"}\n{\"image\":\"../b.png\",\"answer\":\"x\"}\n");
  EXPECT_THAT(Run("source/data.jsonl"),
              AllOf(HasSubstr("1 records cannot be imported (line 2: "), HasSubstr("skip_bad")));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "out/annotation.csv"));
  EXPECT_EQ(Run("source/data.jsonl", {{"skip_bad", true}}), "");
  EXPECT_EQ(FindInt(Told(), "samples", 0), 1);
  EXPECT_EQ(FindInt(Told(), "bad", 0), 1);
}

TEST_F(ImportStageTest, SamplesOfAPluginAreWritten) {
  EXPECT_EQ(Run("source", Plugin({{{"images", {"a.png", "a.png"}},
                                   {"prompt", "Read"},
                                   {"system", "Be brief"},
                                   {"reference", {{"total", 1}}},
                                   {"doc_class", "invoice"}}})),
            "");
  EXPECT_EQ(FindString(Told(), "format"), "task plug-in scripted 1.2");
  const std::string annotation = Output("annotation.csv");
  EXPECT_THAT(annotation, HasSubstr(R"("[""a.png"",""a.png""]";Read;"{""total"":1}";invoice)"));
  EXPECT_THAT(annotation, HasSubstr("Be brief"));
}

TEST_F(ImportStageTest, ImagesOfBothKindsAreAllCopied) {
  EXPECT_EQ(Run("source", Plugin({{{"images", {"a.png"}}}, {{"images", {"bytes:PNG 2"}}}})), "");
  EXPECT_EQ(FindString(Told(), "images"), "output");
  size_t images = 0;
  for ([[maybe_unused]] const auto& file :
       std::filesystem::directory_iterator(folder_.path() / "out/images"))
    ++images;
  EXPECT_EQ(images, 2u);
}

TEST_F(ImportStageTest, WhatIsWrongWithAPluginsSampleIsTold) {
  EXPECT_THAT(Run("source", Plugin({{{"error", "row 7 is torn"}}})),
              HasSubstr("1 records cannot be imported (sample 0: row 7 is torn)"));
  EXPECT_THAT(Run("source", Plugin({{{"images", {"a.png"}}, {"fields", {{"page", "1"}}}}})),
              HasSubstr("the field 'page' is not among those that the task names"));
  EXPECT_THAT(Run("source", Plugin({})), HasSubstr("the dataset has no samples"));
}

}  // namespace
}  // namespace vlmhb::loading
