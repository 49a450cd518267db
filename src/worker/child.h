#pragma once
// A plug-in's process and the two streams of its host. Both kinds of host are built on it: the API
// wrapper's, which is asynchronous (wrapper/plugin_host.h), and the blocking one (host.h).

#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "os/fd.h"
#include "os/process.h"

namespace vlmhb::worker {

struct ChildCommand {
  std::vector<std::string> argv;
  std::map<std::string, std::string> env;  // the whole of it
  int64_t memory_bytes = 0;                // most private memory of each of its processes; 0: any
};

struct Child {
  os::Process process;
  os::Fd stream;  // its standard input and output: one socket, since a write to a socket whose
                  // reader is gone can be an error without being a signal
  os::Fd errors;  // its standard error
};

// Errors of os::Spawn as they are.
Result<Child> StartChild(const ChildCommand& command);

}  // namespace vlmhb::worker
