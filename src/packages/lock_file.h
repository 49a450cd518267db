#pragma once
// Reading and writing lock files (lock.h).

#include "os/file.h"
#include "packages/lock.h"

namespace vlmhb::packages {

// kCorrupt, naming the file and what to do, if it is damaged.
Result<LockFile> ReadLockFile(const os::Path& file);
// Atomically.
Result<void> WriteLockFile(const os::Path& file, const LockFile& locks);

// One lock in a file of its own, for the cache.
Result<Lock> ReadLock(const os::Path& file);
Result<void> WriteLock(const os::Path& file, const Lock& lock);

Result<Interpreter> ReadInterpreter(const os::Path& file);
Result<void> WriteInterpreter(const os::Path& file, const Interpreter& interpreter);

}  // namespace vlmhb::packages
