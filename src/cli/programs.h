#pragma once
// Where programs that belong to vlmhb are: itself, and the plug-ins built with it.

#include <optional>
#include <string>

#include "os/file.h"

namespace vlmhb::cli {

using os::Path;

// The folder of the running vlmhb.
Path ProgramFolder();

// A plug-in by its bare name: beside vlmhb, then in workers/ beside it.
std::optional<Path> FindPlugin(const std::string& name);

}  // namespace vlmhb::cli
