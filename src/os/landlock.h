#pragma once
// Landlock: a process takes rights to the file system away from itself and its future children, for
// good and without privileges.

#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::os {

// From here on this thread and all that it starts may read and execute what they could before, but
// write, create, remove, truncate and rename only beneath the folders `writable`; those that do not
// exist are left out. Call before other threads are started. Returns the kernel's Landlock version,
// or 0, having done nothing, where the kernel has none. Further calls can only take more away.
// Also sets no_new_privs.
Result<int> RestrictWrites(const std::vector<Path>& writable);

}  // namespace vlmhb::os
