#include "docker/mount_access.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <memory>

namespace vlmhb::docker {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxDepth = 1000;
constexpr int kMaxLookedAt = 20'000;

Error CannotChange(int error, const fs::path& path) {
  return ErrnoError(error, fmt::format("cannot change the owner of {}", path.string()));
}

// Opened without following a link: a tree that a command has written is not to be trusted.
Result<void> ChangeTree(int parent, const char* name, const fs::path& path, ContainerUser user,
                        int depth) {
  if (depth > kMaxDepth)
    return Error(
        ErrorCode::kUnsupported,
        fmt::format("cannot change the owner of {}: too many levels of folders", path.string()));
  struct stat seen {};
  if (::fstatat(parent, name, &seen, AT_SYMLINK_NOFOLLOW) != 0) return CannotChange(errno, path);
  if ((seen.st_uid != user.uid || seen.st_gid != user.gid) &&
      ::fchownat(parent, name, user.uid, user.gid, AT_SYMLINK_NOFOLLOW) != 0)
    return CannotChange(errno, path);
  if (!S_ISDIR(seen.st_mode)) return {};
  const int fd = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return CannotChange(errno, path);
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd), ::closedir);
  if (folder == nullptr) {
    const int error = errno;
    ::close(fd);
    return CannotChange(error, path);
  }
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    VLMHB_TRY(ChangeTree(fd, entry->d_name, depth < 8 ? path / child : path, user, depth + 1));
  }
  return {};
}

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

Result<void> ChangeOwner(const os::Path& path, ContainerUser user) {
  return ChangeTree(AT_FDCWD, path.c_str(), path, user, 0);
}

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
