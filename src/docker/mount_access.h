#pragma once
// Who may use what is mounted into a container. The container's user is another one than this
// process where that is root, so output folders change hands for the time of a command, and inputs
// must be readable. Links are never followed: their targets are not part of a mount. Blocking;
// thread-safe as long as nobody else changes the tree.

#include <sys/types.h>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::docker {

struct ContainerUser {
  uid_t uid = 0;
  gid_t gid = 0;
};

// Gives `path` and all below it to `user`. kPermission, kIo; kUnsupported for a tree of more than
// 1000 levels.
Result<void> ChangeOwner(const os::Path& path, ContainerUser user);

// kPermission, naming the first file or folder that `user` cannot read and what to do. Looks at
// the first 20,000 entries only; entries with an access control list are taken for readable.
Result<void> CheckReadable(const os::Path& path, ContainerUser user);

}  // namespace vlmhb::docker
