#include "docker/log_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace vlmhb::docker {
namespace {

constexpr int64_t kMaxLogBytes = int64_t{256} << 20;

}  // namespace

Result<std::shared_ptr<LogFile>> LogFile::Open(const os::Path& path, std::optional<int64_t> start) {
  VLMHB_ASSIGN(os::Fd fd, os::OpenFile(path, O_WRONLY | O_CREAT | O_APPEND));
  const int64_t size = ::lseek(fd.get(), 0, SEEK_END);
  return std::make_shared<LogFile>(std::move(fd), start.value_or(std::max<int64_t>(size, 0)));
}

void LogFile::Rewind() {
  if (::ftruncate(fd_.get(), start_) == 0) written_ = 0;
}

void LogFile::Append(std::string_view bytes) {
  received_ += static_cast<int64_t>(bytes.size());
  if (written_ >= kMaxLogBytes) return;
  written_ += static_cast<int64_t>(bytes.size());
  // A full disk stops a stage where it loses answers, not here.
  (void)os::WriteAll(fd_.get(), bytes, "a log");
  if (written_ >= kMaxLogBytes)
    (void)os::WriteAll(fd_.get(), "\n[vlmhb: the log is too long; the rest is left out]\n",
                       "a log");
}

}  // namespace vlmhb::docker
