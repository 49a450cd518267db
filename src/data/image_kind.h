#pragma once
// What the bytes of an image say about it, without decoding: its kind, its size, and whether its
// structure is whole. Pure.

#include <cstdint>
#include <string>
#include <string_view>

namespace vlmhb::data {

struct ImageKind {
  std::string_view name;        // "png", which is also the usual extension; "bin" if unknown
  std::string_view media_type;  // "image/png"; "application/octet-stream" if unknown
};

// By content, not by name; the first 16 bytes are enough.
ImageKind KindOf(std::string_view bytes);

struct ImageFacts {
  ImageKind kind;
  int64_t width = 0;  // pixels; 0 if unknown
  int64_t height = 0;
  std::string damage;  // what is broken; empty: nothing that the structure would show
};

// Follows PNG chunks (with their CRC), JPEG segments and the ends of GIF, WebP and BMP. Pixels are
// not decoded: an image whose compressed data is broken inside may pass. TIFF and unknown kinds are
// not followed.
ImageFacts LookAt(std::string_view bytes);

}  // namespace vlmhb::data
