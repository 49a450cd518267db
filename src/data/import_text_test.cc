// JSON Lines and TSV.

#include "data/import_test_support.h"
#include "data/text_list.h"

namespace vlmhb::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ImportTest, JsonLinesGoByUsualOrMappedKeys) {
  Write("a.png", FakePng());
  Write("b.png", FakePng('b'));
  const os::Path file =
      Write("x.jsonl",
            "\xEF\xBB\xBF{\"id\":7,\"images\":[\"a.png\",\"b.png\"],\"prompt\":\"p\","
            "\"answers\":[\"x\",\"y\"],\"lang\":\"ru\",\"n\":1.5}\r\n\r\n"
            "{\"images\":\"a.png\",\"late\":null,\"n\":{\"k\":[1]}}");
  const auto rows = ImportRows(file);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("image_path"), R"(["a.png","b.png"])");
  EXPECT_EQ(rows[0].at("question"), "p");
  EXPECT_EQ(rows[0].at("answer"), R"(["x","y"])");
  EXPECT_EQ(rows[0].at("source_id"), "7");
  EXPECT_EQ(rows[1].at("n"), R"({"k":[1]})");
  EXPECT_EQ(rows[1].at("late"), "") << "a key that comes late has its column all the same";
  ImportOptions options;
  options.source.roles = {{"doc_class", "lang"}};
  EXPECT_EQ(ImportRows(file, options)[0].at("doc_class"), "ru");
  options.source.roles = {{"doc_class", "lng"}};
  EXPECT_THAT(TryImport(file, options).error().message(), HasSubstr("Did you mean 'lang'?"));
}

TEST_F(ImportTest, BrokenJsonLinesCostThemselves) {
  Write("a.png", FakePng());
  const std::string deep = std::string(5000, '[') + std::string(5000, ']');
  const auto rows = [&] {
    ImportOptions options;
    options.skip_bad = true;
    return ImportRows(Write("x.jsonl",
                            "{\"image\":\"a.png\",\"answer\":\"ok\"}\n[1]\n"
                            "{\"image\":3}\n{\"image\":[1]}\n{\"image\":\"http://x/a.png\"}\n"
                            "{\"image\":\"data:image/png,abc\"}\n"
                            "{\"image\":\"data:image/png;base64,*\"}\n"
                            "{\"image\":\"a.png\",\"answer\":\"\xFF\"}\n"
                            "{\"image\":\"a.png\",\"x\":" +
                                deep +
                                "}\n"
                                "{\"image\":\"" +
                                std::string(5000, 'A') +
                                "\"}\n"
                                "{\"image\":\"a.png\",\"answer\":\"never clo"),
                      options);
  }();
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(report.bad, 10u);
  EXPECT_THAT(Reason(0), HasSubstr("line 2: it is no JSON object"));
  EXPECT_THAT(Reason(3), HasSubstr("on the network"));
  EXPECT_THAT(Reason(7), HasSubstr("line 9: not valid JSON"));
  EXPECT_THAT(Reason(8), HasSubstr("neither a path nor base64"));
  EXPECT_THAT(TryImport(Write("y.jsonl", "")).error().message(), HasSubstr("no line has a key"));
}

TEST_F(ImportTest, Base64MayBeBareWrappedOrWithoutPadding) {
  std::string bare = Base64Encode(FakePng());
  std::string wrapped = bare;
  wrapped.insert(60, "\\n");
  while (bare.ends_with('=')) bare.pop_back();
  const auto rows = ImportRows(
      Write("x.jsonl", "{\"image\":\"" + bare + "\"}\n{\"image\":\"" + wrapped + "\"}\n"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("image_path"), rows[1].at("image_path"));
  EXPECT_EQ(*os::ReadFile(output() / rows[0].at("image_path")), FakePng());
}

TEST_F(ImportTest, ATsvOfMultipleChoiceIsLaidOutAsVlmEvalKitDoes) {
  const std::string a = Base64Encode(FakePng('a'));
  const std::string b = Base64Encode(FakePng('b'));
  const os::Path file =
      Write("Bench.tsv",
            "index\timage\tquestion\thint\tA\tB\tanswer\tcategory\tl2-category\tsplit\n"
            "0\t" +
                a +
                "\t\"say \"\"hi\"\"\tnow\"\tlook\tcat\tdog\tA\tanimals\tx\tdev\n"
                "1\t0\tWhat?\t\tone\t\tA\tnumbers\ty\tdev\n"
                "2\t['" +
                a + "', '" + b + "']\tOpen?\t\t\t\tyes\tn\tz\ttest");
  const auto rows = ImportRows(file);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].at("question"),
            "Hint: look\nQuestion: say \"hi\"\tnow\nOptions:\nA. cat\nB. dog\n"
            "Please select the correct answer from the options above. \n");
  EXPECT_EQ(rows[0].at("A"), "cat");
  EXPECT_EQ(rows[0].at("doc_class"), "animals");
  EXPECT_EQ(rows[0].at("source_id"), "0");
  EXPECT_EQ(rows[1].at("image_path"), rows[0].at("image_path")) << "the image of row 0";
  EXPECT_THAT(rows[1].at("question"), HasSubstr("Options:\nA. one\nPlease"));
  EXPECT_EQ(rows[2].at("question"), "Open?") << "without options it is asked as it is";
  EXPECT_THAT(rows[2].at("image_path"), testing::StartsWith("[\"images/"));
  EXPECT_EQ(report.stored_images, 2u);
}

TEST_F(ImportTest, ATsvMayNameFiles) {
  Write("images/T/1.png", FakePng());
  Write("2.png", FakePng());
  const os::Path file = Write("T.tsv",
                              "index\timage_path\tquestion\tanswer\n"
                              "1\t1.png\tq\ta\n2\t['2.png', '1.png']\tq\ta\n");
  const auto rows = ImportRows(file);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].at("image_path"), "images/T/1.png");
  EXPECT_EQ(rows[1].at("image_path"), R"(["2.png","images/T/1.png"])");
}

TEST_F(ImportTest, BrokenRowsOfATsvCostThemselves) {
  const std::string a = Base64Encode(FakePng('a'));
  ImportOptions options;
  options.skip_bad = true;
  const auto rows =
      ImportRows(Write("x.tsv", "index\timage\tquestion\n0\t" + a + "\tq\n1\t7\tq\n2\t" +
                                    std::string(200, 'A') + "\tq\n3\t" + a + "\n4\t2\tq\n5\t" + a +
                                    "\t\"never closed\n6\t" + a + "\tq\n"),
                 options);
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_EQ(report.bad, 5u);
  EXPECT_THAT(Reason(0), HasSubstr("line 3: its image is '7'"));
  EXPECT_THAT(Reason(1), HasSubstr("not base64 of an image"));
  EXPECT_THAT(Reason(2), HasSubstr("2 cells, but the header has 3"));
  EXPECT_THAT(Reason(4), HasSubstr("nothing after it was read"));
  EXPECT_THAT(TryImport(Write("y.tsv", "")).error().message(), HasSubstr("it is empty"));
  EXPECT_THAT(TryImport(Write("z.tsv", "a\tb\n")).error().message(),
              HasSubstr("no column 'image'"));
}

TEST(TextList, ReadsJsonAndPythonAndPlainText) {
  EXPECT_THAT(ParseTextList(R"(["a","b"])"), ElementsAre("a", "b"));
  EXPECT_THAT(ParseTextList(R"(['a', "b\"c", 'd\'e'])"), ElementsAre("a", "b\"c", "d'e"));
  EXPECT_THAT(ParseTextList("[]"), ElementsAre());
  EXPECT_THAT(ParseTextList(""), ElementsAre());
  EXPECT_THAT(ParseTextList("[a"), ElementsAre("[a"));
  EXPECT_THAT(ParseTextList("['a' 'b']"), ElementsAre("['a' 'b']"));
  EXPECT_THAT(ParseTextList("['a"), ElementsAre("['a"));
}

}  // namespace
}  // namespace vlmhb::data
