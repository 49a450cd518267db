#pragma once
// The SHA-256 of a file's content, streamed (memory does not grow with the file), and a stamp that
// tells cheaply whether it may have changed since.

#include <sys/stat.h>

#include <cstdint>
#include <string>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::os {

// 64 lower-case hexadecimal digits.
Result<std::string> Sha256OfFile(const Path& path);

// Differs, in all likelihood, once a file's content differs. A change within the same tick of the
// file system's clock as `ctime_ns` may go unnoticed.
struct FileStamp {
  uint64_t size = 0;
  int64_t mtime_ns = 0;
  int64_t ctime_ns = 0;
  uint64_t inode = 0;

  std::string ToString() const;
};

FileStamp StampOf(const struct stat& info);
Result<FileStamp> StampOf(const Path& path);

}  // namespace vlmhb::os
