#pragma once
// A filter of system calls for sandboxes and stages: what no model server, script or metric needs,
// and what the kernel would have to be trusted with.

#include <string>

#include "base/result.h"

namespace vlmhb::os {

// The filter as a program of the kernel's (struct sock_filter[]), for one architecture: this one;
// calls by another one's numbers (32-bit programs) kill the process.
//
// Refused with EPERM: mounting, namespaces, the kernel itself (modules, kexec, reboot, clock, swap,
// accounting, quota, kernel log, keys), bpf, perf, userfaultfd, io_uring, fanotify, opening files
// by handle, sockets that ignore network namespaces (vsock) or drive kernel ciphers (AF_ALG),
// typing into the terminal. clone3 is refused with ENOSYS, since its flags cannot be looked at; C
// libraries then use clone. Calls that reach only the sandbox's own processes (ptrace, pidfd_getfd,
// process_vm_readv: GPU libraries share memory by them) are allowed; namespaces bound them.
//
// kInternal if the library cannot make it.
Result<std::string> SandboxSyscallFilter();

// Puts this process, all its threads and what it will start under that filter, for good; they can
// gain no privileges any more. False where the kernel has no such filters.
Result<bool> FilterSyscalls();

}  // namespace vlmhb::os
