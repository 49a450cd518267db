#include "os/file_hash.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/hash.h"

namespace vlmhb::os {
namespace {

int64_t Nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

Result<std::string> Sha256OfFile(const Path& path) {
  VLMHB_ASSIGN(const Fd fd, OpenFile(path, O_RDONLY));
  Sha256 hash;
  std::string chunk(256u << 10, '\0');
  while (true) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, fmt::format("cannot read {}", path.string()));
    if (n == 0) return hash.HexDigest();
    hash.Update(std::string_view(chunk).substr(0, static_cast<size_t>(n)));
  }
}

std::string FileStamp::ToString() const {
  return fmt::format("{} {} {} {}", size, mtime_ns, ctime_ns, inode);
}

FileStamp StampOf(const struct stat& info) {
  return {.size = static_cast<uint64_t>(info.st_size),
          .mtime_ns = Nanoseconds(info.st_mtim),
          .ctime_ns = Nanoseconds(info.st_ctim),
          .inode = info.st_ino};
}

Result<FileStamp> StampOf(const Path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0)
    return ErrnoError(errno, fmt::format("cannot look at {}", path.string()));
  return StampOf(info);
}

}  // namespace vlmhb::os
