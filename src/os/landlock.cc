#include "os/landlock.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace vlmhb::os {
namespace {

// As in linux/landlock.h, which may be older than the kernel. Values are the kernel's interface.
constexpr uint64_t kWriteFile = 1u << 1;
constexpr uint64_t kRemoveAndMake = 0x1ff0;  // REMOVE_DIR (bit 4) to MAKE_SYM (bit 12)
constexpr uint64_t kRefer = 1u << 13;        // version 2: rename and link between folders
constexpr uint64_t kTruncate = 1u << 14;     // version 3
constexpr uint32_t kAskVersion = 1u << 0;
constexpr int kPathBeneath = 1;

struct RulesetAttributes {
  uint64_t handled_access_fs;
};
struct __attribute__((packed)) PathBeneathAttributes {
  uint64_t allowed_access;
  int32_t parent_fd;
};

int Version() {
  const long version = ::syscall(__NR_landlock_create_ruleset, nullptr, 0, kAskVersion);
  return version < 0 ? 0 : static_cast<int>(version);
}

uint64_t Handled(int version) {
  uint64_t rights = kWriteFile | kRemoveAndMake;
  if (version >= 2) rights |= kRefer;
  if (version >= 3) rights |= kTruncate;
  return rights;
}

Result<void> Allow(int ruleset, const Path& path, uint64_t rights) {
  const Fd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place.valid() && (errno == ENOENT || errno == EACCES)) return {};
  if (!place.valid()) return ErrnoError(errno, "cannot open " + path.string());
  const Fd inside(::openat(place.get(), ".", O_PATH | O_CLOEXEC));
  if (!inside.valid()) rights &= kWriteFile | kTruncate;
  const PathBeneathAttributes rule{rights, place.get()};
  if (::syscall(__NR_landlock_add_rule, ruleset, kPathBeneath, &rule, 0) != 0)
    return ErrnoError(errno, "cannot allow writing beneath " + path.string());
  return {};
}

}  // namespace

Result<int> RestrictWrites(const std::vector<Path>& writable) {
  const int version = Version();
  if (version == 0) return 0;
  const RulesetAttributes attributes{Handled(version)};
  const Fd ruleset(
      static_cast<int>(::syscall(__NR_landlock_create_ruleset, &attributes, sizeof attributes, 0)));
  if (!ruleset.valid()) return ErrnoError(errno, "cannot make a Landlock ruleset");
  for (const Path& path : writable)
    VLMHB_TRY(Allow(ruleset.get(), path, attributes.handled_access_fs));
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return ErrnoError(errno, "cannot set no_new_privs");
  if (::syscall(__NR_landlock_restrict_self, ruleset.get(), 0) != 0)
    return ErrnoError(errno, "cannot confine this process with Landlock");
  return version;
}

}  // namespace vlmhb::os
