#include "report/picture.h"

#include <fmt/format.h>

#include <system_error>

namespace vlmhb::report {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1a\n", 8);

uint32_t BigEndian(std::string_view bytes) {
  uint32_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

Result<Picture> Checked(Picture picture, int64_t width, int64_t height) {
  if (width <= 0 || height <= 0 || width > kMaxPicturePixels || height > kMaxPicturePixels ||
      width * height > kMaxPicturePixels)
    return Error(ErrorCode::kCorrupt, fmt::format("a size of {} × {} pixels", width, height));
  picture.width = static_cast<int>(width);
  picture.height = static_cast<int>(height);
  return picture;
}

Result<Picture> ParsePng(Picture picture) {
  const std::string_view bytes = picture.bytes;
  if (bytes.size() < 33 || bytes.substr(12, 4) != "IHDR" || BigEndian(bytes.substr(8, 4)) != 13)
    return Error(ErrorCode::kCorrupt, "a damaged PNG header");
  picture.media_type = "image/png";
  const uint32_t width = BigEndian(bytes.substr(16, 4));
  const uint32_t height = BigEndian(bytes.substr(20, 4));
  return Checked(std::move(picture), width, height);
}

bool IsStartOfFrame(uint8_t marker) {
  // 0xC4, 0xC8 and 0xCC lie in the range, but are tables (ITU T.81, table B.1).
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Walks the segments up to the frame header, which holds the size.
Result<Picture> ParseJpeg(Picture picture) {
  const std::string_view bytes = picture.bytes;
  const Error damaged(ErrorCode::kCorrupt, "a damaged JPEG header");
  for (size_t at = 2; at + 9 <= bytes.size();) {
    if (static_cast<uint8_t>(bytes[at]) != 0xFF) return damaged;
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const size_t length = BigEndian(bytes.substr(at + 2, 2));
    if (length < 2) return damaged;
    if (IsStartOfFrame(marker)) {
      const uint32_t height = BigEndian(bytes.substr(at + 5, 2));
      const uint32_t width = BigEndian(bytes.substr(at + 7, 2));
      picture.media_type = "image/jpeg";
      return Checked(std::move(picture), width, height);
    }
    at += 2 + length;
  }
  return damaged;
}

}  // namespace

Result<Picture> ParsePicture(std::string bytes) {
  Picture picture;
  picture.bytes = std::move(bytes);
  if (picture.bytes.starts_with(kPngMagic)) return ParsePng(std::move(picture));
  if (picture.bytes.starts_with("\xFF\xD8\xFF")) return ParseJpeg(std::move(picture));
  return Error(ErrorCode::kUnsupported, "neither PNG nor JPEG");
}

Result<Picture> ReadPicture(const os::Path& root, std::string_view relative) {
  VLMHB_ASSIGN(const os::Path path, os::JoinInside(root, relative));
  std::error_code failed;
  if (!std::filesystem::is_regular_file(path, failed))
    return Error(ErrorCode::kNotFound, "no such file");
  const auto size = std::filesystem::file_size(path, failed);
  if (failed) return Error(ErrorCode::kIo, failed.message());
  if (size > kMaxPictureBytes)
    return Error(ErrorCode::kUnsupported,
                 fmt::format("{} kB, more than the {} kB that a report carries", size / 1000,
                             kMaxPictureBytes / 1000));
  VLMHB_ASSIGN(std::string bytes, os::ReadFile(path, kMaxPictureBytes));
  return ParsePicture(std::move(bytes));
}

}  // namespace vlmhb::report
