#pragma once
// Whether what is mounted can be used: the container's user is another one than this process where
// that is root, and inputs must be readable by it. (Output folders change hands: os::GiveFolder.)
// Links are not followed: their targets are not part of a mount. Blocking; thread-safe.

#include <sys/types.h>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::docker {

struct ContainerUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

// kPermission, naming the first file or folder that `user` cannot read and what to do. Looks at
// the first 20,000 entries only; entries with an access control list are taken for readable.
Result<void> CheckReadable(const os::Path& path, ContainerUser user);

}  // namespace vlmhb::docker
