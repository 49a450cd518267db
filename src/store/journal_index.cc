#include "store/journal_index.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace vlmhb::store {
namespace {

constexpr size_t kEntryBytes = sizeof(uint64_t);

}  // namespace

JournalIndex::JournalIndex(os::Path path, os::Fd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

Result<JournalIndex> JournalIndex::Create(const os::Path& path) {
  VLMHB_ASSIGN(os::Fd fd, os::OpenFile(path, O_RDWR | O_CREAT | O_TRUNC));
  return JournalIndex(path, std::move(fd));
}

Result<void> JournalIndex::Set(uint64_t id, uint64_t offset) {
  if (id > kMaxId)
    return Error(ErrorCode::kCorrupt, fmt::format("id {} is above the limit of {}", id, kMaxId));
  const ssize_t n = ::pwrite(fd_.get(), &offset, kEntryBytes, static_cast<off_t>(id * kEntryBytes));
  if (n != static_cast<ssize_t>(kEntryBytes))
    return ErrnoError(n < 0 ? errno : ENOSPC, fmt::format("cannot write {}", path_.string()));
  return {};
}

Result<uint64_t> JournalIndex::Get(uint64_t id) const {
  if (id > kMaxId) return 0;
  uint64_t offset = 0;
  const ssize_t n = ::pread(fd_.get(), &offset, kEntryBytes, static_cast<off_t>(id * kEntryBytes));
  if (n < 0) return ErrnoError(errno, fmt::format("cannot read {}", path_.string()));
  return n == static_cast<ssize_t>(kEntryBytes) ? offset : 0;
}

Result<bool> JournalIndex::Contains(uint64_t id) const {
  VLMHB_ASSIGN(const uint64_t offset, Get(id));
  return offset != 0;
}

Result<void> JournalIndex::Visit(
    const std::function<Result<void>(uint64_t, uint64_t)>& visitor) const {
  std::array<uint64_t, 8192> chunk;
  for (uint64_t first = 0;; first += chunk.size()) {
    // A few ids far apart make a file of holes; to read those would take as long as real entries. A
    // file system that cannot tell its holes fails with something else than ENXIO.
    const off_t data = ::lseek(fd_.get(), static_cast<off_t>(first * kEntryBytes), SEEK_DATA);
    if (data < 0 && errno == ENXIO) return {};
    if (data > 0) first = static_cast<uint64_t>(data) / kEntryBytes;
    const ssize_t n =
        ::pread(fd_.get(), chunk.data(), sizeof chunk, static_cast<off_t>(first * kEntryBytes));
    if (n < 0) return ErrnoError(errno, fmt::format("cannot read {}", path_.string()));
    const size_t entries = static_cast<size_t>(n) / kEntryBytes;
    for (size_t i = 0; i < entries; ++i)
      if (chunk[i] != 0) VLMHB_TRY(visitor(first + i, chunk[i]));
    if (entries < chunk.size()) return {};
  }
}

}  // namespace vlmhb::store
