#pragma once
// The Python package vlmhyperbench, which this program brings along for plug-ins.

#include "base/result.h"
#include "orchestrator/workspace.h"

namespace vlmhb::cli {

// A folder of the workspace's cache with its wheel, written there if it is not.
Result<os::Path> OwnWheels(const orchestrator::Workspace& workspace);

}  // namespace vlmhb::cli
