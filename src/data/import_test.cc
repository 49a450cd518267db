#include "data/import.h"

#include "data/import_test_support.h"

namespace vlmhb::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ImportTest, TheAnnotationOfThePredecessorIsReadAsItIs) {
  Write("images/a.png", FakePng());
  const os::Path file = Write("annotation.csv",
                              "\xEF\xBB\xBF"
                              "data_index;split;image_path;question;answer;doc_class;question_type;"
                              "answer_bbox\r\n0;test;images/a.png;Что это?;007;passport;name;"
                              "[1, 2, 3, 4]");
  const auto rows = ImportRows(source());
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(report.format, "annotation");
  EXPECT_EQ(rows[0].at("image_path"), "images/a.png");
  EXPECT_EQ(rows[0].at("answer"), "007");
  EXPECT_EQ(rows[0].at("answer_bbox"), "[1, 2, 3, 4]");
  EXPECT_EQ(report.root, std::filesystem::canonical(source())) << "images stay where they are";
  EXPECT_TRUE(IsSha256Hex(report.content_digest));
  EXPECT_EQ(DetectFormat(file), FindFormat("annotation"));
}

TEST_F(ImportTest, CopiesAreNamedByContentAndStoredOnce) {
  Write("a.png", FakePng('a'));
  Write("same.png", FakePng('a'));
  Write("b.png", FakePng('b'));
  Write("annotation.csv",
        "image_path;answer\na.png;1\nsame.png;2\n\"[\"\"a.png\"\",\"\"b.png\"\"]\";3\n");
  ImportOptions options;
  options.files = ImageFiles::kCopy;
  const auto rows = ImportRows(source(), options);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("image_path"), "images/" + Sha256Hex(FakePng('a')).substr(0, 32) + ".png");
  EXPECT_EQ(rows[0].at("image_path"), rows[1].at("image_path"));
  EXPECT_EQ(report.stored_images, 2u);
  EXPECT_EQ(report.root, output());
  EXPECT_EQ(*os::ReadFile(output() / rows[0].at("image_path")), FakePng('a'));
}

TEST_F(ImportTest, AnImportOfAnImportIsTheSame) {
  Write("a.png", FakePng());
  const os::Path file =
      Write("x.jsonl", R"({"id":"q1","image":"a.png","question":"q","answer":"a","lang":"ru"})");
  ImportOptions options;
  options.files = ImageFiles::kCopy;
  ImportRows(file, options);
  const std::string first = report.content_digest;
  options.source.path = output();
  options.output = source() / "again";
  const auto again = Import(options);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->content_digest, first);
}

TEST_F(ImportTest, BadRecordsPublishNothingUnlessTheyAreLeftOut) {
  Write("a.png", FakePng());
  const os::Path file = Write(
      "x.jsonl", "{\"image\":\"a.png\",\"answer\":\"1\"}\n{\"image\":\"none.png\"}\n{broken\n");
  EXPECT_TRUE(ImportRows(file).empty());
  EXPECT_FALSE(report.published);
  EXPECT_EQ(report.bad, 2u);
  EXPECT_THAT(Reason(0), HasSubstr("line 2: there is no image 'none.png'"));
  EXPECT_THAT(Reason(1), HasSubstr("line 3: not valid JSON"));
  EXPECT_FALSE(std::filesystem::exists(output() / "annotation.csv"));
  ImportOptions options;
  options.skip_bad = true;
  EXPECT_EQ(ImportRows(file, options).size(), 1u);
  EXPECT_EQ(report.bad, 2u);
}

TEST_F(ImportTest, OnlyTheFirstProblemsAreListed) {
  std::string text;
  for (int i = 0; i < 30; ++i) text += "{\"image\":\"\"}\n";
  ImportRows(Write("x.jsonl", text));
  EXPECT_EQ(report.bad, 30u);
  EXPECT_EQ(report.problems.size(), 20u);
}

TEST_F(ImportTest, NoPathLeadsOutOfTheSource) {
  Write("../secret.png", FakePng());
  Write("in/a.png", FakePng());
  std::filesystem::create_symlink("../../secret.png", source() / "in/link.png");
  const os::Path file = Write("in/x.jsonl",
                              "{\"image\":\"../../secret.png\"}\n{\"image\":\"/etc/passwd\"}\n"
                              "{\"image\":\"link.png\"}\n{\"image\":\"a.png\\u0000.txt\"}\n");
  for (const ImageFiles files : {ImageFiles::kStay, ImageFiles::kCopy}) {
    ImportOptions options;
    options.files = files;
    options.skip_bad = true;
    EXPECT_TRUE(ImportRows(file, options).empty());
    EXPECT_EQ(report.bad, 4u);
  }
}

TEST_F(ImportTest, FilesAndBytesTogetherAreCopied) {
  Write("a.png", FakePng('a'));
  const os::Path file =
      Write("x.jsonl", "{\"image\":\"a.png\"}\n{\"image\":\"data:image/png;base64," +
                           Base64Encode(FakePng('b')) + "\"}\n");
  const auto rows = ImportRows(file);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(report.root, output());
  EXPECT_EQ(report.stored_images, 2u);
}

TEST_F(ImportTest, ASplitIsWhatItsFieldSays) {
  Write("a.png", FakePng());
  const os::Path file = Write("x.jsonl",
                              "{\"image\":\"a.png\",\"split\":\"test\",\"answer\":\"1\"}\n"
                              "{\"image\":\"a.png\",\"split\":\"train\",\"answer\":\"2\"}\n");
  ImportOptions options;
  options.split = "train";
  const auto rows = ImportRows(file, options);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("answer"), "2");
  EXPECT_EQ(report.left_out, 1u);
  options.split = "none";
  EXPECT_THAT(TryImport(file, options).error().message(), HasSubstr("no sample"));
  const os::Path other = Write("y.jsonl", "{\"image\":\"a.png\"}\n");
  EXPECT_THAT(TryImport(other, options).error().message(), HasSubstr("no field 'split'"));
}

TEST_F(ImportTest, FieldsNeverHideAColumnOfOurs) {
  Write("a.png", FakePng());
  const auto rows = ImportRows(Write(
      "x.jsonl", R"({"image":"a.png","answer":"a","reference":"r","outcome":"o","error":"e"})"));
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("answer"), "a");
  EXPECT_EQ(rows[0].at("reference"), "r");
  EXPECT_EQ(rows[0].at("source_outcome"), "o");
}

TEST_F(ImportTest, WrongRequestsSayWhatThereIs) {
  Write("a.png", FakePng());
  const os::Path file = Write("x.jsonl", R"({"image":"a.png"})");
  ImportOptions options;
  options.format = "jsnl";
  EXPECT_THAT(TryImport(file, options).error().message(), HasSubstr("Did you mean 'jsonl'"));
  options = {};
  options.source.roles["imge"] = "x";
  EXPECT_THAT(TryImport(file, options).error().message(), HasSubstr("no role 'imge'"));
  EXPECT_EQ(TryImport(source() / "none").error().code(), ErrorCode::kNotFound);
  EXPECT_THAT(TryImport(Write("x.xyz", "")).error().message(), HasSubstr("none of the known"));
}

TEST_F(ImportTest, TheWriterRefusesWhatItCannotWrite) {
  Write("a.png", FakePng());
  auto writer =
      SampleWriter::Open({.source = source(), .output = output(), .columns = {.fields = {"lang"}}});
  ASSERT_TRUE(writer.ok());
  ImportedSample sample;
  sample.images = {std::string("a.png")};
  sample.fields = {"ru"};
  EXPECT_EQ(*writer->Add(sample), std::nullopt);
  sample.fields.clear();
  EXPECT_THAT(writer->Add(sample)->value(), HasSubstr("0 fields"));
  sample.fields = {"\xFF"};
  EXPECT_THAT(writer->Add(sample)->value(), HasSubstr("lang is not UTF-8"));
  sample.fields = {"ru"};
  sample.images.assign(257, std::string("a.png"));
  EXPECT_THAT(writer->Add(sample)->value(), HasSubstr("257 images"));
  sample.images.clear();
  EXPECT_THAT(writer->Add(sample)->value(), HasSubstr("no image"));
  EXPECT_EQ(writer->Publish()->samples, 1u);
  const auto twice = [&](std::vector<std::string> fields) {
    return SampleWriter::Open(
               {.source = source(), .output = output(), .columns = {.fields = std::move(fields)}})
        .ok();
  };
  EXPECT_FALSE(twice({"a", "a"}));
  EXPECT_FALSE(twice({""}));
  EXPECT_FALSE(twice({"\xFF"}));
}

TEST_F(ImportTest, NothingIsLeftWithoutPublish) {
  Write("a.png", FakePng());
  {
    auto writer = SampleWriter::Open({.source = source(), .output = output()});
    ASSERT_TRUE(writer.ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(output()));
}

}  // namespace
}  // namespace vlmhb::data
