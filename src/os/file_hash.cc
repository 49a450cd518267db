#include "os/file_hash.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>

#include "base/hash.h"

namespace vlmhb::os {

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

}  // namespace vlmhb::os
