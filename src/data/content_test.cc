#include <gtest/gtest.h>

#include <fstream>

#include "data/content_hash.h"
#include "data/image_folder.h"

namespace vlmhb::data {
namespace {

void Write(const os::Path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

TEST(ImageFolder, FindsFilesInside) {
  const os::TempFolder temp;
  const os::Path root = std::filesystem::canonical(temp.path());
  std::filesystem::create_directories(root / "images");
  Write(root / "images/a.png", "abc");
  std::filesystem::create_symlink("a.png", root / "images/relative.png");
  std::filesystem::create_symlink(root / "images/a.png", root / "absolute.png");
  const ImageFolder folder = std::move(ImageFolder::Open(root)).value();
  EXPECT_EQ(folder.Find("images/a.png")->path, root / "images/a.png");
  EXPECT_EQ(folder.Find("images/a.png")->stamp.size, 3u);
  EXPECT_TRUE(folder.Find("images/../images/a.png").ok());
  EXPECT_TRUE(folder.Find("images/relative.png").ok());
  EXPECT_TRUE(folder.Find("absolute.png").ok()) << "leads back inside";
}

TEST(ImageFolder, RefusesEveryWayOut) {
  const os::TempFolder temp;
  const os::Path root = temp.path() / "root";
  std::filesystem::create_directories(root / "images");
  Write(temp.path() / "secret", "x");
  std::filesystem::create_symlink("/etc", root / "link");
  std::filesystem::create_symlink("../../secret", root / "images/up");
  std::filesystem::create_symlink("loop", root / "loop");
  const ImageFolder folder = std::move(ImageFolder::Open(root)).value();
  for (const char* bad : {"../secret", "images/../../secret", "/etc/passwd", "link/passwd",
                          "images/up", "", "/proc/self/exe"})
    EXPECT_EQ(folder.Find(bad).error().code(), ErrorCode::kInvalidConfig) << bad;
  EXPECT_EQ(folder.Find(std::string_view("a\0b", 3)).error().code(), ErrorCode::kInvalidConfig);
  EXPECT_FALSE(folder.Find("loop").ok());
}

TEST(ImageFolder, WhatIsNoFileIsNotFound) {
  const os::TempFolder temp;
  std::filesystem::create_directories(temp.path() / "images");
  Write(temp.path() / "file", "x");
  const ImageFolder folder = std::move(ImageFolder::Open(temp.path())).value();
  for (const char* bad : {"none.png", "images", "none/none.png", "file/none.png"})
    EXPECT_EQ(folder.Find(bad).error().code(), ErrorCode::kNotFound) << bad;
  EXPECT_EQ(ImageFolder::Open(temp.path() / "none").error().code(), ErrorCode::kNotFound);
}

class ContentTest : public testing::Test {
 protected:
  ContentTest() {
    view_.root = folder_.path();
    view_.annotation = folder_.path() / "annotation.csv";
    Write(view_.annotation, "image_path;answer\na.png;1\na.png;2\nb.png;3\nnone.png;4\n../x;5\n");
    Write(folder_.path() / "a.png", "a");
    Write(folder_.path() / "b.png", "b");
    Later();
  }
  // Moves the clock past the time in which a file's stamp is not trusted.
  void Later() { clock_.Advance(SystemClock().Wall() - clock_.Wall() + std::chrono::seconds(5)); }
  std::string Digest() { return *ContentDigest(view_, cache(), clock_); }
  os::Path cache() const { return folder_.path() / "cache"; }
  ptrdiff_t CachedDigests() const {
    return std::distance(std::filesystem::directory_iterator(cache()), {});
  }

  os::TempFolder folder_;
  DatasetView view_;
  FakeClock clock_;
};

TEST_F(ContentTest, ChangesWithEveryByteThatASampleSees) {
  const std::string first = Digest();
  EXPECT_EQ(first.size(), 64u);
  EXPECT_EQ(Digest(), first);
  Write(folder_.path() / "b.png", "B");
  const std::string other_image = Digest();
  EXPECT_NE(other_image, first);
  Write(folder_.path() / "none.png", "now it exists");
  const std::string found_image = Digest();
  EXPECT_NE(found_image, other_image);
  Write(view_.annotation, "image_path;answer\na.png;1\na.png;2\nb.png;3\nnone.png;5\n../x;5\n");
  EXPECT_NE(Digest(), found_image);
  std::filesystem::remove(folder_.path() / "none.png");
  Write(folder_.path() / "b.png", "b");
  Write(view_.annotation, "image_path;answer\na.png;1\na.png;2\nb.png;3\nnone.png;4\n../x;5\n");
  EXPECT_EQ(Digest(), first) << "content counts, not time stamps";
}

TEST_F(ContentTest, DependsOnContentAndNotOnThePlace) {
  const std::string first = Digest();
  const os::TempFolder elsewhere;
  for (const char* name : {"annotation.csv", "a.png", "b.png"})
    std::filesystem::copy_file(folder_.path() / name, elsewhere.path() / name);
  view_.root = elsewhere.path();
  view_.annotation = elsewhere.path() / "annotation.csv";
  EXPECT_EQ(Digest(), first);
}

TEST_F(ContentTest, OnlySelectedSamplesImagesCount) {
  view_.limit = 2;
  const std::string first = Digest();
  Write(folder_.path() / "b.png", "B");
  EXPECT_EQ(Digest(), first);
}

TEST_F(ContentTest, AKnownStateIsNotReadAgain) {
  Digest();
  ASSERT_EQ(CachedDigests(), 1);
  const os::Path entry = std::filesystem::directory_iterator(cache())->path();
  const std::string planted(64, 'f');
  Write(entry, planted);
  EXPECT_EQ(Digest(), planted) << "the cache answered";
  Write(entry, "damaged");
  EXPECT_NE(Digest(), planted) << "a damaged entry is not believed";
}

TEST_F(ContentTest, WhatHasJustChangedIsNotRemembered) {
  clock_.Advance(SystemClock().Wall() - clock_.Wall());
  Write(folder_.path() / "b.png", "B");
  Digest();
  EXPECT_FALSE(std::filesystem::exists(cache()));
}

TEST_F(ContentTest, AMissingAnnotationIsAnError) {
  std::filesystem::remove(view_.annotation);
  EXPECT_EQ(ContentDigest(view_, cache(), clock_).error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace vlmhb::data
