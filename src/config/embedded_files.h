#pragma once
// The files of this module that are compiled into the program (CMakeLists.txt).

#include <string_view>

namespace vlmhb::config {

// REQUIRES: `name` is embedded.
std::string_view EmbeddedFile(std::string_view name);

}  // namespace vlmhb::config
