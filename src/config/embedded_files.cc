#include "config/embedded_files.h"

#include <algorithm>

#include "base/check.h"
#include "base/embedded.h"

namespace vlmhb::embedded {
std::span<const File> ConfigFiles();
}

namespace vlmhb::config {

std::string_view EmbeddedFile(std::string_view name) {
  const auto files = embedded::ConfigFiles();
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& f) { return f.name == name; });
  CHECK(found != files.end(), "the file is in src/config/CMakeLists.txt");
  return found->content;
}

}  // namespace vlmhb::config
