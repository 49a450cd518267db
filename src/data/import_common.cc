#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "data/image_kind.h"
#include "data/import_formats.h"

namespace vlmhb::data {
namespace {

constexpr size_t kLeastBase64 = 64;  // no image is smaller, and no index or file name much longer

// Some writers break lines or leave the padding out.
Result<std::string> DecodeImage(std::string_view text) {
  Result<std::string> bytes = Base64Decode(text);
  if (bytes.ok()) return bytes;
  std::string compact;
  compact.reserve(text.size() + 3);
  std::copy_if(text.begin(), text.end(), std::back_inserter(compact),
               [](char c) { return c != '\n' && c != '\r' && c != ' '; });
  while (compact.size() % 4 != 0) compact.push_back('=');
  return Base64Decode(compact);
}

}  // namespace

os::Path ImageRoot(const SourceOptions& options) {
  if (!options.images.empty()) return options.images;
  std::error_code absent;
  if (std::filesystem::is_directory(options.path, absent)) return options.path;
  const os::Path parent = options.path.parent_path();
  return parent.empty() ? "." : parent;
}

bool HasExtension(const os::Path& path, std::string_view extension) {
  return AsciiLower(path.extension().string()) == extension;
}

bool IsImageName(std::string_view file_name) {
  constexpr std::array<std::string_view, 8> kExtensions = {".png", ".jpg",  ".jpeg", ".gif",
                                                           ".bmp", ".webp", ".tif",  ".tiff"};
  return std::any_of(kExtensions.begin(), kExtensions.end(), [&](std::string_view extension) {
    return HasExtension(file_name, extension);
  });
}

std::string CellText(const json::value& value) {
  if (value.is_null()) return "";
  if (value.is_string()) return std::string(value.get_string());
  return ToJson(value);
}

Result<SampleImage> ImageFromText(std::string_view text) {
  if (text.starts_with("data:")) {
    const size_t comma = text.substr(0, 200).find(',');
    if (comma == text.npos || !text.substr(0, comma).ends_with(";base64"))
      return Error(ErrorCode::kCorrupt, "its image is a data URI without base64");
    VLMHB_ASSIGN(std::string bytes, DecodeImage(text.substr(comma + 1)));
    return SampleImage(ImageBytes{std::move(bytes)});
  }
  if (text.starts_with("http://") || text.starts_with("https://"))
    return Error(ErrorCode::kUnsupported,
                 "its image is an address on the network; download it and give a path");
  if (text.size() >= kLeastBase64 && text.find('.') == text.npos) {
    Result<std::string> bytes = DecodeImage(text);
    if (bytes.ok() && KindOf(*bytes).name != "bin")
      return SampleImage(ImageBytes{*std::move(bytes)});
    if (text.size() > 4096)
      return Error(ErrorCode::kCorrupt, "its image is neither a path nor base64 of an image");
  }
  if (text.empty()) return Error(ErrorCode::kCorrupt, "it has no image");
  return SampleImage(std::string(text));
}

void Clear(SourceRecord& record, size_t fields) {
  ImportedSample& sample = record.sample;
  sample.images.clear();
  for (std::string* text : {&sample.id, &sample.prompt, &sample.system, &sample.reference,
                            &sample.doc_class, &sample.question_type})
    text->clear();
  sample.fields.resize(fields);
  for (std::string& field : sample.fields) field.clear();
  record.place.clear();
  record.bad_reason.clear();
}

}  // namespace vlmhb::data
