#pragma once
// Which code a plug-in runs.

#include <optional>
#include <string>

#include "base/result.h"
#include "env/env_manager.h"
#include "packages/injector.h"
#include "registry/entry.h"

namespace vlmhb::orchestrator {

// What a plug-in runs in.
struct PluginPlace {
  env::Image image;
  const packages::Layer* layer = nullptr;
};

// The file that is a plug-in's own program: of a Python one its script; nullopt if it is a module
// of its packages. REQUIRES: a resolved entry of a plug-in.
std::optional<std::string> PluginFile(const registry::PluginEntry& entry);

// The digest of all that decides what `entry` runs: image, layer, program, arguments, kind. Errors
// of reading the program.
Result<std::string> CodeDigest(const registry::PluginEntry& entry, const PluginPlace& place);

}  // namespace vlmhb::orchestrator
