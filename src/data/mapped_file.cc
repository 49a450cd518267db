#include "data/mapped_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace vlmhb::data {
namespace {

constexpr size_t kForgetBytes = 16u << 20;  // a multiple of any page size

}  // namespace

Result<MappedFile> MappedFile::Open(const os::Path& path) {
  VLMHB_ASSIGN(const os::Fd fd, os::OpenFile(path, O_RDONLY | O_NONBLOCK));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0)
    return ErrnoError(errno, fmt::format("cannot look at {}", path.string()));
  if (!S_ISREG(info.st_mode))
    return Error(ErrorCode::kInvalidConfig, fmt::format("{} is no plain file", path.string()));
  const auto size = static_cast<size_t>(info.st_size);
  if (size == 0) return MappedFile({});
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
  if (bytes == MAP_FAILED) return ErrnoError(errno, fmt::format("cannot map {}", path.string()));
  ::madvise(bytes, size, MADV_SEQUENTIAL);
  return MappedFile({static_cast<const char*>(bytes), size});
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : text_(std::exchange(other.text_, {})), forgotten_(other.forgotten_) {}

MappedFile::~MappedFile() {
  if (!text_.empty()) ::munmap(const_cast<char*>(text_.data()), text_.size());
}

void MappedFile::Forget(size_t offset) {
  if (offset < forgotten_) forgotten_ = offset / kForgetBytes * kForgetBytes;  // another pass
  while (forgotten_ + kForgetBytes <= offset) {
    ::madvise(const_cast<char*>(text_.data()) + forgotten_, kForgetBytes, MADV_DONTNEED);
    forgotten_ += kForgetBytes;
  }
}

void MappedFile::ForgetAll() {
  if (!text_.empty()) ::madvise(const_cast<char*>(text_.data()), text_.size(), MADV_DONTNEED);
}

}  // namespace vlmhb::data
