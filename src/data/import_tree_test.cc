// Whole-JSON files and folders.

#include "data/folder_listing.h"
#include "data/import_test_support.h"
#include "data/json_items.h"

namespace vlmhb::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ImportTest, CocoInstancesBecomeLabelledBoxes) {
  Write("val2017/1.jpg", FakePng('a'));
  Write("val2017/2.jpg", FakePng('b'));
  Write("annotations/instances_val2017.json",
        R"({"info":{},"images":[{"id":2,"file_name":"2.jpg","width":5,"height":6},
            {"id":1,"file_name":"1.jpg","width":2,"height":3}],
            "annotations":[{"image_id":1,"category_id":3,"bbox":[1,2,10.25,4],"segmentation":[[1,2]]},
            {"image_id":2,"category_id":3,"bbox":[0,0,1,1],"iscrowd":1},
            {"image_id":1,"category_id":4,"bbox":[0,0,1.005,1]}],
            "categories":[{"id":3,"name":"stamp \"red\""},{"id":4,"name":"подпись"}]})");
  const auto rows = ImportRows(source());
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(report.format, "coco");
  EXPECT_EQ(rows[0].at("image_path"), "val2017/2.jpg");
  EXPECT_EQ(rows[0].at("answer"), "[]") << "crowds are left out";
  EXPECT_EQ(rows[1].at("answer"), R"([{"label":"stamp \"red\"","bbox":[1,2,11.25,6]},)"
                                  R"({"label":"подпись","bbox":[0,0,1,1]}])");
  EXPECT_EQ(rows[1].at("split"), "val2017");
  EXPECT_EQ(rows[1].at("width"), "2");
  const auto answers = ParseJson(rows[1].at("answer"));
  EXPECT_TRUE(answers.ok());
}

TEST_F(ImportTest, CocoCaptionsBecomeAListOfReferences) {
  Write("1.png", FakePng());
  const os::Path file = Write("captions_train.json",
                              R"({"images":[{"id":1,"file_name":"1.png"}],"annotations":[
        {"image_id":1,"caption":"a cat"},{"image_id":9,"caption":"?"},{"image_id":1,"caption":"кот"}]})");
  const auto rows = ImportRows(file);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].at("answer"), R"(["a cat","кот"])");
}

TEST_F(ImportTest, BrokenCocoSaysWhereItIsBroken) {
  Write("1.png", FakePng());
  const auto error = [&](std::string_view text) {
    ImportOptions options;
    options.format = "coco";
    return TryImport(Write("c.json", text), options).error().ToString();
  };
  EXPECT_THAT(error("{}"), HasSubstr("no lists 'images' and 'annotations'"));
  EXPECT_THAT(error(R"({"images":[],"annotations":[{"caption":"x"}]})"), HasSubstr("c.json"));
  EXPECT_THAT(error(R"({"images":[)"), HasSubstr("not valid JSON"));
  EXPECT_THAT(error("[]"), testing::Not(testing::IsEmpty()));
  EXPECT_TRUE(
      ImportRows(Write("d.json",
                       R"({"annotations":[{"image_id":1,"category_id":1,"bbox":[1,2,1e308,4]}],
              "images":[{"id":1,"file_name":"1.png"},{"id":2,"file_name":"../../x.png"},{"id":"3"}],
              "categories":[{"id":1,"name":"n"}]})"))
          .empty());
  EXPECT_EQ(report.bad, 3u);
  EXPECT_THAT(Reason(0), HasSubstr("images[0]: a bbox is no list of four numbers"));
}

TEST_F(ImportTest, DocVqaKeepsAllAcceptedAnswers) {
  Write("documents/x_1.png", FakePng());
  const os::Path file =
      Write("val.json", R"({"dataset_name":"docvqa","data":[{"questionId":9,"question":"Who?",
        "image":"documents/x_1.png","docId":4,"ucsf_document_id":"x","ucsf_document_page_no":"1",
        "answers":["ITC","itc limited"],"data_split":"val","question_types":["handwritten","form"]},
        {"question":"no image"},{"question":"?","image":"documents/x_1.png"}]})");
  ImportOptions options;
  options.skip_bad = true;
  const auto rows = ImportRows(file, options);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(report.format, "docvqa");
  EXPECT_EQ(rows[0].at("answer"), R"(["ITC","itc limited"])");
  EXPECT_EQ(rows[0].at("question_type"), "handwritten, form");
  EXPECT_EQ(rows[0].at("source_id"), "9");
  EXPECT_EQ(rows[0].at("split"), "val");
  EXPECT_EQ(rows[1].at("answer"), "") << "a test split has none";
  EXPECT_THAT(Reason(0), HasSubstr("data[1]: key 'image' is missing"));
}

TEST_F(ImportTest, PagesOfADocumentAreInNaturalOrder) {
  for (const char* page : {"1.jpg", "2.jpg", "10.jpg"})
    Write(std::string("images/12/") + page, FakePng());
  Write("images/13/1.jpg", FakePng());
  Write("jsons/12.json", R"({"classes": "1,1,2"})");
  ImportOptions options;
  options.skip_bad = true;
  const auto rows = ImportRows(source(), options);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(report.format, "pages");
  EXPECT_EQ(rows[0].at("image_path"),
            R"(["images/12/1.jpg","images/12/2.jpg","images/12/10.jpg"])");
  EXPECT_EQ(rows[0].at("answer"), R"({"classes":"1,1,2"})");
  EXPECT_EQ(rows[0].at("pages"), "3");
  EXPECT_THAT(Reason(0), HasSubstr("images/13: there is no jsons/13.json"));
}

TEST_F(ImportTest, FieldsOfDocumentsBecomeAnObject) {
  const std::string json =
      R"({"fields":{"name":{"value":"Иван","bboxes":[[1,2,3,4]]},"number":{"value":"001"}},"index":5})";
  Write("snils/images/clean/a.jpg", FakePng('a'));
  Write("snils/images/blur/a.jpg", FakePng('b'));
  Write("snils/jsons/a.json", json);
  Write("inn/images/b.jpg", FakePng('c'));
  Write("inn/jsons/b.json", "{}");
  ImportOptions options;
  options.skip_bad = true;
  const auto rows = ImportRows(source(), options);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(report.format, "documents");
  EXPECT_EQ(rows[0].at("answer"), R"({"name":"Иван","number":"001"})");
  EXPECT_EQ(rows[0].at("doc_class"), "snils");
  EXPECT_EQ(rows[0].at("subset"), "blur");
  EXPECT_EQ(rows[0].at("bboxes"), R"({"name":[[1,2,3,4]]})");
  EXPECT_EQ(rows[0].at("source_id"), "5");
  EXPECT_THAT(Reason(0), HasSubstr("no object 'fields'"));
  options.source.path = source() / "snils";
  options.output = output();
  EXPECT_EQ(Import(options)->samples, 2u) << "the folder of one class alone";
}

TEST_F(ImportTest, ALinkOfAJsonDoesNotLeadOut) {
  Write("../secret.json", R"({"fields":{"a":{"value":"secret"}}})");
  Write("images/a.jpg", FakePng());
  std::filesystem::create_directories(source() / "jsons");
  std::filesystem::create_symlink("../../secret.json", source() / "jsons/a.json");
  EXPECT_TRUE(ImportRows(source()).empty());
  EXPECT_EQ(report.bad, 1u);
}

TEST_F(ImportTest, TextsBesideImagesAreTheAnswers) {
  Write("letters/a.png", FakePng());
  Write("letters/a.txt", "\xEF\xBB\xBFстрока 1\nline 2\r\n\n");
  Write("b.png", FakePng());
  ImportOptions options;
  options.skip_bad = true;
  const auto rows = ImportRows(source(), options);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(report.format, "text");
  EXPECT_EQ(rows[0].at("answer"), "строка 1\nline 2");
  EXPECT_EQ(rows[0].at("doc_class"), "letters");
  EXPECT_THAT(Reason(0), HasSubstr("b.png: there is no text b.txt"));
}

TEST_F(ImportTest, FoldersAreClasses) {
  Write("train/cat/1.png", FakePng());
  Write("test/dog/2.webp", FakePng());
  ImportOptions options;
  const auto rows = ImportRows(source(), options);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(report.format, "classes");
  EXPECT_EQ(rows[0].at("answer"), "dog");
  EXPECT_EQ(rows[1].at("split"), "train");
  options.split = "train";
  EXPECT_EQ(ImportRows(source(), options).size(), 1u);
}

TEST(NaturalOrder, NumbersCountAsNumbers) {
  std::vector<std::string> names = {"p10", "p2", "p02", "p1a", "p1", "q", "p"};
  std::sort(names.begin(), names.end(), NaturalLess);
  EXPECT_THAT(names, ElementsAre("p", "p1", "p1a", "p02", "p2", "p10", "q"));
}

TEST(JsonItems, WalksWithoutBuilding) {
  const std::string_view text =
      R"( {"a\"b" : "x\\", "c":[1,{"d":"]"}], "e": 1.5e3 , "f":{} } rest)";
  auto items = JsonItems::Open(text);
  ASSERT_TRUE(items.ok());
  std::vector<std::string> seen;
  JsonItem item;
  while (*items->Next(item)) seen.push_back(std::string(item.key) + "=" + std::string(item.value));
  EXPECT_THAT(seen, ElementsAre(R"(a\"b="x\\")", R"(c=[1,{"d":"]"}])", "e=1.5e3", "f={}"));
  EXPECT_EQ(*FindJsonMember(text, "e"), "1.5e3");
  EXPECT_EQ(*FindJsonMember(text, "none"), "");
  EXPECT_EQ(*Unescaped(R"(a\"b)"), "a\"b");
  EXPECT_EQ(*FindJsonMember("{\"a\":" + std::string(1'000'000, '[') + "1" +
                                std::string(1'000'000, ']') + ",\"b\":2}",
                            "b"),
            "2")
      << "depth costs nothing";
}

TEST(JsonItems, BrokenTextIsAnError) {
  for (const char* bad : {"{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":[}", "[1 2]", "[,]",
                          "[1,", "{1:2}", "{\"a\":1,,}"}) {
    auto items = JsonItems::Open(bad);
    ASSERT_TRUE(items.ok()) << bad;
    JsonItem item;
    Result<bool> more = true;
    for (int i = 0; i < 10 && more.ok() && *more; ++i) more = items->Next(item);
    EXPECT_FALSE(more.ok()) << bad;
  }
  for (const char* bad : {"", "1", "\"a\"", " "}) EXPECT_FALSE(JsonItems::Open(bad).ok()) << bad;
}

}  // namespace
}  // namespace vlmhb::data
