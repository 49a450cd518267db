#include "image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "os/file.h"

namespace vlmhb::tesseract_worker {
namespace {

using testing::HasSubstr;

std::string Demo(std::string_view name) {
  auto bytes = os::ReadFile(os::Path(DEMO_DATASETS) / "vqa/demo_fields/images" / name);
  EXPECT_TRUE(bytes.ok()) << bytes.error().ToString();
  return *bytes;
}

// An image of `width` x `height` in `format`; uniform, so that it is small.
std::string Encoded(int width, int height, int format, int depth = 8) {
  const PixPtr pix(pixCreate(width, height, depth));
  pixSetAllArbitrary(pix.get(), 200);
  l_uint8* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(pixWriteMem(&data, &size, pix.get(), format), 0);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  std::free(data);
  return bytes;
}

void ExpectCorrupt(const Result<PixPtr>& image, std::string_view reason) {
  ASSERT_FALSE(image.ok()) << reason;
  EXPECT_EQ(image.error().code(), ErrorCode::kCorrupt);
  EXPECT_THAT(image.error().message(), HasSubstr("a.img"));
  EXPECT_THAT(image.error().message(), HasSubstr(std::string(reason)));
}

class ImageTest : public testing::Test {
 protected:
  void SetUp() override { CaptureLeptonicaMessages(); }
};

TEST_F(ImageTest, DecodesTheFormatsOfDocuments) {
  EXPECT_TRUE(DecodeImage(Demo("passport_en_01_clean.png"), "a.img").ok());
  EXPECT_TRUE(DecodeImage(Demo("passport_en_06_jpeg.jpg"), "a.img").ok());
  for (const int format : {IFF_PNG, IFF_JFIF_JPEG, IFF_TIFF_LZW, IFF_BMP, IFF_PNM, IFF_WEBP}) {
    const auto image = DecodeImage(Encoded(30, 20, format), "a.img");
    ASSERT_TRUE(image.ok()) << format << image.error().ToString();
    EXPECT_EQ(pixGetWidth(image->get()), 30);
    EXPECT_EQ(pixGetHeight(image->get()), 20);
  }
}

TEST_F(ImageTest, AnyCutOfAFileIsCorrupt) {
  for (const char* name : {"passport_en_01_clean.png", "passport_en_06_jpeg.jpg"}) {
    const std::string whole = Demo(name);
    for (const size_t size : {size_t{1}, size_t{8}, size_t{20}, whole.size() / 4, whole.size() / 2,
                              whole.size() * 9 / 10})
      ExpectCorrupt(DecodeImage(std::string_view(whole).substr(0, size), "a.img"), "decode");
  }
  for (const int format : {IFF_TIFF_LZW, IFF_BMP, IFF_PNM, IFF_WEBP}) {
    const std::string whole = Encoded(300, 200, format);
    ExpectCorrupt(DecodeImage(std::string_view(whole).substr(0, whole.size() / 2), "a.img"),
                  "decode");
  }
}

TEST_F(ImageTest, WhatIsNoImageIsCorrupt) {
  ExpectCorrupt(DecodeImage("", "a.img"), "empty");
  ExpectCorrupt(DecodeImage("hello, this is text", "a.img"), "format");
  ExpectCorrupt(DecodeImage(Encoded(30, 20, IFF_SPIX), "a.img"), "not supported");
}

TEST_F(ImageTest, FlippedBytesOfAPngAreCorrupt) {
  std::string bytes = Demo("passport_en_01_clean.png");
  bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
  ExpectCorrupt(DecodeImage(bytes, "a.img"), "decode");
}

TEST_F(ImageTest, AnEnormousPictureIsRefusedByItsHeader) {
  const std::string bytes = Encoded(20'000, 20'000, IFF_PNG, /*depth=*/1);
  EXPECT_LT(bytes.size(), 1u << 20);
  ExpectCorrupt(DecodeImage(bytes, "a.img"), "20000 x 20000 pixels");
}

TEST_F(ImageTest, TransparentPixelsBecomeWhite) {
  const PixPtr transparent(pixCreate(4, 4, 32));
  pixSetSpp(transparent.get(), 4);
  l_uint8* data = nullptr;
  size_t size = 0;
  ASSERT_EQ(pixWriteMemPng(&data, &size, transparent.get(), 0), 0);
  const auto image = DecodeImage({reinterpret_cast<const char*>(data), size}, "a.img");
  std::free(data);
  ASSERT_TRUE(image.ok());
  l_int32 red = 0;
  l_int32 green = 0;
  l_int32 blue = 0;
  pixGetRGBPixel(image->get(), 1, 1, &red, &green, &blue);
  EXPECT_EQ(red, 255);
  EXPECT_EQ(green, 255);
  EXPECT_EQ(blue, 255);
}

TEST_F(ImageTest, PreprocessingBinarizesOrEnlarges) {
  const std::string bytes = Demo("passport_en_01_clean.png");
  const auto make = [&](Preprocess how) {
    auto image = PreprocessImage(*DecodeImage(bytes, "a.img"), how);
    EXPECT_TRUE(image.ok()) << image.error().ToString();
    return std::move(*image);
  };
  const PixPtr plain = make(Preprocess::kNone);
  const PixPtr binary = make(Preprocess::kBinarize);
  EXPECT_EQ(pixGetDepth(binary.get()), 1);
  EXPECT_EQ(pixGetWidth(binary.get()), pixGetWidth(plain.get()));
  l_float32 ink = 0;
  ASSERT_EQ(pixForegroundFraction(binary.get(), &ink), 0);
  EXPECT_GT(ink, 0.005f);
  EXPECT_LT(ink, 0.5f);
  const PixPtr large = make(Preprocess::kUpscale);
  EXPECT_EQ(pixGetWidth(large.get()), 2 * pixGetWidth(plain.get()));
}

TEST_F(ImageTest, TinyImagesAreBinarizedToo) {
  for (const int side : {1, 2, 5, 8, 60}) {
    const auto image =
        PreprocessImage(*DecodeImage(Encoded(side, side, IFF_PNG), "a.img"), Preprocess::kBinarize);
    ASSERT_TRUE(image.ok()) << side << image.error().ToString();
    EXPECT_EQ(pixGetDepth(image->get()), 1);
  }
}

TEST_F(ImageTest, EnlargingBeyondTheBoundIsRefused) {
  const auto image = PreprocessImage(
      *DecodeImage(Encoded(9'000, 9'000, IFF_PNG, /*depth=*/1), "a.img"), Preprocess::kUpscale);
  ASSERT_FALSE(image.ok());
  EXPECT_EQ(image.error().code(), ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace vlmhb::tesseract_worker
