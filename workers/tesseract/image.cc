#include "image.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "base/text.h"

namespace vlmhb::tesseract_worker {
namespace {

constexpr int kUpscaleFactor = 2;
// Sauvola's window is about two lines of small print wide; the factor is the usual one.
constexpr int kSauvolaHalfWindow = 25;
constexpr float kSauvolaFactor = 0.34f;

// The first message since the last TakeMessage: the innermost function speaks first.
std::string g_message;

void KeepMessage(const char* message) {
  if (g_message.empty()) g_message = Trim(message);
}

std::string TakeMessage() {
  std::string message = std::exchange(g_message, "");
  return message.empty() ? "no reason given" : message;
}

Error Undecodable(std::string_view name, std::string_view why) {
  return Error(ErrorCode::kCorrupt, fmt::format("cannot decode image {}: {}", name, why));
}

Result<void> CheckSize(std::string_view name, int64_t width, int64_t height) {
  if (width > 0 && height > 0 && width * height <= kMaxPixels) return {};
  return Undecodable(name,
                     fmt::format("{} x {} pixels; 1 to {} are allowed", width, height, kMaxPixels));
}

// What documents come in. Others are decoded whole by Leptonica before their size is known.
bool IsSupported(l_int32 format) {
  switch (format) {
    case IFF_PNG:
    case IFF_JFIF_JPEG:
    case IFF_WEBP:
    case IFF_BMP:
    case IFF_PNM:
    case IFF_JP2:
      return true;
    default:
      return L_FORMAT_IS_TIFF(format);
  }
}

Result<PixPtr> CheckMade(Pix* made, std::string_view step) {
  if (made != nullptr) return PixPtr(made);
  return Error(ErrorCode::kInternal, fmt::format("{} failed: {}", step, TakeMessage()));
}

Pix* Binarize(Pix* image) {
  const PixPtr gray(pixConvertTo8(image, /*cmapflag=*/0));
  if (gray == nullptr) return nullptr;
  // The window must fit into the image.
  const int shorter = std::min(pixGetWidth(gray.get()), pixGetHeight(gray.get()));
  const int half_window = std::min(kSauvolaHalfWindow, (shorter - 3) / 2);
  Pix* binary = nullptr;
  if (half_window < 2) return pixThresholdToBinary(gray.get(), 128);
  pixSauvolaBinarize(gray.get(), half_window, kSauvolaFactor, /*addborder=*/1, nullptr, nullptr,
                     nullptr, &binary);
  return binary;
}

}  // namespace

void CaptureLeptonicaMessages() { leptSetStderrHandler(KeepMessage); }

Result<PixPtr> DecodeImage(std::string_view bytes, std::string_view name) {
  g_message.clear();
  const auto* data = reinterpret_cast<const l_uint8*>(bytes.data());
  l_int32 format = 0;
  l_int32 width = 0;
  l_int32 height = 0;
  l_int32 unused = 0;
  if (bytes.empty()) return Undecodable(name, "it is empty");
  // The header first: a small file can claim an enormous picture.
  if (pixReadHeaderMem(data, bytes.size(), &format, &width, &height, &unused, &unused, &unused) !=
      0)
    return Undecodable(name, TakeMessage());
  if (!IsSupported(format)) return Undecodable(name, "its format is not supported");
  VLMHB_TRY(CheckSize(name, width, height));

  PixPtr decoded(pixReadMem(data, bytes.size()));
  if (decoded == nullptr) return Undecodable(name, TakeMessage());
  VLMHB_TRY(CheckSize(name, pixGetWidth(decoded.get()), pixGetHeight(decoded.get())));
  return CheckMade(pixRemoveAlpha(decoded.get()), "removing transparency");
}

Result<PixPtr> PreprocessImage(PixPtr image, Preprocess how) {
  switch (how) {
    case Preprocess::kNone:
      return image;
    case Preprocess::kBinarize:
      return CheckMade(Binarize(image.get()), "binarizing");
    case Preprocess::kUpscale:
      break;
  }
  VLMHB_TRY(CheckSize("enlarged", int64_t{kUpscaleFactor} * pixGetWidth(image.get()),
                      int64_t{kUpscaleFactor} * pixGetHeight(image.get())));
  return CheckMade(pixScale(image.get(), kUpscaleFactor, kUpscaleFactor), "enlarging");
}

}  // namespace vlmhb::tesseract_worker
