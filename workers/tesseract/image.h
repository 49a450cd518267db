#pragma once
// Images for Tesseract: decoded by Leptonica within bounds, and preprocessed.

#include <leptonica/allheaders.h>

#include <memory>
#include <string_view>

#include "base/result.h"
#include "options.h"

namespace vlmhb::tesseract_worker {

inline constexpr size_t kMaxImageBytes = 64u << 20;  // encoded
inline constexpr int64_t kMaxPixels = 100'000'000;   // decoded, also after preprocessing

struct PixDeleter {
  void operator()(Pix* pix) const { pixDestroy(&pix); }
};
using PixPtr = std::unique_ptr<Pix, PixDeleter>;

// Sends Leptonica's messages into the errors of the functions below, not to standard error. Call
// once, before them.
void CaptureLeptonicaMessages();

// Decodes the first page of PNG, JPEG, TIFF, WebP, BMP, PNM or JPEG 2000. Transparent pixels
// become white. kCorrupt, naming `name` and the reason, for what cannot be decoded, is cut short or
// has more than kMaxPixels.
Result<PixPtr> DecodeImage(std::string_view bytes, std::string_view name);

// binarize: Sauvola's local threshold, for uneven light. upscale: twice the width and height, for
// small letters. kCorrupt if the result would be too large.
Result<PixPtr> PreprocessImage(PixPtr image, Preprocess how);

}  // namespace vlmhb::tesseract_worker
