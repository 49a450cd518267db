#pragma once
// <run>/<stage>.handle.json: which environment a stage was given, journaled before anything is made
// there and removed after all of it is gone. What the environment itself keeps is found by its
// labels; this file says where to look when the next run uses another kind of environment.

#include <string>
#include <vector>

#include "base/result.h"
#include "os/file.h"

namespace vlmhb::orchestrator {

using os::Path;

struct Handle {
  std::string environment;  // env::Capabilities::name
  std::string id;           // of the environment
  std::string identity;     // of the stage
  std::string started_at;
  std::vector<std::string> gpus;  // that it was given
};

Result<void> WriteHandle(const Path& file, const Handle& handle);
void RemoveHandle(const Path& file);

struct FoundHandle {
  Path file;
  Handle handle;
};
// Every handle beneath `experiment` (Workspace::Experiment); damaged ones are left out.
std::vector<FoundHandle> FindHandles(const Path& experiment);

}  // namespace vlmhb::orchestrator
