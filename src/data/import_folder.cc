// Folders of images: with a text of the same name beside each (OCR), or sorted into folders whose
// names are the answers (classification).

#include <fmt/format.h>

#include <memory>

#include "base/text.h"
#include "data/folder_listing.h"
#include "data/numbered_samples.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxTextBytes = 8u << 20;
constexpr int kMaxLookedAt = 1000;

// The text of `image`: the same path with .txt instead of the extension.
os::Path TextOf(const os::Path& root, const std::string& image) {
  return (root / image).replace_extension(".txt");
}

// The first images below `root` until `enough` says so of one.
template <typename Enough>
bool LookAtFirstImages(const os::Path& root, Enough enough) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator it(root, error);
  int looked_at = 0;
  for (const std::filesystem::recursive_directory_iterator end; !error && it != end;
       it.increment(error)) {
    if (!IsImageName(it->path().filename().string())) continue;
    if (enough(it->path())) return true;
    if (++looked_at == kMaxLookedAt) return false;
  }
  return false;
}

Result<std::shared_ptr<const std::vector<std::string>>> Images(const os::Path& root) {
  VLMHB_ASSIGN(std::vector<std::string> images, ListImages(root));
  if (images.empty())
    return Error(ErrorCode::kInvalidConfig, fmt::format("there is no image in {}", root.string()));
  return std::make_shared<const std::vector<std::string>>(std::move(images));
}

std::string ReadText(const os::Path& file, SourceRecord& record) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(file, error)) {
    record.bad_reason = fmt::format("there is no text {}", file.filename().string());
    return "";
  }
  Result<std::string> text = os::ReadFile(file, kMaxTextBytes);
  if (!text.ok()) {
    record.bad_reason = text.error().message();
    return "";
  }
  std::string_view content = *text;
  if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r'))
    content.remove_suffix(1);
  return std::string(content);
}

}  // namespace

bool IsTextFolder(const os::Path& path) {
  return LookAtFirstImages(path, [](os::Path image) {
    std::error_code absent;
    return std::filesystem::is_regular_file(image.replace_extension(".txt"), absent);
  });
}

OpenedReader OpenTextFolder(const SourceOptions& options) {
  const os::Path root = options.path;
  VLMHB_ASSIGN(const auto images, Images(root));
  const auto fill = [root, images](size_t number, SourceRecord& record) {
    const std::string& image = (*images)[number];
    record.place = SanitizeUtf8(image);
    record.sample.images.emplace_back(image);
    record.sample.doc_class = os::Path(image).parent_path().string();
    const Result<os::Path> file = os::JoinInside(root, TextOf("", image).string());
    if (file.ok()) {
      record.sample.reference = ReadText(*file, record);
    } else {
      record.bad_reason = file.error().message();
    }
  };
  return OpenedReader(
      std::make_unique<NumberedSamples>(root, SampleColumns(), images->size(), fill));
}

bool IsClassFolder(const os::Path& path) {
  return ImagesIn(path).empty() && LookAtFirstImages(path, [](const os::Path&) { return true; });
}

OpenedReader OpenClassFolder(const SourceOptions& options) {
  const os::Path root = options.path;
  VLMHB_ASSIGN(const auto images, Images(root));
  const auto fill = [images](size_t number, SourceRecord& record) {
    const os::Path image = (*images)[number];
    record.place = SanitizeUtf8(image.string());
    record.sample.images.emplace_back(image.string());
    const os::Path folder = image.parent_path();
    if (folder.empty()) record.bad_reason = "it lies in no folder, so it has no class";
    record.sample.reference = folder.filename().string();
    record.sample.doc_class = record.sample.reference;
    record.sample.fields[0] = folder.parent_path().string();
  };
  SampleColumns columns;
  columns.fields = {"split"};  // what is above the class: train/, validation/
  return OpenedReader(
      std::make_unique<NumberedSamples>(root, std::move(columns), images->size(), fill));
}

}  // namespace vlmhb::data
