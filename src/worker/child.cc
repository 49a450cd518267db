#include "worker/child.h"

#include <sys/socket.h>

namespace vlmhb::worker {

Result<Child> StartChild(const ChildCommand& command) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return ErrnoError(errno, "cannot make a socket pair");
  Child child;
  child.stream = os::Fd(ends[0]);
  const os::Fd theirs(ends[1]);
  VLMHB_ASSIGN(os::Pipe errors, os::MakePipe());
  os::SpawnOptions options{
      .argv = command.argv, .env = command.env, .memory_bytes = command.memory_bytes};
  options.fds = {{0, theirs.get()}, {1, theirs.get()}, {2, errors.write.get()}};
  VLMHB_ASSIGN(child.process, os::Spawn(options));
  child.errors = std::move(errors.read);
  return child;
}

}  // namespace vlmhb::worker
