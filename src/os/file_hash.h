#pragma once
// The SHA-256 of a file's content, streamed: memory does not grow with the file.

#include <string>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::os {

// 64 lower-case hexadecimal digits.
Result<std::string> Sha256OfFile(const Path& path);

}  // namespace vlmhb::os
