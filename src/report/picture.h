#pragma once
// Reads document images to put them into a report. Nothing is decoded: a file is taken when its
// bytes begin as PNG or JPEG, its header gives a sane size, and it is small enough to be carried.

#include <string>
#include <string_view>

#include "base/result.h"
#include "os/file.h"
#include "report/report_model.h"

namespace vlmhb::report {

// One picture's file; larger ones are named in the report, but not shown.
inline constexpr size_t kMaxPictureBytes = 400'000;
// A picture that unpacks to more is a trap or of no use in a report.
inline constexpr int64_t kMaxPicturePixels = 50'000'000;

// Media type, width, height and bytes of `bytes`; kUnsupported when it is neither PNG nor JPEG,
// kCorrupt when its header is damaged or its size absurd.
Result<Picture> ParsePicture(std::string bytes);

// Reads `relative`, which must stay inside `root`. The error's message is fit for a reader.
Result<Picture> ReadPicture(const os::Path& root, std::string_view relative);

}  // namespace vlmhb::report
