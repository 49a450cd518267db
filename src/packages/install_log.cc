#include "packages/install_log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "packages/pip.h"

namespace vlmhb::packages {

Result<std::string> ReadTail(const os::Path& file, size_t max_bytes) {
  VLMHB_ASSIGN(const os::Fd fd, os::OpenUntrusted(file));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError(errno, "cannot look at " + file.string());
  const off_t begin = std::max<off_t>(0, info.st_size - static_cast<off_t>(max_bytes));
  std::string tail(static_cast<size_t>(info.st_size - begin), '\0');
  size_t size = 0;
  while (size < tail.size()) {
    const ssize_t n =
        ::pread(fd.get(), tail.data() + size, tail.size() - size, begin + static_cast<off_t>(size));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, "cannot read " + file.string());
    if (n == 0) break;
    size += static_cast<size_t>(n);
  }
  tail.resize(size);
  // A cut URL could begin with its secret.
  if (begin > 0) tail.erase(0, std::min(tail.find('\n'), tail.size()));
  return tail;
}

bool KeepLogs(const std::vector<os::Path>& logs, const os::Path& place) {
  std::string all;
  for (const os::Path& log : logs)
    if (const auto tail = ReadTail(log, kMaxLog); tail.ok()) all += *tail;
  return !all.empty() && os::WriteFileAtomic(place, WithoutCredentials(all)).ok();
}

}  // namespace vlmhb::packages
