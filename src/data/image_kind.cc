#include "data/image_kind.h"

#include <array>
#include <cstdlib>

#include "base/hash.h"

namespace vlmhb::data {
namespace {

constexpr std::string_view kPngMagic("\x89PNG\r\n\x1a\n", 8);

struct Magic {
  std::string_view prefix;
  ImageKind kind;
};
constexpr std::array<Magic, 6> kMagics = {{{"\x89PNG", {"png", "image/png"}},
                                           {"\xFF\xD8\xFF", {"jpg", "image/jpeg"}},
                                           {"GIF8", {"gif", "image/gif"}},
                                           {"BM", {"bmp", "image/bmp"}},
                                           {"II*", {"tif", "image/tiff"}},
                                           {"MM", {"tif", "image/tiff"}}}};

uint32_t Number(std::string_view bytes, size_t at, size_t size, bool big_endian) {
  uint32_t number = 0;
  for (size_t i = 0; i < size; ++i) {
    const size_t place = big_endian ? at + i : at + size - 1 - i;
    number = number << 8 | static_cast<uint8_t>(bytes[place]);
  }
  return number;
}
uint32_t BigEndian(std::string_view bytes, size_t at, size_t size) {
  return Number(bytes, at, size, true);
}
uint32_t LittleEndian(std::string_view bytes, size_t at, size_t size) {
  return Number(bytes, at, size, false);
}

void LookAtPng(std::string_view bytes, ImageFacts& facts) {
  constexpr size_t kAround = 12;  // length, type, CRC
  if (!bytes.starts_with(kPngMagic)) {
    facts.damage = "a damaged PNG signature";
    return;
  }
  bool has_data = false;
  for (size_t at = kPngMagic.size(); at + kAround <= bytes.size();) {
    const size_t length = BigEndian(bytes, at, 4);
    if (length > bytes.size() - at - kAround) break;
    const std::string_view type = bytes.substr(at + 4, 4);
    if (BigEndian(bytes, at + 8 + length, 4) != Crc32(bytes.substr(at + 4, 4 + length))) {
      facts.damage = "a PNG chunk whose CRC is wrong";
      return;
    }
    if (type == "IHDR" && length == 13) {
      facts.width = BigEndian(bytes, at + 8, 4);
      facts.height = BigEndian(bytes, at + 12, 4);
    }
    has_data |= type == "IDAT";
    if (type == "IEND") {
      if (facts.width == 0 || facts.height == 0 || !has_data) facts.damage = "a PNG without pixels";
      return;
    }
    at += kAround + length;
  }
  facts.damage = "a PNG that is cut off";
}

// Tables lie in the range of frame headers (ITU T.81, table B.1).
bool IsStartOfFrame(uint8_t marker) {
  return marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
}

// Segments up to the first scan; then only the end counts, whatever lies in between (more scans,
// restart markers). Many cameras append data after the end.
void LookAtJpeg(std::string_view bytes, ImageFacts& facts) {
  constexpr uint8_t kStartOfScan = 0xDA;
  for (size_t at = 2; at + 4 <= bytes.size();) {
    if (static_cast<uint8_t>(bytes[at]) != 0xFF) {
      facts.damage = "a damaged JPEG header";
      return;
    }
    const auto marker = static_cast<uint8_t>(bytes[at + 1]);
    if (marker == 0xFF) {
      ++at;
      continue;
    }
    const size_t length = BigEndian(bytes, at + 2, 2);
    if (length < 2 || length > bytes.size() - at - 2) break;
    if (IsStartOfFrame(marker) && length >= 7) {
      facts.height = BigEndian(bytes, at + 5, 2);
      facts.width = BigEndian(bytes, at + 7, 2);
    }
    at += 2 + length;
    if (marker != kStartOfScan) continue;
    if (facts.width == 0 || facts.height == 0) facts.damage = "a JPEG without a size";
    if (bytes.find("\xFF\xD9", at) == bytes.npos) facts.damage = "a JPEG that is cut off";
    return;
  }
  facts.damage = "a JPEG that is cut off";
}

void LookAtGif(std::string_view bytes, ImageFacts& facts) {
  if (bytes.size() < 14) {
    facts.damage = "a GIF that is cut off";
    return;
  }
  facts.width = LittleEndian(bytes, 6, 2);
  facts.height = LittleEndian(bytes, 8, 2);
  const size_t end = bytes.find_last_not_of('\0');  // some writers pad
  if (end == bytes.npos || bytes[end] != ';') facts.damage = "a GIF that is cut off";
}

// VP8 (lossy), VP8L (lossless) and VP8X (extended) say the size in ways of their own (RFC 9649).
void LookAtWebp(std::string_view bytes, ImageFacts& facts) {
  if (bytes.size() < 30 || LittleEndian(bytes, 4, 4) > bytes.size() - 8) {
    facts.damage = "a WebP that is cut off";
    return;
  }
  const std::string_view chunk = bytes.substr(12, 4);
  if (chunk == "VP8 ") {
    facts.width = LittleEndian(bytes, 26, 2) & 0x3FFF;
    facts.height = LittleEndian(bytes, 28, 2) & 0x3FFF;
  } else if (chunk == "VP8L") {
    const uint32_t packed = LittleEndian(bytes, 21, 4);
    facts.width = (packed & 0x3FFF) + 1;
    facts.height = (packed >> 14 & 0x3FFF) + 1;
  } else if (chunk == "VP8X") {
    facts.width = LittleEndian(bytes, 24, 3) + 1;
    facts.height = LittleEndian(bytes, 27, 3) + 1;
  } else {
    facts.damage = "a WebP of an unknown kind";
  }
}

void LookAtBmp(std::string_view bytes, ImageFacts& facts) {
  if (bytes.size() < 26 || LittleEndian(bytes, 10, 4) >= bytes.size()) {
    facts.damage = "a BMP that is cut off";
    return;
  }
  const bool is_old = LittleEndian(bytes, 14, 4) == 12;
  const size_t size = is_old ? 2 : 4;
  facts.width = LittleEndian(bytes, 18, size);
  const uint32_t height = LittleEndian(bytes, 18 + size, size);
  // A negative height stands for rows from top to bottom.
  facts.height = is_old ? height : std::abs(static_cast<int64_t>(static_cast<int32_t>(height)));
  const uint32_t file_size = LittleEndian(bytes, 2, 4);
  if (file_size > bytes.size()) facts.damage = "a BMP that is cut off";
}

}  // namespace

ImageKind KindOf(std::string_view bytes) {
  for (const Magic& magic : kMagics)
    if (bytes.starts_with(magic.prefix)) return magic.kind;
  if (bytes.starts_with("RIFF") && bytes.size() >= 12 && bytes.substr(8, 4) == "WEBP")
    return {"webp", "image/webp"};
  return {"bin", "application/octet-stream"};
}

ImageFacts LookAt(std::string_view bytes) {
  ImageFacts facts;
  facts.kind = KindOf(bytes);
  if (facts.kind.name == "png") LookAtPng(bytes, facts);
  if (facts.kind.name == "jpg") LookAtJpeg(bytes, facts);
  if (facts.kind.name == "gif") LookAtGif(bytes, facts);
  if (facts.kind.name == "webp") LookAtWebp(bytes, facts);
  if (facts.kind.name == "bmp") LookAtBmp(bytes, facts);
  if (facts.kind.name == "bin")
    facts.damage = bytes.empty() ? "an empty file" : "no PNG, JPEG, GIF, WebP, BMP or TIFF";
  return facts;
}

}  // namespace vlmhb::data
