#pragma once
// A file as text in memory, read by the kernel page by page as it is looked at.

#include <string_view>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::data {

// Movable. Reading is thread-safe, Forget is not. The file must not shrink meanwhile: looking at
// what is gone kills the process (SIGBUS), as with any mapping; an import runs in a process of its
// own.
class MappedFile {
 public:
  // kNotFound, kPermission, ... of opening; kInvalidConfig if it is no plain file.
  static Result<MappedFile> Open(const os::Path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  ~MappedFile();

  std::string_view text() const { return text_; }
  // Tells that what is before `offset` is not needed soon, so that a pass over a huge file does not
  // fill the process's memory. It stays readable.
  void Forget(size_t offset);
  void ForgetAll();

 private:
  explicit MappedFile(std::string_view text) : text_(text) {}
  std::string_view text_;
  size_t forgotten_ = 0;
};

}  // namespace vlmhb::data
