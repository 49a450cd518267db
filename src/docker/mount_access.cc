#include "docker/mount_access.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace vlmhb::docker {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxLookedAt = 20'000;

bool MayRead(const fs::path& path, const struct stat& file, ContainerUser user) {
  unsigned bits = file.st_mode & 07;
  if (file.st_uid == user.uid)
    bits = (file.st_mode >> 6) & 07;
  else if (file.st_gid == user.gid)
    bits = (file.st_mode >> 3) & 07;
  const unsigned needed = S_ISDIR(file.st_mode) ? 05 : 04;
  return (bits & needed) == needed || user.uid == 0 ||
         ::lgetxattr(path.c_str(), "system.posix_acl_access", nullptr, 0) > 0;
}

Result<void> CheckOne(const fs::path& path, const fs::path& root, ContainerUser user) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0)
    return ErrnoError(errno, fmt::format("cannot mount {}", path.string()));
  if (S_ISLNK(file.st_mode) || MayRead(path, file, user)) return {};
  return Error(ErrorCode::kPermission,
               fmt::format("cannot mount {}: user {} of the container may not read {}. To do: "
                           "chmod -R a+rX {}",
                           root.string(), user.uid, path.string(), root.string()));
}

}  // namespace

Result<void> CheckReadable(const os::Path& path, ContainerUser user) {
  VLMHB_TRY(CheckOne(path, path, user));
  std::error_code error;
  if (!fs::is_directory(path, error)) return {};
  int looked_at = 0;
  for (fs::recursive_directory_iterator at(path, error), end; !error && at != end;
       at.increment(error)) {
    VLMHB_TRY(CheckOne(at->path(), path, user));
    if (++looked_at >= kMaxLookedAt) break;
  }
  if (error) return ErrnoError(error.value(), fmt::format("cannot mount {}", path.string()));
  return {};
}

}  // namespace vlmhb::docker
