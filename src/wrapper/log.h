#pragma once
// The wrapper's log file: what happened to its plug-ins, and what they wrote to standard error.

#include <string_view>

#include "base/result.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::wrapper {

// Not thread-safe. What cannot be written is dropped: a log never stops the work it describes.
class Log {
 public:
  // Appends to `path`; empty: writes nothing.
  static Result<Log> Open(const os::Path& path);

  // One line, with the time. Line breaks and other control characters are replaced.
  void Write(std::string_view line);

 private:
  os::Fd fd_;
  size_t left_ = 256u << 20;  // a plug-in that talks for ever must not fill the disk
};

}  // namespace vlmhb::wrapper
