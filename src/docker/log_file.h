#pragma once
// The log of a container's command. What was in the file before stays; what came from the engine
// can be written anew, because only an engine's whole log is known to be complete. Bounded.

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "os/fd.h"
#include "os/file.h"

namespace vlmhb::docker {

class LogFile {
 public:
  // `start`: what belongs to the command begins there; by default at the end of the file.
  static Result<std::shared_ptr<LogFile>> Open(const os::Path& path, std::optional<int64_t> start);
  LogFile(os::Fd fd, int64_t start) : fd_(std::move(fd)), start_(start) {}

  int64_t start() const { return start_; }
  // Of everything that came, in this stream and before it: it grows while there is progress.
  int64_t received() const { return received_; }
  void Rewind();
  // Beyond a limit nothing is written any more, but for a line that says so.
  void Append(std::string_view bytes);

 private:
  os::Fd fd_;
  int64_t start_;
  int64_t written_ = 0;
  int64_t received_ = 0;
};

}  // namespace vlmhb::docker
