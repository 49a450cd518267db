#include "report/contact_sheet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "data/import.h"
#include "report/fixture_test.h"

namespace vlmhb::report {
namespace {

using testing::HasSubstr;
using testing::Not;

class ContactSheetTest : public testing::Test {
 protected:
  std::string Sheet(const std::string& lines, ContactSheetOptions options) {
    const os::Path file = folder_.path() / "x.jsonl";
    std::ofstream(file) << lines;
    auto source = data::OpenSource("", {.path = file});
    EXPECT_TRUE(source.ok()) << source.error().ToString();
    return *MakeContactSheet(*source->reader, options);
  }
  void Image(const std::string& name, size_t bytes) {
    EXPECT_TRUE(os::WriteFileAtomic(folder_.path() / name, FakePng(10, 10, bytes)).ok());
  }
  static size_t Count(std::string_view text, std::string_view what) {
    size_t count = 0;
    for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

 private:
  os::TempFolder folder_;
};

TEST_F(ContactSheetTest, ShowsSamplesFromAllOverTheDataset) {
  Image("a.png", 100);
  std::string lines;
  for (int i = 0; i < 100; ++i)
    lines += "{\"image\":\"a.png\",\"question\":\"question" + std::to_string(i) + ".\"}\n";
  const std::string page = Sheet(lines, {.title = "t", .total = 100, .samples = 4});
  EXPECT_EQ(Count(page, "<article>"), 4u);
  for (const char* shown : {"question0.", "question25.", "question50.", "question75."})
    EXPECT_THAT(page, HasSubstr(shown));
}

TEST_F(ContactSheetTest, HostileTextStaysTextAndNothingIsLoaded) {
  Image("a.png", 100);
  const std::string page =
      Sheet(R"({"id":"<b>","image":"a.png","question":"<script>\" onload=x","answer":"\u202Ex"})"
            "\n{\"image\":\"http://x/<img src=y>\"}\n{\"image\":\"<i>.png\"}\n",
            {.title = "</title><script>", .total = 3});
  for (const char* forbidden : {"<script", "<b>", "<i>", "<img src=y", "\u202E", "src=\"http"})
    EXPECT_THAT(page, Not(HasSubstr(forbidden))) << forbidden;
  EXPECT_THAT(page, HasSubstr("default-src 'none'; img-src data:;"));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
  EXPECT_EQ(Count(page, "<article>"), 3u) << "bad records are shown too, with the reason";
}

TEST_F(ContactSheetTest, ImagesAreBounded) {
  Image("big.png", 60'000);
  const std::string several = R"({"image":["big.png","big.png","big.png"]})";
  const std::string page =
      Sheet(several + "\n" + several,
            {.title = "t", .total = 2, .image_bytes = 200'000, .images_of_a_sample = 2});
  EXPECT_EQ(Count(page, "data:image/png;base64,"), 3u);
  EXPECT_THAT(page, HasSubstr("budget for images is spent"));
  EXPECT_THAT(page, HasSubstr("and 1 more images"));
}

}  // namespace
}  // namespace vlmhb::report
