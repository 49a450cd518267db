#include "os/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace vlmhb::os {
namespace {

constexpr size_t kBufferBytes = 256u << 10;
constexpr int kDeepestFolder = 200;  // one descriptor is open for each

Error FailedOn(std::string_view verb, const Path& path) {
  return ErrnoError(errno, fmt::format("cannot {} {}", verb, path.string()));
}

bool IsInside(const Path& root, const Path& path) {
  const auto [root_end, path_at] =
      std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  return root_end == root.end();
}

using Folder = std::unique_ptr<DIR, decltype([](DIR* folder) { ::closedir(folder); })>;

// Entry `name` of `folder`, which is `path`, and all beneath it.
Result<void> Give(int folder, const char* name, const Path& path, uid_t user, gid_t group,
                  int depth) {
  struct stat info {};
  if (::fstatat(folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT && depth > 0) return {};  // gone since it was listed
    return FailedOn("look at", path);
  }
  if ((info.st_uid != user || info.st_gid != group) &&
      ::fchownat(folder, name, user, group, AT_SYMLINK_NOFOLLOW) != 0)
    return FailedOn("change the owner of", path);
  if (!S_ISDIR(info.st_mode)) return {};
  if (depth >= kDeepestFolder)
    return Error(ErrorCode::kCorrupt,
                 fmt::format("{} is nested too deeply to change its owner", path.string()));
  Fd inside(::openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  const Folder entries(inside.valid() ? ::fdopendir(inside.get()) : nullptr);
  if (entries == nullptr) return FailedOn("open folder", path);
  const int number = inside.Release();  // it belongs to `entries` now
  while (const dirent* entry = ::readdir(entries.get())) {
    const std::string_view child = entry->d_name;
    if (child == "." || child == "..") continue;
    VLMHB_TRY(Give(number, entry->d_name, path / child, user, group, depth + 1));
  }
  return {};
}

Error NotPlain(const Path& path) {
  return Error(
      ErrorCode::kCorrupt,
      fmt::format("{} is no plain file: a link or a device was put in its place", path.string()));
}

Result<std::string> ReadAll(const Fd& fd, const Path& path, size_t max_bytes) {
  std::string bytes;
  struct stat info {};
  if (::fstat(fd.get(), &info) == 0 && info.st_size > 0)
    bytes.reserve(std::min<size_t>(static_cast<size_t>(info.st_size), max_bytes) + 1);
  std::string chunk(kBufferBytes, '\0');
  while (true) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailedOn("read", path);
    if (n == 0) return bytes;
    bytes.append(chunk, 0, static_cast<size_t>(n));
    if (bytes.size() > max_bytes)
      return Error(ErrorCode::kCorrupt,
                   fmt::format("{} is larger than {} bytes", path.string(), max_bytes));
  }
}

}  // namespace

Result<std::string> ReadFile(const Path& path, size_t max_bytes) {
  VLMHB_ASSIGN(const Fd fd, OpenFile(path, O_RDONLY));
  return ReadAll(fd, path, max_bytes);
}

Result<Fd> OpenUntrusted(const Path& path) {
  Result<Fd> fd = OpenFile(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  struct stat info {};
  if (!fd.ok() && ::lstat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return NotPlain(path);
  if (fd.ok() && (::fstat(fd->get(), &info) != 0 || !S_ISREG(info.st_mode))) return NotPlain(path);
  return fd;
}

Result<std::string> ReadUntrustedFile(const Path& path, size_t max_bytes) {
  VLMHB_ASSIGN(const Fd fd, OpenUntrusted(path));
  return ReadAll(fd, path, max_bytes);
}

Result<void> CheckNoLink(const Path& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0)
    return ErrnoError(errno, fmt::format("cannot look at {}", path.string()));
  if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) return NotPlain(path);
  return {};
}

Result<void> WriteFileAtomic(const Path& path, std::string_view bytes) {
  VLMHB_ASSIGN(AtomicFile file, AtomicFile::Create(path));
  VLMHB_TRY(file.Append(bytes));
  return file.Publish();
}

AtomicFile::AtomicFile(Path path, Path temporary, Fd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

Result<AtomicFile> AtomicFile::Create(const Path& path) {
  const Path temporary = path.string() + fmt::format(".{}.tmp", ::getpid());
  VLMHB_ASSIGN(Fd fd, OpenFile(temporary, O_WRONLY | O_CREAT | O_TRUNC));
  return AtomicFile(path, temporary, std::move(fd));
}

AtomicFile::~AtomicFile() {
  if (fd_.valid()) ::unlink(temporary_.c_str());
}

Result<void> AtomicFile::Append(std::string_view bytes) {
  buffer_ += bytes;
  return buffer_.size() >= kBufferBytes ? Flush() : Result<void>();
}

Result<void> AtomicFile::Flush() {
  VLMHB_TRY(WriteAll(fd_.get(), buffer_, temporary_.string()));
  buffer_.clear();
  return {};
}

Result<void> AtomicFile::Publish() {
  VLMHB_TRY(Flush());
  if (::fsync(fd_.get()) != 0) return FailedOn("sync", temporary_);
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) return FailedOn("publish", path_);
  fd_.Reset();
  return SyncFolder(path_.parent_path());
}

Result<void> WriteAll(int fd, std::string_view bytes, std::string_view what) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError(errno, fmt::format("cannot write {}", what));
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return {};
}

Result<Fd> OpenFile(const Path& path, int flags, int mode) {
  while (true) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd >= 0) return Fd(fd);
    if (errno != EINTR) return FailedOn("open", path);
  }
}

Result<void> SyncFolder(const Path& folder) {
  VLMHB_ASSIGN(const Fd fd, OpenFile(folder.empty() ? Path(".") : folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return FailedOn("sync", folder);
  return {};
}

Result<void> MakeFolders(const Path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error)
    return ErrnoError(error.value(), fmt::format("cannot create folder {}", path.string()));
  return {};
}

Result<FileLock> FileLock::TryLock(const Path& path) {
  VLMHB_ASSIGN(Fd fd, OpenFile(path, O_RDWR | O_CREAT));
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FailedOn("lock", path);
    char holder[32] = {};
    if (::pread(fd.get(), holder, sizeof holder - 1, 0) <= 0) holder[0] = '\0';
    return Error(ErrorCode::kUnavailable,
                 fmt::format("{} is locked by another process{}{}", path.string(),
                             holder[0] == '\0' ? "" : ", pid ", holder));
  }
  const std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0)
    return FailedOn("write", path);
  return FileLock(std::move(fd));
}

bool FileLock::IsHeld(const Path& path) {
  const Result<Fd> fd = OpenFile(path, O_RDONLY);
  return fd.ok() && ::flock(fd->get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

TempFolder::TempFolder(std::string_view prefix) {
  const char* base = std::getenv("TMPDIR");
  std::string pattern =
      fmt::format("{}/{}.XXXXXX", base == nullptr || *base == '\0' ? "/tmp" : base, prefix);
  CHECK(::mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
  path_ = pattern;
}

Result<std::unique_ptr<TempFolder>> TempFolder::Create(const Path& parent,
                                                       std::string_view prefix) {
  std::string pattern = fmt::format("{}/{}.XXXXXX", parent.string(), prefix);
  if (::mkdtemp(pattern.data()) == nullptr) return FailedOn("create a folder in", parent);
  return std::unique_ptr<TempFolder>(new TempFolder(Path(pattern)));
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Result<Path> JoinInside(const Path& root, std::string_view relative) {
  const Path wanted(relative);
  const auto refuse = [&] {
    return Error(ErrorCode::kInvalidConfig,
                 fmt::format("path '{}' leads outside of {}", relative, root.string()));
  };
  if (wanted.is_absolute()) return refuse();
  std::error_code error;
  const Path real_root = std::filesystem::weakly_canonical(root, error);
  if (error) return ErrnoError(error.value(), fmt::format("cannot resolve {}", root.string()));
  const Path joined = std::filesystem::weakly_canonical(real_root / wanted, error);
  if (error) return ErrnoError(error.value(), fmt::format("cannot resolve '{}'", relative));
  if (!IsInside(real_root, joined)) return refuse();
  return joined;
}

Result<void> GiveFolder(const Path& path, uid_t user, gid_t group) {
  return Give(AT_FDCWD, path.c_str(), path, user, group, 0);
}

Path SelfExecutable() {
  std::error_code error;
  const Path path = std::filesystem::read_symlink("/proc/self/exe", error);
  CHECK(!error, "/proc/self/exe can be read");
  return path;
}

}  // namespace vlmhb::os
