#include "data/image_store.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/hash.h"
#include "data/image_kind.h"

namespace vlmhb::data {
namespace {

constexpr size_t kNameDigits = 32;
constexpr size_t kMaxRemembered = 10'000;

// Under a temporary name first, so that a name always stands for the whole content.
Result<void> Write(const os::Path& path, std::string_view bytes) {
  const os::Path temporary = path.string() + ".tmp";
  VLMHB_ASSIGN(const os::Fd fd, os::OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  VLMHB_TRY(os::WriteAll(fd.get(), bytes, temporary.string()));
  if (std::rename(temporary.c_str(), path.c_str()) != 0)
    return ErrnoError(errno, fmt::format("cannot publish {}", path.string()));
  return {};
}

}  // namespace

Result<void> ImageStore::MakeFolder() {
  if (has_folder_) return {};
  VLMHB_TRY(os::MakeFolders(output_ / "images"));
  has_folder_ = true;
  return {};
}

Result<std::string> ImageStore::Put(std::string_view bytes) {
  VLMHB_TRY(MakeFolder());
  const std::string name =
      "images/" + Sha256Hex(bytes).substr(0, kNameDigits) + "." + std::string(KindOf(bytes).name);
  const os::Path path = output_ / name;
  std::error_code absent;
  if (std::filesystem::file_size(path, absent) == bytes.size() && !absent) return name;
  VLMHB_TRY(Write(path, bytes));
  ++stored_;
  return name;
}

Result<std::string> ImageStore::Copy(const ImageFile& file) {
  const std::string key = file.path.string() + " " + file.stamp.ToString();
  if (const auto known = copied_.find(key); known != copied_.end()) return known->second;
  VLMHB_ASSIGN(const std::string bytes, os::ReadFile(file.path, kMaxImageFileBytes));
  VLMHB_ASSIGN(std::string name, Put(bytes));
  if (copied_.size() >= kMaxRemembered) copied_.clear();
  copied_[key] = name;
  return name;
}

Result<void> ImageStore::Sync() const {
  if (!has_folder_) return {};
  VLMHB_ASSIGN(const os::Fd folder, os::OpenFile(output_ / "images", O_RDONLY | O_DIRECTORY));
  if (::syncfs(folder.get()) != 0)
    return ErrnoError(errno, fmt::format("cannot sync {}", output_.string()));
  return {};
}

}  // namespace vlmhb::data
