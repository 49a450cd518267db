#pragma once
// Finds a data set's images below its root and refuses every path that leads out of it, by ".." or
// by symbolic links. Fast enough to be asked once per row of a million: where the kernel can
// confine the look-up itself (openat2, Linux 5.6) that is a few microseconds. Thread-safe once
// opened.

#include <string_view>

#include "base/result.h"
#include "os/fd.h"
#include "os/file.h"
#include "os/file_hash.h"

namespace vlmhb::data {

struct ImageFile {
  os::Path path;  // absolute
  os::FileStamp stamp;
};

class ImageFolder {
 public:
  static Result<ImageFolder> Open(const os::Path& root);

  // kNotFound: there is no such file (or it is a folder); kInvalidConfig: the path is empty,
  // absolute or leads outside of the root.
  Result<ImageFile> Find(std::string_view relative) const;

  const os::Path& root() const { return root_; }

 private:
  ImageFolder(os::Path root, os::Fd fd) : root_(std::move(root)), fd_(std::move(fd)) {}

  os::Path root_;  // canonical
  os::Fd fd_;
};

}  // namespace vlmhb::data
