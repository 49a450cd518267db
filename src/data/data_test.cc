#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "data/annotation_reader.h"
#include "data/dataset_view.h"

namespace vlmhb::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr Role kImageAndAnswer[] = {Role::kImage, Role::kAnswer};

DatasetView View(std::optional<std::string> doc_class = {},
                 std::optional<std::string> question_type = {},
                 std::optional<uint64_t> limit = {}) {
  return {.root = "/d",
          .annotation = "/d/annotation.csv",
          .doc_class = doc_class,
          .question_type = question_type,
          .limit = limit};
}

Result<AnnotationReader> Read(std::string text, const DatasetView& view = View()) {
  return AnnotationReader::FromStream(std::make_unique<std::istringstream>(std::move(text)), view,
                                      kImageAndAnswer);
}

std::vector<AnnotationRow> Rows(const std::string& text, const DatasetView& view = View()) {
  AnnotationReader reader = std::move(Read(text, view)).value();
  std::vector<AnnotationRow> rows;
  AnnotationRow row;
  while (*reader.Next(row)) rows.push_back(row);
  EXPECT_FALSE(*reader.Next(row)) << "the end stays the end";
  return rows;
}

std::vector<uint64_t> Ids(const std::vector<AnnotationRow>& rows) {
  std::vector<uint64_t> ids;
  for (const AnnotationRow& row : rows) ids.push_back(row.id);
  return ids;
}

const std::string kHeader = "image_path;question;answer;doc_class;question_type;language\n";

TEST(DatasetView, ComesBackFromJson) {
  const DatasetView view = View("passport", std::nullopt, 7);
  const auto back = ParseDatasetView(ToJsonObject(view));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(ToJsonObject(*back), ToJsonObject(view));
  EXPECT_EQ(back->limit, 7u);
  EXPECT_FALSE(back->question_type.has_value());
}

TEST(DatasetView, ErrorsNameTheMember) {
  for (const auto& [text, member] : std::vector<std::pair<const char*, const char*>>{
           {R"({"annotation":"a"})", "root"},
           {R"({"root":"r","annotation":3})", "annotation"},
           {R"({"root":"r","annotation":"a","columns":[]})", "columns"},
           {R"({"root":"r","annotation":"a","columns":{"image":1}})", "image"},
           {R"({"root":"r","annotation":"a","filter":{"doc_class":1}})", "doc_class"},
           {R"({"root":"r","annotation":"a","limit":-1})", "limit"}}) {
    const auto view = ParseDatasetView(ParseJson(text)->as_object());
    ASSERT_FALSE(view.ok()) << text;
    EXPECT_THAT(view.error().message(), HasSubstr(member));
  }
}

TEST(Annotation, ReadsThePredecessorsLayout) {
  const auto rows = Rows(
      "\xEF\xBB\xBF"
      "data_index;split;image_path;question;answer;doc_class;question_type;answer_bbox\r\n"
      "0;test;a.png;What?;\"two\nlines\";passport;name;[1, 2]\r\n"
      "\r\n"
      "0;test;a.png;Which?;0044;passport;number;");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_THAT(rows[0].images, ElementsAre("a.png"));
  EXPECT_EQ(rows[0].question, "What?");
  EXPECT_EQ(rows[0].answer, "two\nlines");
  EXPECT_EQ(rows[0].doc_class, "passport");
  EXPECT_EQ(rows[0].question_type, "name");
  EXPECT_EQ(rows[0].cells[7], "[1, 2]");
  EXPECT_EQ(rows[1].id, 1u);
  EXPECT_EQ(rows[1].answer, "0044");
  EXPECT_EQ(rows[1].line, 5u);
}

TEST(Annotation, ExtraColumnsAreFoundByName) {
  const auto reader = Read(kHeader);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->FindColumn("language"), 5u);
  EXPECT_FALSE(reader->FindColumn("font").has_value());
}

TEST(Annotation, FiltersAndLimitKeepIds) {
  const std::string text = kHeader +
                           "0;q;a;passport;name;ru\n1;q;a;invoice;name;ru\n"
                           "2;q;a;passport;date;ru\n3;q;a;passport;name;ru\n";
  EXPECT_THAT(Ids(Rows(text)), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Ids(Rows(text, View("passport"))), ElementsAre(0, 2, 3));
  EXPECT_THAT(Ids(Rows(text, View({}, "name"))), ElementsAre(0, 1, 3));
  EXPECT_THAT(Ids(Rows(text, View("passport", "name"))), ElementsAre(0, 3));
  EXPECT_THAT(Ids(Rows(text, View("passport", "name", 1))), ElementsAre(0));
  EXPECT_THAT(Ids(Rows(text, View("Passport"))), ElementsAre());
  EXPECT_THAT(Ids(Rows(text, View({}, {}, 0))), ElementsAre());
}

TEST(Annotation, ABadRowCostsOneSample) {
  const auto rows =
      Rows(kHeader + "a;q;a;c;t;ru\nb;q\nc;q;\xFF;c;t;ru\nd;q;a;c;t;ru;x\ne;q;a;c;t;ru\n");
  ASSERT_THAT(Ids(rows), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_TRUE(rows[0].good());
  EXPECT_THAT(rows[1].bad_reason,
              HasSubstr("annotation.csv, line 3: 2 cells, but the header has 6"));
  EXPECT_THAT(rows[1].images, ElementsAre()) << "nothing of the row before is left";
  EXPECT_THAT(rows[2].bad_reason, HasSubstr("line 4: column answer is not UTF-8"));
  EXPECT_THAT(rows[3].bad_reason, HasSubstr("7 cells"));
  EXPECT_TRUE(rows[4].good());
}

TEST(Annotation, ABrokenTailIsOneBadRow) {
  const auto rows = Rows(kHeader + "a;q;a;c;t;ru\nb;q;\"never closed;c;t;ru\nc;q;a;c;t;ru\n");
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_TRUE(rows[0].good());
  EXPECT_EQ(rows[1].id, 1u);
  EXPECT_THAT(rows[1].bad_reason, HasSubstr("line 3: a quoted cell is never closed"));
}

TEST(Annotation, AWrongHeaderSaysWhatItWants) {
  const auto error = [](const std::string& text, const DatasetView& view = View()) {
    const auto reader = Read(text, view);
    EXPECT_EQ(reader.error().code(), ErrorCode::kInvalidConfig);
    return reader.error().message();
  };
  EXPECT_THAT(error("image_pth;answer\n"),
              HasSubstr("no column 'image_path' (image). Did you mean 'image_pth'? Its columns are "
                        "image_pth, answer."));
  EXPECT_THAT(error(""), HasSubstr("it is empty"));
  EXPECT_THAT(error("image_path;answer;answer\n"), HasSubstr("'answer' occurs twice"));
  EXPECT_THAT(error("image_path;\xFF\n"), HasSubstr("not UTF-8"));
  EXPECT_THAT(error("image_path;answer\n", View("passport")), HasSubstr("'doc_class'"));
  EXPECT_TRUE(Read("image_path;answer\n").ok()) << "other roles may be missing";
  EXPECT_EQ(AnnotationReader::Open(View(), {}).error().code(), ErrorCode::kNotFound);
}

TEST(Annotation, RolesHaveTheColumnsThatTheViewNames) {
  DatasetView view = View();
  view.columns.image = "file";
  view.columns.answer = "text";
  const auto rows = Rows("text,file\nhello,x.png\n", view);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_THAT(rows[0].images, ElementsAre("x.png"));
  EXPECT_EQ(rows[0].answer, "hello");
}

TEST(Annotation, CountsWhatTheViewSelects) {
  const os::TempFolder folder;
  DatasetView view = View("b");
  view.annotation = folder.path() / "annotation.csv";
  ASSERT_TRUE(os::WriteFileAtomic(view.annotation, "image_path;doc_class\n1;a\n2;b\n3;b\n").ok());
  EXPECT_EQ(*CountSamples(view), 2u);
}

}  // namespace
}  // namespace vlmhb::data
