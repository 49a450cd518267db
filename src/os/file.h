#pragma once
// Files, with the durability that the design promises: a published file is written whole
// (temporary name, fsync, rename, fsync of the folder). All functions are thread-safe and
// blocking; every error names the path.

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "os/fd.h"

namespace vlmhb::os {

using Path = std::filesystem::path;

// The whole file; kCorrupt if it is larger than `max_bytes`.
Result<std::string> ReadFile(const Path& path, size_t max_bytes = 256u << 20);

// For what a stage or plug-in has written: a link there could lead to any file of this machine, and
// a pipe would hang its reader. kCorrupt unless `path` itself is a plain file. Folders on the way
// are followed: they must be this process's own.
Result<Fd> OpenUntrusted(const Path& path);
Result<std::string> ReadUntrustedFile(const Path& path, size_t max_bytes);
// kCorrupt unless `path` itself is a plain file or a folder, and no link.
Result<void> CheckNoLink(const Path& path);

// Replaces `path` atomically: readers see the old file or the new one, never a mixture, also
// after a power cut.
Result<void> WriteFileAtomic(const Path& path, std::string_view bytes);

// The same for a file too large for memory: append to it, then Publish(). Not published (or
// destroyed before): the temporary file is removed and `path` is as it was. Not thread-safe.
class AtomicFile {
 public:
  static Result<AtomicFile> Create(const Path& path);
  AtomicFile(AtomicFile&&) = default;
  AtomicFile& operator=(AtomicFile&&) = default;
  ~AtomicFile();

  // Buffered.
  Result<void> Append(std::string_view bytes);
  // Flushes, syncs and renames. Call once, last.
  Result<void> Publish();

 private:
  AtomicFile(Path path, Path temporary, Fd fd);
  Result<void> Flush();

  Path path_;
  Path temporary_;
  Fd fd_;
  std::string buffer_;
};

// Writes all of `bytes` to `fd`, going on after short writes and EINTR. `what` names the target.
Result<void> WriteAll(int fd, std::string_view bytes, std::string_view what);

Result<Fd> OpenFile(const Path& path, int flags, int mode = 0644);
// Makes the entries of a folder durable after a create or rename in it.
Result<void> SyncFolder(const Path& folder);
// Creates `path` and its parents where missing.
Result<void> MakeFolders(const Path& path);

// An advisory lock (flock) on `path`, created if missing, kept until destruction. It goes away
// with the process, however that ends. kUnavailable if another process holds it; the holder's
// pid, which TryLock writes into the file, is in the message.
class FileLock {
 public:
  static Result<FileLock> TryLock(const Path& path);
  // Whether some process holds the lock now. Only asks: the file is not written or created.
  static bool IsHeld(const Path& path);

 private:
  explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

// A fresh folder under $TMPDIR or /tmp, removed with its content on destruction.
class TempFolder {
 public:
  // CHECK-fails if it cannot be made: for tests and short-lived tools.
  explicit TempFolder(std::string_view prefix = "vlmhb");
  // Under `parent`, for programs: a failure is an error.
  static Result<std::unique_ptr<TempFolder>> Create(const Path& parent, std::string_view prefix);
  ~TempFolder();
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;
  const Path& path() const { return path_; }

 private:
  explicit TempFolder(Path path) : path_(std::move(path)) {}
  Path path_;
};

// `relative` joined to `root`, refused (kInvalidConfig) if it is absolute, has a ".." that leaves
// `root`, or resolves through a symbolic link to somewhere outside of `root`. A path that does not
// exist is judged by its existing part.
Result<Path> JoinInside(const Path& root, std::string_view relative);

// Gives `path` and all that is beneath it to `user` and `group`; what is theirs already is not
// touched. Symbolic links are never followed, `path` itself included: links are given, not what
// they name, also where somebody swaps a folder for a link meanwhile. kCorrupt for folders nested
// deeper than 200. Needs the right to chown.
Result<void> GiveFolder(const Path& path, uid_t user, gid_t group);

// The running program's own file.
Path SelfExecutable();

}  // namespace vlmhb::os
