#pragma once
// The images/ folder of an imported dataset: each content once, named by it. Memory is bounded. Not
// thread-safe.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "data/image_folder.h"
#include "os/file.h"

namespace vlmhb::data {

class ImageStore {
 public:
  // Images go to `output`/images, which is created with the first of them.
  explicit ImageStore(os::Path output) : output_(std::move(output)) {}

  // The path relative to `output`: "images/" + 32 hexadecimal digits of the SHA-256 + the extension
  // of the kind. Errors are those of the output.
  Result<std::string> Put(std::string_view bytes);
  // The same for a file of the source, kCorrupt if it has more than kMaxImageFileBytes.
  Result<std::string> Copy(const ImageFile& file);

  // Makes all images durable at once: one sync of their file system instead of one for each.
  Result<void> Sync() const;

  // Files that were written.
  uint64_t stored() const { return stored_; }

 private:
  Result<void> MakeFolder();

  os::Path output_;
  bool has_folder_ = false;
  uint64_t stored_ = 0;
  std::unordered_map<std::string, std::string> copied_;  // path and stamp -> name; bounded
};

// A larger image is an attack or a mistake.
inline constexpr size_t kMaxImageFileBytes = 256u << 20;

}  // namespace vlmhb::data
