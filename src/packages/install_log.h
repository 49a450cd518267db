#pragma once
// What an installer says: written by it below a stage's output, read when it failed.

#include <string>
#include <vector>

#include "os/file.h"

namespace vlmhb::packages {

inline constexpr const char* kInstallerLog = "installer.log";  // in the output of the stage
inline constexpr size_t kMaxLog = 1u << 20;                    // bytes; the end is what matters

// The last `max_bytes` of a file that a stranger has written (os::OpenUntrusted).
Result<std::string> ReadTail(const os::Path& file, size_t max_bytes);

// Makes `place` what `logs` say, one after the other, without secrets; false if they say nothing.
bool KeepLogs(const std::vector<os::Path>& logs, const os::Path& place);

}  // namespace vlmhb::packages
