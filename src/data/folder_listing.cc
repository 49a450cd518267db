#include "data/folder_listing.h"

#include <fmt/format.h>

#include <algorithm>
#include <compare>

#include "data/import_formats.h"

namespace vlmhb::data {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxFiles = 10'000'000;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// The run of digits at `at`, without leading zeros.
std::string_view DigitsAt(std::string_view text, size_t& at) {
  while (at < text.size() && text[at] == '0') ++at;
  const size_t begin = at;
  while (at < text.size() && IsDigit(text[at])) ++at;
  return text.substr(begin, at - begin);
}

template <typename Keep>
std::vector<std::string> NamesIn(const os::Path& folder, Keep keep) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    if (keep(*it)) names.push_back(it->path().filename().string());
  std::sort(names.begin(), names.end(), NaturalLess);
  return names;
}

}  // namespace

bool NaturalLess(const std::string& a, const std::string& b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (IsDigit(a[i]) && IsDigit(b[j])) {
      const std::string_view x = DigitsAt(a, i);
      const std::string_view y = DigitsAt(b, j);
      if (x.size() != y.size()) return x.size() < y.size();
      if (x != y) return x < y;
      continue;
    }
    if (a[i] != b[j]) return a[i] < b[j];
    ++i;
    ++j;
  }
  if (i < a.size() || j < b.size()) return i == a.size();
  return a < b;  // equal but for leading zeros
}

Result<std::vector<std::string>> ListImages(const os::Path& root) {
  std::vector<std::string> images;
  std::error_code error;
  fs::recursive_directory_iterator it(root, error);
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code gone;
    if (!IsImageName(it->path().filename().string()) || !it->is_regular_file(gone)) continue;
    images.push_back(it->path().lexically_relative(root).string());
    if (images.size() > kMaxFiles)
      return Error(ErrorCode::kUnsupported,
                   fmt::format("{} has more than {} images", root.string(), kMaxFiles));
  }
  if (error)
    return ErrnoError(error.value(), fmt::format("cannot list the folder {}", root.string()));
  std::sort(images.begin(), images.end(), NaturalLess);
  return images;
}

std::vector<std::string> FoldersIn(const os::Path& folder) {
  return NamesIn(folder, [](const fs::directory_entry& entry) {
    std::error_code gone;
    return entry.is_directory(gone);
  });
}

std::vector<std::string> ImagesIn(const os::Path& folder) {
  return NamesIn(folder, [](const fs::directory_entry& entry) {
    std::error_code gone;
    return IsImageName(entry.path().filename().string()) && entry.is_regular_file(gone);
  });
}

}  // namespace vlmhb::data
