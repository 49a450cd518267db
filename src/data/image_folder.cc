#include "data/image_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>

#include "base/text.h"

namespace vlmhb::data {
namespace {

constexpr size_t kShownBytes = 200;

os::Fd OpenBeneath(int root, const std::string& relative) {
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  return os::Fd(static_cast<int>(::syscall(SYS_openat2, root, relative.c_str(), &how, sizeof how)));
}

}  // namespace

Result<ImageFolder> ImageFolder::Open(const os::Path& root) {
  std::error_code error;
  const os::Path canonical = std::filesystem::canonical(root, error);
  if (error)
    return ErrnoError(error.value(),
                      fmt::format("cannot use the dataset folder {}", root.string()));
  VLMHB_ASSIGN(os::Fd fd, os::OpenFile(canonical, O_PATH | O_DIRECTORY));
  return ImageFolder(canonical, std::move(fd));
}

Result<ImageFile> ImageFolder::Find(std::string_view relative) const {
  const std::string shown = Truncate(SanitizeUtf8(relative), kShownBytes);
  if (relative.empty() || relative.find('\0') != std::string_view::npos)
    return Error(ErrorCode::kInvalidConfig, fmt::format("'{}' is no path of an image", shown));
  const std::string name(relative);
  ImageFile file;
  file.path = root_ / name;
  os::Fd fd = OpenBeneath(fd_.get(), name);
  // Whatever openat2 does not find or allow is judged the slow way: it may not exist in this kernel
  // or sandbox, and it refuses absolute links even if they lead back inside.
  if (!fd.valid() && errno != ENOENT && errno != ENOTDIR) {
    VLMHB_ASSIGN(file.path, os::JoinInside(root_, name));
    fd = os::Fd(::open(file.path.c_str(), O_PATH | O_CLOEXEC));
  }
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Error(ErrorCode::kNotFound,
                   fmt::format("there is no image '{}' in {}", shown, root_.string()));
    return ErrnoError(errno, fmt::format("cannot open image '{}'", shown));
  }
  if (!S_ISREG(info.st_mode))
    return Error(ErrorCode::kNotFound,
                 fmt::format("image '{}' in {} is not a file", shown, root_.string()));
  file.stamp = os::StampOf(info);
  return file;
}

}  // namespace vlmhb::data
