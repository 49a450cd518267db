#include "data/inspect.h"

#include "data/image_cell.h"
#include "data/image_kind.h"
#include "data/import_test_support.h"
#include "data/scripts.h"

namespace vlmhb::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

TEST(ImageCell, IsAPathOrAListOfPaths) {
  EXPECT_THAT(ParseImageCell("a.png"), ElementsAre("a.png"));
  EXPECT_THAT(ParseImageCell(""), ElementsAre());
  EXPECT_THAT(ParseImageCell(R"(["a.png","b;c.png"])"), ElementsAre("a.png", "b;c.png"));
  EXPECT_THAT(ParseImageCell("[draft].png"), ElementsAre("[draft].png"));
  EXPECT_THAT(ParseImageCell("[1,2]"), ElementsAre("[1,2]"));
  EXPECT_THAT(ParseImageCell("[]"), ElementsAre());
  for (const std::vector<std::string>& images :
       {std::vector<std::string>{}, {"a"}, {"[\"x\"]"}, {"a", "ы\"\\"}, {"[a"}, {""}, {"", "b"}})
    EXPECT_EQ(ParseImageCell(ImageCell(images)), images);
}

TEST(ImageKind, PngIsFollowedToItsEnd) {
  const std::string png = FakePng();
  EXPECT_EQ(LookAt(png).damage, "");
  EXPECT_EQ(LookAt(png).width, 2);
  EXPECT_EQ(LookAt(png).height, 3);
  for (size_t size = 4; size < png.size(); ++size)
    EXPECT_NE(LookAt(std::string_view(png).substr(0, size)).damage, "") << size;
  std::string flipped = png;
  flipped[50] ^= 1;
  EXPECT_THAT(LookAt(flipped).damage, HasSubstr("CRC"));
}

TEST(ImageKind, OtherKindsTellSizeAndCut) {
  using namespace std::string_literals;
  const std::string jpeg =
      "\xFF\xD8\xFF\xE0\0\x04zz\xFF\xC0\0\x0B\x08\0\x05\0\x07\x01\x01\x11\0\xFF\xDA\0\x02"
      "data\xFF\xD9"s;
  EXPECT_EQ(LookAt(jpeg).damage, "");
  EXPECT_EQ(LookAt(jpeg).width, 7);
  EXPECT_EQ(LookAt(jpeg).height, 5);
  EXPECT_THAT(LookAt(jpeg.substr(0, jpeg.size() - 2)).damage, HasSubstr("cut off"));
  EXPECT_THAT(LookAt(jpeg.substr(0, 10)).damage, HasSubstr("cut off"));
  const std::string gif = "GIF89a\x03\0\x04\0\0\0\0;"s;
  EXPECT_EQ(LookAt(gif).width, 3);
  EXPECT_EQ(LookAt(gif).damage, "");
  EXPECT_NE(LookAt("GIF89a\x03\0\x04\0\0\0\0x"s).damage, "");
  const std::string webp = "RIFF\x16\0\0\0WEBPVP8X\x0A\0\0\0\0\0\0\0\x09\0\0\x0B\0\0"s;
  EXPECT_EQ(LookAt(webp).width, 10);
  EXPECT_EQ(LookAt(webp).height, 12);
  EXPECT_NE(LookAt(webp.substr(0, 20)).damage, "");
  const std::string bmp =
      "BM\x1E\0\0\0\0\0\0\0\x1A\0\0\0\x28\0\0\0\x05\0\0\0\xFA\xFF\xFF\xFF\1\0\1\0"s;
  EXPECT_EQ(LookAt(bmp).width, 5);
  EXPECT_EQ(LookAt(bmp).height, 6);
  EXPECT_EQ(LookAt(bmp).damage, "");
  EXPECT_NE(LookAt("<svg/>").damage, "");
  EXPECT_THAT(LookAt("").damage, HasSubstr("empty"));
}

TEST(Scripts, AreSeenByTheirLetters) {
  const auto names = [](std::string_view text) {
    std::vector<std::string> found;
    for (size_t i = 0; i < ScriptNames().size(); ++i)
      if ((ScriptsOf(text) >> i & 1) != 0) found.emplace_back(ScriptNames()[i]);
    return found;
  };
  EXPECT_THAT(names("Счёт № 5"), ElementsAre("Cyrillic"));
  EXPECT_THAT(names("Café, ÷×"), ElementsAre("Latin"));
  EXPECT_THAT(names("日本語テキスト"), ElementsAre("Kana", "Han"));
  EXPECT_THAT(names("한국어 عربي"), ElementsAre("Arabic", "Hangul"));
  EXPECT_THAT(names("12.5 \xFF\xFE\xC3 😀"), ElementsAre());
}

class InspectTest : public ImportTest {
 protected:
  Inspection Look(const os::Path& path, std::set<std::string> required = {}) {
    findings.clear();
    InspectOptions options;
    options.source.path = path;
    options.required = std::move(required);
    auto found = Inspect(options, [&](const Finding& finding) { findings.push_back(finding); });
    EXPECT_TRUE(found.ok()) << found.error().ToString();
    return found.ok() ? *std::move(found) : Inspection();
  }
  std::vector<Finding> findings;
};

TEST_F(InspectTest, TellsWhatIsInADataset) {
  Write("a.png", FakePng('a'));
  Write("b.png", FakePng('b'));
  Write("annotation.csv",
        "image_path;question;answer;doc_class;question_type;lang\n"
        "a.png;Что?;да;passport;name;ru\n\"[\"\"a.png\"\",\"\"b.png\"\"]\";What?;x;invoice;name;"
        "en\n");
  const Inspection found = Look(source());
  EXPECT_EQ(found.samples, 2u);
  EXPECT_EQ(found.images.references, 3u);
  EXPECT_EQ(found.images.distinct, 2u);
  EXPECT_EQ(found.most_images, 2u);
  EXPECT_THAT(found.images.kinds, ElementsAre(Pair("png", 2u)));
  EXPECT_EQ(found.images.most_height, 3);
  EXPECT_THAT(found.doc_classes, ElementsAre(Pair("invoice", 1u), Pair("passport", 1u)));
  EXPECT_THAT(found.scripts, ElementsAre(Pair("Cyrillic", 1u), Pair("Latin", 1u)));
  EXPECT_THAT(found.fields, ElementsAre("lang"));
  EXPECT_TRUE(found.errors.empty());
  EXPECT_TRUE(found.content_digest.has_value());
}

TEST_F(InspectTest, TellsEveryProblemWithItsFix) {
  Write("a.png", FakePng());
  Write("copy.png", FakePng());
  Write("cut.png", FakePng().substr(0, 50));
  Write("annotation.csv",
        "image_path;question;answer;source_id\na.png;q;a;1\na.png;q;a;1\ncopy.png;q;b;2\n"
        "cut.png;q;a;3\nnone.png;q;a;4\n../x.png;q;a;5\na.png;q;;6\n;q;a;7\na.png;q\n");
  const Inspection found = Look(source(), {"answer"});
  EXPECT_THAT(found.errors, UnorderedElementsAre(Pair("bad_record", 1u), Pair("corrupt_image", 1u),
                                                 Pair("duplicate_id", 1u), Pair("empty_answer", 1u),
                                                 Pair("missing_image", 1u), Pair("no_image", 1u),
                                                 Pair("refused_image", 1u)));
  EXPECT_THAT(found.warnings,
              UnorderedElementsAre(Pair("duplicate_sample", 1u), Pair("identical_image", 1u)));
  for (const Finding& finding : findings) {
    EXPECT_THAT(finding.place, testing::StartsWith("line "));
    EXPECT_NE(finding.fix, "") << finding.check;
  }
  const json::object object = ToJsonObject(found);
  EXPECT_EQ(object.at("samples").as_uint64(), 9u);
  EXPECT_EQ(object.at("errors").at("no_image").as_uint64(), 1u);
}

TEST_F(InspectTest, LooksAtAnyFormat) {
  const std::string image = Base64Encode(FakePng());
  const Inspection found =
      Look(Write("x.tsv", "index\timage\tquestion\n1\t" + image + "\tq\n2\t1\tr\n"));
  EXPECT_EQ(found.format, "vlmevalkit");
  EXPECT_EQ(found.images.distinct, 1u);
  EXPECT_EQ(found.images.references, 2u);
  EXPECT_FALSE(found.content_digest.has_value());
  EXPECT_EQ(Look(Write("y.tsv", "index\timage\n")).errors.count("no_sample"), 1u);
}

}  // namespace
}  // namespace vlmhb::data
