#pragma once
// Shows a plug-in to an environment: its program or its layer of packages, and the command with
// which it starts there.

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "os/file.h"
#include "packages/injector.h"

namespace vlmhb::orchestrator {

// Mounts a folder or file of this machine read-only under a name; how the stage sees it.
using MountReadOnly =
    std::function<Result<std::string>(const os::Path& host, const std::string& name)>;

// argv as the environment sees it. `command` is that of a resolved entry, `layer` its layer (null
// if it has none), `suffix` keeps the names of several plug-ins in one environment apart ("" for
// the only one). Editable packages have the same names in every layer, so there is one such plug-in
// in an environment at most.
Result<json::array> MountPlugin(const MountReadOnly& mount, const std::vector<std::string>& command,
                                const packages::Layer* layer, const std::string& suffix = "");

}  // namespace vlmhb::orchestrator
